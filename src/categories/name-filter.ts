/**
 * Says of most names that no list holds them, at the price of one cache line for the whole walk: the last two labels
 * of a name choose a block of 64 bytes, the whole name chooses a bit of it. A host and all its parents therefore share
 * a block. A set bit proves nothing (the records decide), a clear one proves absence.
 */

import { hashFinish, hashStep } from './host-hash.ts';

export const FILTER_BLOCK = 64;
const NAMES_PER_BLOCK = 96;
const DOT = 46;

export function filterBitsFor(names: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, names) / NAMES_PER_BLOCK)));
}

/** Byte offset of the block that the hash of the last two labels (or of the one there is) chooses. */
export function filterBlock(hashOfTail: number, filterBits: number): number {
  return (hashOfTail >>> (32 - filterBits)) * FILTER_BLOCK;
}

/** Bit within a block, 0–511. */
export function filterBit(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 23;
}

export function setFilterBit(filter: Uint8Array, block: number, hash: number): void {
  const bit = filterBit(hash);
  filter[block + (bit >> 3)] = (filter[block + (bit >> 3)] as number) | (1 << (bit & 7));
}

/** Hash of the last two labels of `names[from, to)`. */
export function tailHash(seed: number, names: Uint8Array, from: number, to: number): number {
  let state = seed;
  let dots = 0;
  for (let p = to - 1; p >= from; p -= 1) {
    if (names[p] === DOT && ++dots === 2) break;
    state = hashStep(state, names[p] as number);
  }
  return hashFinish(state);
}

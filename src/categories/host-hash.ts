/**
 * The hash that says in which bucket of the index a name would stand: FNV-1a from the last character to the first, so
 * that one pass over a host gives the hash of each of its parent names, finished as MurmurHash3 is. It decides where
 * to look and nothing else; the name itself is compared.
 */

const PRIME = 0x01000193;

export function hashStep(state: number, code: number): number {
  return Math.imul(state ^ code, PRIME);
}

export function hashFinish(state: number): number {
  let h = state ^ (state >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function hashBytes(seed: number, names: Uint8Array, from: number, to: number): number {
  let state = seed;
  for (let p = to - 1; p >= from; p -= 1) state = hashStep(state, names[p] as number);
  return hashFinish(state);
}

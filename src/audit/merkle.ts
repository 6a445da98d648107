/**
 * The RFC 6962 Merkle tree (section 2.1), grown one leaf at a time. Only the roots of the complete subtrees on the right
 * edge are held, so a tree of any size takes a few hundred bytes.
 */

import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** SHA-256. As Latin-1, since a Buffer that Node makes itself for so few bytes costs twice what the hashing does. */
function digestOf(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** MTH of the empty tree: the hash of nothing. */
export const EMPTY_ROOT: Buffer = digestOf(Buffer.alloc(0));

/** SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const end = 1 + entry.length;
  const prefixed = end <= leaf.length ? leaf : Buffer.alloc(end);
  prefixed.set(entry, 1);
  return digestOf(prefixed.subarray(0, end));
}

/** Scratch for entries with their prefix, which is nought: hashing is synchronous, so nobody sees it between two calls. */
const leaf = Buffer.alloc(16 * 1024);

/**
 * `leafHash` of a view that `decodeBundle` gave, without copying it: the byte before it (of its length prefix, read
 * already) becomes the 0x00. Destroys that prefix, so for readers that are done with the bundle's bytes.
 */
export function leafHashInBundle(entry: Buffer): Buffer {
  const prefixed = Buffer.from(entry.buffer, entry.byteOffset - 1, entry.length + 1);
  prefixed[0] = 0;
  return digestOf(prefixed);
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES);
pair[0] = 1;

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // One scratch buffer: hashing is synchronous, so nobody sees it between two calls.
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return digestOf(pair);
}

/** Told of every hash that belongs to a tile: `level` is the tile level, so 1 for roots of 256 leaves. */
export type TileHashSink = (level: number, of: Buffer) => void;

/** The right edge of a growing tree. */
export class Frontier {
  /** At i the root of a complete subtree of 2^i leaves, or null; exactly the ones bits of `size`. */
  readonly #peaks: (Buffer | null)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds one leaf hash. */
  append(leaf: Buffer, sink?: TileHashSink): void {
    sink?.(0, leaf);
    this.#carry(leaf, 0, sink);
    this.#size += 1;
  }

  /** Adds the root of a complete subtree of 2^`height` leaves; `size` must be a multiple of that. */
  appendSubtree(root: Buffer, height: number, sink?: TileHashSink): void {
    if (height % 8 === 0) sink?.(height / 8, root);
    this.#carry(root, height, sink);
    this.#size += 2 ** height;
  }

  root(): Buffer {
    let out: Buffer | null = null;
    for (const peak of this.#peaks) {
      if (peak !== null) out = out === null ? peak : nodeHash(peak, out);
    }
    return out ?? EMPTY_ROOT;
  }

  clone(): Frontier {
    const copy = new Frontier();
    copy.#peaks.push(...this.#peaks);
    copy.#size = this.#size;
    return copy;
  }

  #carry(of: Buffer, from: number, sink: TileHashSink | undefined): void {
    let height = from;
    let up = of;
    for (;;) {
      const left = this.#peaks[height] ?? null;
      if (left === null) break;
      up = nodeHash(left, up);
      this.#peaks[height] = null;
      height += 1;
      if (height % 8 === 0) sink?.(height / 8, up);
    }
    while (this.#peaks.length <= height) this.#peaks.push(null);
    this.#peaks[height] = up;
  }
}

/** Root of the tree over these hashes, as RFC 6962 defines it; for one tile or less. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  const frontier = new Frontier();
  for (const of of hashes) frontier.append(of);
  return frontier.root();
}

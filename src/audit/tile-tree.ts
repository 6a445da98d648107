/** Hashes of the tree by subtree, from tiles: what proofs, exports and retention are made of. */

import type { Files } from '../store/files.ts';
import { nodeHash, rootOf } from './merkle.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { readTile } from './verify-tiles.ts';

export class NoProof extends Error {
  readonly code = 'NO_PROOF';
}

/** Hashes of the tree of `size` leaves, by subtree, from tiles; pruned parts come from the tiles above. */
export class TileTree {
  readonly #dir: string;
  readonly #files: Files;
  readonly #tiles = new Map<string, readonly Buffer[] | null>();

  constructor(dir: string, files: Files) {
    this.#dir = dir;
    this.#files = files;
  }

  /** MTH(D[start:end]); `start` is a multiple of the largest power of two below the length, as in every proof. */
  range(start: number, end: number): Buffer {
    const length = end - start;
    const whole = this.#stored(start, length);
    if (whole !== null) return whole;
    if (length === 1) throw new NoProof(`the hash of entry ${start} is not kept; it was pruned or is missing`);
    const left = largestPowerBelow(length);
    return nodeHash(this.range(start, start + left), this.range(start + left, end));
  }

  /** A complete subtree of 2^k leaves stands in tiles: its own hash, or those that it is made of. */
  #stored(start: number, length: number): Buffer | null {
    const height = Math.log2(length);
    if (!Number.isInteger(height) || start % length !== 0) return null;
    const level = Math.floor(height / 8);
    const span = TILE_WIDTH ** level;
    const index = Math.floor(start / (span * TILE_WIDTH));
    const first = (start / span) % TILE_WIDTH;
    const hashes = this.#tile(level, index)?.slice(first, first + length / span);
    return hashes?.length === length / span ? rootOf(hashes) : null;
  }

  #tile(level: number, index: number): readonly Buffer[] | null {
    const key = `${level}/${index}`;
    let tile = this.#tiles.get(key);
    if (tile === undefined) {
      tile = readTile(this.#dir, { level, index, width: null }, this.#files);
      this.#tiles.set(key, tile);
    }
    return tile;
  }
}

/** The largest power of two below `n`, which is at least 2: where RFC 6962 splits a tree. */
export function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

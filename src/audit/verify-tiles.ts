/** Tiles of hashes: reading them, and checking that each upper one is the hash of those below. */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { HASH_BYTES, rootOf } from './merkle.ts';
import { edgeIndex, edgeWidth, partialsPath, TILE_WIDTH, tilePath } from './tile-path.ts';
import type { Fault } from './verify-bundle.ts';

/** Hashes of a tile, at least `width` of them (any number for null), or null when they are not there. */
export function readTile(
  dir: string,
  of: { readonly level: number; readonly index: number; readonly width: number | null },
  files: Files,
): Buffer[] | null {
  const full = readIfThere(join(dir, tilePath({ ...of, width: TILE_WIDTH })), files);
  const bytes = full ?? widestPartial(dir, of, files);
  if (bytes === null || bytes.length % HASH_BYTES !== 0) return null;
  const width = of.width ?? bytes.length / HASH_BYTES;
  if (bytes.length < width * HASH_BYTES) return null;
  const hashes: Buffer[] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < width; i += 1) hashes.push(view.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  return hashes;
}

function widestPartial(
  dir: string,
  of: { readonly level: number; readonly index: number; readonly width: number | null },
  files: Files,
): Uint8Array | null {
  const folder = join(dir, partialsPath(of));
  if (of.width !== null && of.width < TILE_WIDTH) {
    const exact = readIfThere(join(folder, String(of.width)), files);
    if (exact !== null) return exact;
  }
  const widths = files.list(folder).map(Number);
  return widths.length === 0 ? null : readIfThere(join(folder, String(Math.max(...widths))), files);
}

/** Every tile of level 1 and above holds the roots of the tiles below it, for a log of `size`. */
export function verifyUpperTiles(dir: string, size: number, files: Files): Fault | null {
  for (let level = 1; size >= TILE_WIDTH ** level; level += 1) {
    const last = edgeIndex(size, level);
    const width = edgeWidth(size, level);
    for (let index = 0; index <= last; index += 1) {
      const wanted = index === last ? width : TILE_WIDTH;
      const fault = wanted === 0 ? null : oneTile(dir, { level, index, width: wanted }, files);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function oneTile(
  dir: string,
  of: { readonly level: number; readonly index: number; readonly width: number },
  files: Files,
): Fault | null {
  const span = TILE_WIDTH ** of.level;
  const first = of.index * span * TILE_WIDTH;
  const file = tilePath(of);
  const hashes = readTile(dir, of, files);
  if (hashes === null) return { seq: first, kind: 'missing', why: 'a tile of hashes is missing or harmed', file };
  for (const [i, hash] of hashes.entries()) {
    const below = readTile(dir, { level: of.level - 1, index: of.index * TILE_WIDTH + i, width: TILE_WIDTH }, files);
    // Pruned below: this hash itself went into the signed root.
    if (below === null) continue;
    if (rootOf(below).equals(hash)) continue;
    return { seq: first + i * span, kind: 'altered', why: 'a tile of hashes does not match the tile below it', file };
  }
  return null;
}

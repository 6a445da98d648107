/** The right edge of the tree as it was at some size, read back from tiles. */

import type { Files } from '../store/files.ts';
import type { Edge } from './journal.ts';
import { readBundle } from './read.ts';
import { edgeIndex, edgeWidth, TILE_WIDTH } from './tile-path.ts';
import { readTile } from './verify-tiles.ts';

/** Null when the tiles, or the entries of the last bundle, are not there. `size` is at most that of the published checkpoint. */
export function edgeAt(dir: string, size: number, files: Files): Edge | null {
  const levels: Buffer[][] = [];
  for (let level = 0; level === 0 || TILE_WIDTH ** level <= size; level += 1) {
    const width = edgeWidth(size, level);
    const tile = width === 0 ? [] : readTile(dir, { level, index: edgeIndex(size, level), width }, files);
    if (tile === null) return null;
    levels.push(tile);
  }
  const width = edgeWidth(size, 0);
  const entries = width === 0 ? [] : (readBundle(dir, edgeIndex(size, 0), size, files) ?? []).slice(0, width);
  return entries.length === width ? { size, levels, entries } : null;
}

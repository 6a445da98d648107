/**
 * Partial tiles and bundles of earlier checkpoints, which readers may still hold on to: each must be the beginning of
 * what has been verified since. Those that are ahead of the published checkpoint are left to the journal.
 */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { decodeBundle } from './entry-bundle.ts';
import { HASH_BYTES } from './merkle.ts';
import { edgeWidth, TILE_WIDTH } from './tile-path.ts';
import type { Fault } from './verify-bundle.ts';

interface Place {
  readonly dir: string;
  readonly files: Files;
  /** Size of the published checkpoint. */
  readonly size: number;
  readonly level: number | 'entries';
}

export function verifyPartials(dir: string, size: number, files: Files): Fault | null {
  for (const name of files.list(join(dir, 'tile'))) {
    const level = name === 'entries' ? name : Number(name);
    if (level !== 'entries' && !Number.isInteger(level)) continue;
    const fault = inFolder({ dir, files, size, level }, `tile/${name}`, 0);
    if (fault !== null) return fault;
  }
  return null;
}

/** Tile indices are spelt in path elements of three digits, all but the last with an `x`. */
function inFolder(at: Place, folder: string, above: number): Fault | null {
  for (const name of at.files.list(join(at.dir, folder))) {
    const index = above * 1000 + Number.parseInt(name.replace('x', ''), 10);
    if (/^x[0-9]{3}$/.test(name)) {
      const fault = inFolder(at, `${folder}/${name}`, index);
      if (fault !== null) return fault;
    }
    if (/^[0-9]{3}\.p$/.test(name)) {
      const fault = partialsOf(at, `${folder}/${name}`, index);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function partialsOf(at: Place, folder: string, index: number): Fault | null {
  const { dir, files, size, level } = at;
  const span = level === 'entries' ? 1 : TILE_WIDTH ** level;
  const first = index * TILE_WIDTH * span;
  const complete = first + TILE_WIDTH * span <= size;
  const width = complete ? TILE_WIDTH : edgeWidth(size, level === 'entries' ? 0 : level);
  const verified = readIfThere(join(dir, complete ? folder.slice(0, -2) : join(folder, String(width))), files);
  // Sealed or pruned by now, or not begun under this checkpoint: there is nothing to compare with.
  if (verified === null || first >= size) return null;
  for (const name of files.list(join(dir, folder))) {
    const own = Number(name);
    if (!Number.isInteger(own) || own >= width || isBeginning(files.read(join(dir, folder, name)), verified, at, own))
      continue;
    const why = 'an earlier partial tile is not the beginning of the one that was verified';
    return { seq: first, kind: 'altered', why, file: `${folder}/${name}` };
  }
  return null;
}

function isBeginning(bytes: Uint8Array, verified: Uint8Array, { level }: Place, width: number): boolean {
  if (Buffer.compare(verified.subarray(0, bytes.length), bytes) !== 0) return false;
  if (level !== 'entries') return bytes.length === width * HASH_BYTES;
  return decodeBundle(Buffer.from(bytes))?.length === width;
}

/**
 * Retention by whole segments of 65,536 entries: first their bundles are compressed into one sealed file, later that file
 * goes, together with the tiles of level 0 that no kept checkpoint stands in. Tiles of level 1 and above stay for ever
 * (8 KB a segment), so the tree, its proofs for what is kept, and every checkpoint go on verifying.
 *
 * Order of effects: the sealed file is durable and read back before a bundle goes; the `log.pruned` event is published and
 * pointed at before anything of the pruned range goes. A crash in between leaves too much, never too little.
 */

import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { readIfThere, writeDurable } from '../store/durable-file.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { encodeBundle } from './entry-bundle.ts';
import { EntryAltered, readBundle } from './read.ts';
import { BLOCK_BUNDLES, readSealed, SEALED_BUNDLES, SEALED_FOLDER, sealedPath } from './sealed-segment.ts';
import { TILE_WIDTH, tilePath } from './tile-path.ts';
import { KEPT_FOLDER } from './tile-writer.ts';

const compress = promisify(zstdCompress);

/** Entries in a segment. */
export const SEGMENT_ENTRIES = SEALED_BUNDLES * TILE_WIDTH;

export interface Retained {
  readonly dir: string;
  /** Size of the published checkpoint. */
  readonly size: number;
  readonly files?: Files;
}

/** Whole segments under the checkpoint whose last entry is older than `before` (epoch ms), from the first on. */
export function agedSegments({ dir, size, files = nodeFiles }: Retained, before: number, from = 0): number {
  const whole = Math.floor(size / SEGMENT_ENTRIES);
  let segment = from;
  while (segment < whole) {
    const time = lastTime(dir, segment, size, files);
    if (time === null || time >= before) break;
    segment += 1;
  }
  return segment;
}

/** Seals the segments `from` up to but not including `to`; says how many it sealed. */
export async function sealSegments(log: Retained, from: number, to: number): Promise<number> {
  const { dir, files = nodeFiles } = log;
  let sealed = 0;
  for (let segment = from; segment < to; segment += 1) {
    if (!files.exists(join(dir, sealedPath(segment)))) {
      await writeSealed(log, segment);
      sealed += 1;
    }
    await removeBundles(dir, segment, files);
  }
  return sealed;
}

/**
 * Removes the segments before `first` (a multiple of `SEGMENT_ENTRIES`); their removal must be on record by now. The hashes round
 * a size of `sizes` stay, as those round a kept checkpoint do: a mirror that has come so far can go on from there.
 */
export async function removeSegments(
  { dir, files = nodeFiles }: Retained,
  first: number,
  sizes: readonly number[] = [],
): Promise<void> {
  const keptAt = innerBundles([...keptSizes(dir, files), ...sizes]);
  for (let segment = 0; segment * SEGMENT_ENTRIES < first; segment += 1) {
    const path = join(dir, sealedPath(segment));
    if (files.exists(path)) await files.remove(path);
    // What a crash, or a segment that was never sealed, left.
    const begin = segment * SEALED_BUNDLES;
    if (!files.exists(join(dir, tilePath({ level: 0, index: begin + 1, width: TILE_WIDTH })))) continue;
    for (let index = begin; index < begin + SEALED_BUNDLES; index += 1) {
      await removeIfThere(join(dir, tilePath({ level: 'entries', index, width: TILE_WIDTH })), files);
      if (!keptAt.has(index)) await removeIfThere(join(dir, tilePath({ level: 0, index, width: TILE_WIDTH })), files);
    }
  }
}

async function writeSealed({ dir, size, files = nodeFiles }: Retained, segment: number): Promise<void> {
  const blocks: Buffer[] = [];
  for (let first = 0; first < SEALED_BUNDLES; first += BLOCK_BUNDLES) {
    const bundles: Buffer[] = [];
    for (let i = 0; i < BLOCK_BUNDLES; i += 1) {
      const entries = readBundle(dir, segment * SEALED_BUNDLES + first + i, size, files);
      if (entries?.length !== TILE_WIDTH) throw new Error(`segment ${segment} is not whole; see \`audit verify\``);
      bundles.push(encodeBundle(entries));
    }
    const block = await compress(Buffer.concat(bundles));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    blocks.push(length, block);
  }
  await files.makeDirectory(join(dir, SEALED_FOLDER));
  await writeDurable(join(dir, sealedPath(segment)), Buffer.concat(blocks), files);
}

/** Only what can be read back from the sealed file, byte for byte, goes. */
async function removeBundles(dir: string, segment: number, files: Files): Promise<void> {
  for (let i = 0; i < SEALED_BUNDLES; i += 1) {
    const index = segment * SEALED_BUNDLES + i;
    const path = join(dir, tilePath({ level: 'entries', index, width: TILE_WIDTH }));
    const bundle = readIfThere(path, files);
    if (bundle === null) continue;
    const sealed = readSealed(dir, index, files);
    if (sealed === null || Buffer.compare(encodeBundle(sealed), bundle) !== 0) {
      throw new Error(`sealed segment ${segment} does not hold what its bundles hold; see \`audit verify\``);
    }
    await files.remove(path);
  }
}

function lastTime(dir: string, segment: number, size: number, files: Files): number | null {
  const last = readBundle(dir, (segment + 1) * SEALED_BUNDLES - 1, size, files)?.at(-1);
  if (last === undefined) return null;
  try {
    const time = Date.parse((JSON.parse(last.toString('utf8')) as { time?: string }).time ?? '');
    return Number.isNaN(time) ? null : time;
  } catch {
    throw new EntryAltered(dir, (segment + 1) * SEGMENT_ENTRIES - 1);
  }
}

function keptSizes(dir: string, files: Files): number[] {
  return files.list(join(dir, KEPT_FOLDER)).map((name) => Number.parseInt(name, 10));
}

/** Bundles in the middle of which a tree of one of these sizes ends: its root needs their hashes. */
function innerBundles(sizes: readonly number[]): ReadonlySet<number> {
  return new Set(sizes.filter((size) => size % TILE_WIDTH !== 0).map((size) => Math.floor(size / TILE_WIDTH)));
}

async function removeIfThere(path: string, files: Files): Promise<void> {
  if (files.exists(path)) await files.remove(path);
}

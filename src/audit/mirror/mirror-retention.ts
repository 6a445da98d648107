/**
 * Retention of a mirror. Its entries go by whole segments, as those of a log do, and only what its node has pruned itself: the
 * node's own `log.pruned` event stands under the tree and says why they are missing. Nor is the node alone believed: a segment
 * stays until it has been here for the whole time, by the clock of this machine.
 */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, writeDurable } from '../../store/durable-file.ts';
import { type Files, isMissing } from '../../store/files.ts';
import { latestPruning, writePruning } from '../pruning.ts';
import { publishedCheckpoint } from '../recover.ts';
import { agedSegments, removeSegments, SEGMENT_ENTRIES, sealSegments } from '../retention.ts';
import { TILE_WIDTH, tilePath } from '../tile-path.ts';

export interface MirrorRetained {
  /** Segments whose last entry is older are compressed; epoch ms. */
  readonly sealBefore: number;
  /** Segments that were whole here before this may go; epoch ms. */
  readonly removeBefore: number;
}

interface Pruning {
  /** Of the `log.pruned` event. */
  readonly seq: number;
  readonly firstKept: number;
}

const PRUNINGS_FILE = 'prunings';
/** More than a node prunes in the time that anything is kept. */
const MOST = 4096;

/** Remembers a `log.pruned` event of the node, before the checkpoint that it stands under. */
export async function notePruning(dir: string, { seq, firstKept }: Pruning, files: Files): Promise<void> {
  const known = prunings(dir, files).filter((one) => one.seq < seq);
  const lines = [...known, { seq, firstKept }].slice(-MOST).map((one) => `${one.seq} ${one.firstKept}\n`);
  await writeDurable(join(dir, PRUNINGS_FILE), lines.join(''), files);
}

/** Says how many segments it sealed and how many entries it removed. */
export async function retainMirror(
  dir: string,
  { sealBefore, removeBefore }: MirrorRetained,
  files: Files,
): Promise<{ readonly sealed: number; readonly removed: number }> {
  const size = publishedCheckpoint(dir, files)?.size ?? 0;
  const log = { dir, size, files };
  const kept = latestPruning(dir, files)?.first_kept ?? 0;
  const from = kept / SEGMENT_ENTRIES;
  const sealed = await sealSegments(log, from, agedSegments(log, sealBefore, from));
  const here = arrivedBefore(dir, removeBefore, from) * SEGMENT_ENTRIES;
  const pruning = prunings(dir, files).findLast((one) => one.seq < size && one.firstKept <= here);
  if (pruning === undefined || pruning.firstKept <= kept) return { sealed, removed: 0 };
  await writePruning(dir, pruning.seq, files);
  await removeSegments(log, pruning.firstKept);
  return { sealed, removed: pruning.firstKept - kept };
}

/** Whole segments that were here before `before`: the tile over each was written when its last entry came. */
function arrivedBefore(dir: string, before: number, from: number): number {
  for (let segment = from; ; segment += 1) {
    const at = modified(join(dir, tilePath({ level: 1, index: segment, width: TILE_WIDTH })));
    if (at === null || at >= before) return segment;
  }
}

function modified(path: string): number | null {
  try {
    return statSync(path).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function prunings(dir: string, files: Files): Pruning[] {
  const bytes = readIfThere(join(dir, PRUNINGS_FILE), files);
  if (bytes === null) return [];
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const parts = /^([0-9]+) ([0-9]+)$/.exec(line);
      return parts === null ? [] : [{ seq: Number(parts[1]), firstKept: Number(parts[2]) }];
    });
}

/**
 * What the journal says about the log: the one path by which a log is opened, after a crash or not.
 *
 * A torn tail (the last frame of the last segment, cut by a crash) was never acknowledged and is dropped. Anything
 * else that does not fit is damage to acknowledged entries: then the log is not opened, because going on would
 * replace signed history. INVARIANT: recovery never signs a tree that omits an entry under an earlier checkpoint.
 */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { type Batch, decodeFrame, type Edge, hasFrameAfter, parseSegmentName, tornLength } from './journal.ts';
import { edgeIndex, TILE_WIDTH, tilePath } from './tile-path.ts';
import { type TileFile, Tree } from './tree.ts';

export class LogDamaged extends Error {
  readonly code = 'LOG_DAMAGED';
  constructor(dir: string, what: string) {
    super(
      `the log in \`${dir}\` is damaged: ${what}; look with \`audit verify\`, then restore a backup or move it away`,
    );
  }
}

export interface Recovered {
  readonly tree: Tree;
  /** Note of the last batch; null when the journal holds none. */
  readonly note: string | null;
  /** Full tiles that the journal's entries fill; written again, since a crash may have lost them. */
  readonly full: readonly TileFile[];
  /** Entries that no published checkpoint covered. */
  readonly unpublished: number;
  /** Bytes of the torn tail. */
  readonly tornBytes: number;
  /** Segments that were read, to be removed once a new one stands. */
  readonly segments: readonly string[];
  readonly published: SignedCheckpoint | null;
}

interface Progress {
  readonly published: SignedCheckpoint | null;
  tree: Tree | null;
  note: string | null;
  full: TileFile[];
  tornBytes: number;
}

export const JOURNAL_FOLDER = 'journal';
export const CHECKPOINT_FILE = 'checkpoint';

/** Reads the journal of the log in `dir`. Throws `LogDamaged`. */
export function recoverLog(dir: string, files: Files): Recovered {
  const published = publishedCheckpoint(dir, files);
  const segments = files.list(join(dir, JOURNAL_FOLDER)).filter((name) => parseSegmentName(name) !== null);
  const progress: Progress = { published, tree: null, note: null, full: [], tornBytes: 0 };
  for (const [i, name] of segments.entries()) {
    const bytes = Buffer.from(files.read(join(dir, JOURNAL_FOLDER, name)));
    readSegment({ dir, files, bytes }, progress, i === segments.length - 1);
  }
  if (progress.tree === null && published !== null && published.size > 0) {
    throw new LogDamaged(dir, 'there is a checkpoint but no journal');
  }
  const tree = progress.tree ?? new Tree();
  if (published !== null && published.size > tree.size) {
    throw new LogDamaged(dir, `its checkpoint covers ${published.size} entries but the journal ends at ${tree.size}`);
  }
  const unpublished = tree.size - (published?.size ?? 0);
  const { note, full, tornBytes } = progress;
  return { tree, note, full, unpublished, tornBytes, segments, published };
}

/** The published checkpoint, or null before the first. An unreadable one is damage. */
export function publishedCheckpoint(dir: string, files: Files): SignedCheckpoint | null {
  const bytes = readIfThere(join(dir, CHECKPOINT_FILE), files);
  if (bytes === null) return null;
  const parsed = parseCheckpoint(bytes);
  if (!parsed.ok) throw new LogDamaged(dir, `its checkpoint cannot be read (${parsed.error})`);
  return parsed.value;
}

function readSegment(
  { dir, files, bytes }: { readonly dir: string; readonly files: Files; readonly bytes: Buffer },
  progress: Progress,
  last: boolean,
): void {
  let at = 0;
  while (at < bytes.length) {
    const next = decodeFrame(bytes, at);
    if (next === null) {
      stopAt(dir, bytes, at, { progress, last });
      return;
    }
    if (next.frame.kind === 'head') startAt(dir, next.frame.edge, progress, files);
    else addBatch(dir, next.frame.batch, progress);
    at = next.end;
  }
}

/** A frame that cannot be read: torn by a crash, or by a failed write that a later segment repeats. */
function stopAt(
  dir: string,
  bytes: Buffer,
  at: number,
  { progress, last }: { progress: Progress; last: boolean },
): void {
  if (hasFrameAfter(bytes, at))
    throw new LogDamaged(dir, `its journal is altered after entry ${progress.tree?.size ?? 0}`);
  if (last) progress.tornBytes = tornLength(bytes, at);
}

function startAt(dir: string, edge: Edge, progress: Progress, files: Files): void {
  if (progress.tree !== null) {
    if (edge.size > progress.tree.size) throw lacking(dir, progress.tree.size, edge.size);
    return;
  }
  const reached = progress.published?.size ?? 0;
  // A copy that was made while the log was written may hold a checkpoint from before its journal; then its tiles are newer.
  if (!hasBundles(dir, reached, edge.size, files)) throw lacking(dir, reached, edge.size);
  progress.tree = Tree.from(edge);
  agree(dir, progress.tree, progress.published);
}

function lacking(dir: string, from: number, to: number): LogDamaged {
  return new LogDamaged(dir, `entries ${from} to ${to - 1} are missing from its journal`);
}

/** Are all bundles that are full between two sizes there, and their hashes? Those of the last one stand in the edge. */
function hasBundles(dir: string, from: number, to: number, files: Files): boolean {
  for (let index = edgeIndex(from, 0); index < edgeIndex(to, 0); index += 1) {
    for (const level of ['entries', 0] as const) {
      if (!files.exists(join(dir, tilePath({ level, index, width: TILE_WIDTH })))) return false;
    }
  }
  return true;
}

function addBatch(dir: string, batch: Batch, progress: Progress): void {
  const tree = progress.tree;
  if (tree === null) throw new LogDamaged(dir, 'a journal segment has no head');
  const end = batch.first + batch.entries.length;
  // A batch whose first write was reported as failed, but was done, stands in two segments, word for word.
  if (end <= tree.size) return;
  if (batch.first !== tree.size)
    throw new LogDamaged(dir, `its journal skips from entry ${tree.size} to ${batch.first}`);
  for (const entry of batch.entries) tree.append(Buffer.from(entry), progress.full);
  const signed = parseCheckpoint(batch.note);
  if (!signed.ok || signed.value.size !== end || !signed.value.root.equals(tree.root())) {
    throw new LogDamaged(dir, `entries ${batch.first} to ${end - 1} do not match their signed checkpoint`);
  }
  agree(dir, tree, progress.published);
  progress.note = batch.note;
}

/** The published checkpoint is one of those that the journal comes by, or begins at. */
function agree(dir: string, tree: Tree, published: SignedCheckpoint | null): void {
  if (published?.size === tree.size && !published.root.equals(tree.root())) {
    throw new LogDamaged(dir, 'its checkpoint does not match its journal');
  }
}

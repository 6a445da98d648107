/** The journal beyond the published checkpoint: each batch carries a signed checkpoint of its own. */

import { join } from 'node:path';
import { readIfThere } from '../store/durable-file.ts';
import type { Files } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { type Batch, decodeFrame, type Edge, hasFrameAfter, parseSegmentName, tornLength } from './journal.ts';
import { type Frontier, leafHash } from './merkle.ts';
import { JOURNAL_FOLDER } from './recover.ts';
import type { Fault } from './verify-bundle.ts';

/** A segment of the journal as it was read. */
export interface Segment {
  readonly file: string;
  readonly bytes: Buffer;
}

export interface JournalCheck {
  readonly segments: readonly Segment[];
  /** The tree under the published checkpoint; grown by what the journal adds. */
  readonly frontier: Frontier;
  /** Checks a signature and counts it. */
  readonly check: (checkpoint: SignedCheckpoint) => Fault | null;
}

export interface JournalReport {
  readonly fault: Fault | null;
  readonly journalled: number;
  readonly tornBytes: number;
}

/**
 * The journal as it stands. To be read before the checkpoint: what a log that is being written publishes and trims in between
 * is then in both, and not in neither.
 */
export function readJournal(dir: string, files: Files): readonly Segment[] {
  const segments: Segment[] = [];
  for (const name of files.list(join(dir, JOURNAL_FOLDER))) {
    const file = join(JOURNAL_FOLDER, name);
    const bytes = parseSegmentName(name) === null ? null : readIfThere(join(dir, file), files);
    if (bytes !== null) segments.push({ file, bytes: Buffer.from(bytes) });
  }
  return segments;
}

export function verifyJournal(of: JournalCheck): JournalReport {
  const start = of.frontier.size;
  let tornBytes = 0;
  let headed = start === 0;
  for (const { file, bytes } of of.segments) {
    const segment = verifySegment(of, file, bytes);
    if (segment.fault !== null) return { fault: segment.fault, journalled: of.frontier.size - start, tornBytes: 0 };
    // Only the last one counts: an earlier tail was written again to a later segment.
    tornBytes = segment.tornBytes;
    headed ||= segment.headed;
  }
  const last = of.segments.at(-1);
  // No crash leaves a log without one: the segment before it goes only when its head is on disk.
  const harmed = last !== undefined && !headed ? fault(start, 'altered', last.file) : null;
  return { fault: harmed, journalled: of.frontier.size - start, tornBytes: harmed === null ? tornBytes : 0 };
}

interface SegmentReport {
  readonly fault: Fault | null;
  readonly tornBytes: number;
  /** Does it begin with a head that can be read? */
  readonly headed: boolean;
}

function verifySegment(of: JournalCheck, file: string, bytes: Buffer): SegmentReport {
  let headed = false;
  for (let at = 0; at < bytes.length; ) {
    const next = decodeFrame(bytes, at);
    if (next === null) {
      const damaged = hasFrameAfter(bytes, at) ? fault(of.frontier.size, 'altered', file) : null;
      return { fault: damaged, tornBytes: tornLength(bytes, at), headed };
    }
    const bad =
      next.frame.kind === 'batch' ? addBatch(of, next.frame.batch, file) : gapBefore(of, next.frame.edge, file);
    if (bad !== null) return { fault: bad, tornBytes: 0, headed };
    headed ||= next.frame.kind === 'head';
    at = next.end;
  }
  return { fault: null, tornBytes: 0, headed };
}

/** Every segment begins where the checkpoint, or the segment before it, has come to. */
function gapBefore({ frontier }: JournalCheck, edge: Edge, file: string): Fault | null {
  return edge.size > frontier.size ? fault(frontier.size, 'missing', file) : null;
}

function addBatch(of: JournalCheck, batch: Batch, file: string): Fault | null {
  const size = of.frontier.size;
  const end = batch.first + batch.entries.length;
  if (end <= size) return null;
  if (batch.first > size) return fault(size, 'missing', file);
  // The published checkpoint may stand in the middle of what the journal holds.
  for (const entry of batch.entries.slice(size - batch.first)) of.frontier.append(leafHash(entry));
  const signed = parseCheckpoint(batch.note);
  if (!signed.ok || signed.value.size !== end) return fault(size, 'altered', file);
  if (!signed.value.root.equals(of.frontier.root())) return fault(size, 'forked', file);
  const bad = of.check(signed.value);
  return bad === null ? null : { ...bad, seq: size, file };
}

const WHY = {
  altered: 'the journal is altered here',
  missing: 'the journal lacks entries from here',
  forked: 'the journal is not the continuation of the checkpoint',
} as const;

function fault(seq: number, kind: keyof typeof WHY, file: string): Fault {
  return { seq, kind, why: WHY[kind], file };
}

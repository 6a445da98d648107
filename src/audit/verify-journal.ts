/** The journal beyond the published checkpoint: each batch carries a signed checkpoint of its own. */

import { join } from 'node:path';
import type { Files } from '../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { type Batch, decodeFrame, hasFrameAfter, parseSegmentName, tornLength } from './journal.ts';
import { type Frontier, leafHash } from './merkle.ts';
import { JOURNAL_FOLDER } from './recover.ts';
import type { Fault } from './verify-bundle.ts';

export interface JournalCheck {
  readonly dir: string;
  readonly files: Files;
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

export function verifyJournal(of: JournalCheck): JournalReport {
  const start = of.frontier.size;
  let tornBytes = 0;
  for (const name of of.files.list(join(of.dir, JOURNAL_FOLDER))) {
    if (parseSegmentName(name) === null) continue;
    const segment = verifySegment(of, join(JOURNAL_FOLDER, name));
    if (segment.fault !== null) return { fault: segment.fault, journalled: of.frontier.size - start, tornBytes: 0 };
    // Only the last one counts: an earlier tail was written again to a later segment.
    tornBytes = segment.tornBytes;
  }
  return { fault: null, journalled: of.frontier.size - start, tornBytes };
}

function verifySegment(of: JournalCheck, file: string): { readonly fault: Fault | null; readonly tornBytes: number } {
  const bytes = Buffer.from(of.files.read(join(of.dir, file)));
  for (let at = 0; at < bytes.length; ) {
    const next = decodeFrame(bytes, at);
    if (next === null) {
      const damaged = hasFrameAfter(bytes, at);
      return { fault: damaged ? fault(of.frontier.size, 'altered', file) : null, tornBytes: tornLength(bytes, at) };
    }
    const bad = next.frame.kind === 'batch' ? addBatch(of, next.frame.batch, file) : null;
    if (bad !== null) return { fault: bad, tornBytes: 0 };
    at = next.end;
  }
  return { fault: null, tornBytes: 0 };
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

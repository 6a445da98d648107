/** The record as the admin door serves it: what is live, what was, and the proofs of it. */

import { setImmediate } from 'node:timers/promises';
import type { RecordDesk } from '../admin/ports.ts';
import { parseCheckpoint } from '../audit/checkpoint.ts';
import { percentile } from '../audit/level-figures.ts';
import type { AuditLog } from '../audit/log.ts';
import { inclusionProof, NoProof } from '../audit/proof.ts';
import { openQueryIndex } from '../audit/query.ts';
import { readEntries } from '../audit/read.ts';
import type { RecordFigures } from '../telemetry/service-levels.ts';

/** Entries that one turn puts into the index: a few milliseconds. */
const TURN = 256;

export interface ServedRecord extends RecordDesk {
  /** What the service levels are made of, from `since` (epoch ms) to now. */
  figures(since: number): Promise<RecordFigures>;
  close(): void;
}

/** `indexPath`: where the query index is kept; it may be deleted while the appliance stands. */
export function recordDesk(log: AuditLog, indexPath: string): ServedRecord {
  const index = openQueryIndex(log.dir, indexPath);
  const upToNow = async () => {
    const to = log.head.size;
    while (index.catchUp(to, TURN) > 0) await setImmediate();
  };
  return {
    close: () => index.close(),
    sink: log,
    subscribe: (listener) => log.subscribe(listener),
    entriesAfter: async (after, limit) =>
      [...readEntries(log.dir, after + 1, Math.min(log.head.size, after + 1 + limit))].map(({ seq, bytes }) => ({
        seq,
        text: bytes.toString('utf8'),
      })),
    query: async (by) => {
      await upToNow();
      return index.query(by).map(({ seq, event }) => ({ seq, event: { ...event } }));
    },
    figures: async (since) => {
      await upToNow();
      return { sums: index.figures(since), percentile };
    },
    checkpoint: () => checkpointOf(log.head.note),
    proof: async (seq) => proofOf(log, seq),
  };
}

function checkpointOf(note: string | null): { note: string; size: number; root: string } | null {
  if (note === null) return null;
  const parsed = parseCheckpoint(note);
  if (!parsed.ok) throw new Error('the log signed a checkpoint that does not parse');
  return { note, size: parsed.value.size, root: Buffer.from(parsed.value.root).toString('base64') };
}

async function proofOf(log: AuditLog, seq: number): ReturnType<RecordDesk['proof']> {
  if (seq >= log.head.size) return null;
  await log.publish();
  try {
    const found = inclusionProof(log.dir, seq);
    return { ...found, proof: [...found.proof] };
  } catch (error) {
    if (error instanceof NoProof) return null;
    throw error;
  }
}

/** The record as the admin door serves it: what is live, what was, and the proofs of it. */

import type { InputOf } from '../admin/contract.ts';
import type { RecordDesk } from '../admin/ports.ts';
import { parseCheckpoint } from '../audit/checkpoint.ts';
import type { AuditLog } from '../audit/log.ts';
import { inclusionProof, NoProof } from '../audit/proof.ts';
import { readEntries } from '../audit/read.ts';
import type { AuditEvent } from '../core/event.ts';

type Query = InputOf<'auditQuery'>['query'];

export function recordDesk(log: AuditLog): RecordDesk {
  return {
    sink: log,
    subscribe: (listener) => log.subscribe(listener),
    entriesAfter: async (after, limit) =>
      [...readEntries(log.dir, after + 1, Math.min(log.head.size, after + 1 + limit))].map(({ seq, bytes }) => ({
        seq,
        text: bytes.toString('utf8'),
      })),
    query: async (by) => newest(log, by),
    checkpoint: () => checkpointOf(log.head.note),
    proof: async (seq) => proofOf(log, seq),
  };
}

function newest(log: AuditLog, by: Query): { seq: number; event: Record<string, unknown> }[] {
  const found: { seq: number; event: Record<string, unknown> }[] = [];
  for (const { seq, bytes } of readEntries(
    log.dir,
    0,
    Math.min(log.head.size, by.before ?? Number.POSITIVE_INFINITY),
  )) {
    const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
    if (!fits(event, by)) continue;
    found.push({ seq, event: { ...event } });
    if (found.length > by.limit) found.shift();
  }
  return found.reverse();
}

function fits(event: AuditEvent, by: Query): boolean {
  const at = Date.parse(event.time);
  const decision = event.type === 'decision' ? event : null;
  return (
    (by.type ?? event.type) === event.type &&
    (by.tenant ?? event.tenant) === event.tenant &&
    (by.task ?? event.task) === event.task &&
    (by.since ?? at) <= at &&
    (by.until ?? at) >= at &&
    (by.host === undefined || decision?.input.host === by.host) &&
    (by.effect === undefined || decision?.effect === by.effect) &&
    (by.reason === undefined || decision?.reason === by.reason)
  );
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

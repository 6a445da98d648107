/** The record as the admin door serves it: what is live, what was, and the proofs of it. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { RecordDesk } from '../../admin/ports.ts';
import type { RecordedEntry } from '../../admin/recorded-entry.ts';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import { type ExportFormat, exportLine } from '../../audit/export.ts';
import { exportProofLine } from '../../audit/export-proof.ts';
import { type Figures, percentile } from '../../audit/level-figures.ts';
import type { AuditLog } from '../../audit/log.ts';
import { shippedSizes } from '../../audit/mirror/ship-cursor.ts';
import { inclusionProof } from '../../audit/proof.ts';
import { firstKept } from '../../audit/pruning.ts';
import { IndexRemade, openQueryIndex } from '../../audit/query.ts';
import { readCheckedEntries, readEntries } from '../../audit/read.ts';
import { openEvent } from '../../audit/sealed-fields.ts';
import { NoProof } from '../../audit/tile-tree.ts';
import type { AuditEvent } from '../../core/event.ts';
import { ulid } from '../../core/ids.ts';
import { err, ok } from '../../core/result.ts';
import type { RecordFigures } from '../../telemetry/service-levels.ts';
import type { Core } from '../open-core.ts';
import { startForwarding } from './forwarding.ts';
import { logKeys, logVerifiers, rotateLogKey } from './log-keys.ts';
import { openRetention, type Retention } from './retention.ts';
import { verifyRecord } from './verify-record.ts';

/** Entries that one turn puts into the index: a few milliseconds. */
const TURN = 256;
/** Tenants, tasks and hosts that a summary names. */
const MOST_NAMED = 1000;
/** Nothing else in an entry is written so. */
const SEALED = '"path":"sealed:';

type DeskParts = Pick<
  Core,
  'audit' | 'clock' | 'config' | 'keys' | 'log' | 'meter' | 'state' | 'tenantKeys' | 'version'
>;

export interface ServedRecord extends RecordDesk {
  /** What the service levels are made of, from `since` (epoch ms) to now. */
  figures(since: number): Promise<RecordFigures>;
  /** As `figures`, by steps. */
  figuresBySteps(since: number, until: number, stepMs: number): Promise<ReadonlyMap<number, Figures>>;
  readonly percentile: RecordFigures['percentile'];
  close(): Promise<void>;
}

/** The query index is kept beside the log; it may be deleted while the appliance stands. */
export function recordDesk(core: DeskParts): ServedRecord {
  const { audit: log, clock, config } = core;
  const index = openQueryIndex(log.dir, join(core.state.path, 'audit-index.sqlite'));
  let kept = firstKept(log.dir);
  const readable = (text: string) =>
    text.includes(SEALED) ? JSON.stringify(openEvent(JSON.parse(text) as AuditEvent, core.tenantKeys)) : text;
  const upToNow = async () => {
    const to = log.head.size;
    while (index.catchUp(to, TURN, kept) > 0) await setImmediate();
  };
  /** An index that turns out to be damaged is empty then, and built again: once. */
  const ask = async <T>(question: () => T): Promise<T> => {
    try {
      await upToNow();
      return question();
    } catch (error) {
      if (!(error instanceof IndexRemade)) throw error;
      core.log.warn({}, error.message);
      await upToNow();
      return question();
    }
  };
  const { seal_after_days: sealAfterDays, retention_days: retentionDays } = config.audit;
  const retention = retentionOf(core, (before) => {
    kept = before;
    index.forget(before);
  });
  const forwarding = startForwarding(core);
  return {
    close: async () => {
      await forwarding.close();
      await retention.stop();
      index.close();
    },
    prune: async (by, { why, older_than_days: days }) => {
      try {
        return ok(await retention.run(by, why, days));
      } catch (error) {
        return err(error instanceof Error ? error.message : 'retention failed');
      }
    },
    shred: async (by, { tenant, why }) => {
      const id = ulid('e', clock.now(), randomBytes(10));
      await log.record({ type: 'tenant.shredded', id, tenant, task: null, by, why });
      return { tenant, shredded: core.tenantKeys.shred(tenant) };
    },
    rotate: () => rotateLogKey(core, log, clock.now()),
    keys: () => logKeys(core, clock.now()),
    retention: ({ older_than_days: days = retentionDays }) => ({
      would_remove: retention.wouldRemove(days),
      retention_days: retentionDays,
      seal_after_days: sealAfterDays,
      first_kept: kept,
      size: log.head.size,
    }),
    sink: log,
    size: () => log.head.size,
    subscribe: (listener) => log.subscribe(({ seq, text, event }) => listener({ seq, text: readable(text), event })),
    entriesAfter: async (after, limit) => entriesOf(log, { from: Math.max(kept, after + 1), limit }, readable),
    query: async (by) => {
      const found = await ask(() => index.query(by));
      return found.map(({ seq, event }) => ({ seq, event: { ...openEvent(event, core.tenantKeys) } }));
    },
    figures: async (since) => ({ sums: await ask(() => index.figures(since)), percentile }),
    figuresBySteps: (since, until, stepMs) => ask(() => index.figuresBySteps(since, until, stepMs)),
    percentile,
    summary: (by) => ask(() => index.summary(by, MOST_NAMED)),
    verify: verifyRecord({ dir: log.dir, keysFile: join(core.state.path, 'log-keys.txt'), clock }),
    export: ({ from, ...asked }) => exported(log, { ...asked, from: Math.max(from, kept) }),
    checkpoint: () => checkpointOf(log.head.note),
    proof: async (seq) => proofOf(log, seq),
    forwarding: async () => ({ size: log.head.size, receivers: [...(await forwarding.status())] }),
  };
}

function retentionOf(core: DeskParts, forget: (before: number) => void): Retention {
  const { seal_after_days: sealAfterDays, retention_days: retentionDays } = core.config.audit;
  return openRetention({
    ...core,
    ...{ sealAfterDays, retentionDays, forget },
    verifiers: () => logVerifiers(core),
    mirroredTo: () => shippedSizes(core.state.documents),
  });
}

function entriesOf(
  { dir, head }: AuditLog,
  { from, limit }: { readonly from: number; readonly limit: number },
  readable: (text: string) => string,
): RecordedEntry[] {
  return [...readEntries(dir, from, Math.min(head.size, from + limit))].map(({ seq, bytes }) => {
    const text = readable(bytes.toString('utf8'));
    return { seq, text, event: JSON.parse(text) as AuditEvent };
  });
}

interface ExportOrder {
  readonly format: ExportFormat;
  readonly from: number;
  readonly to?: number | undefined;
  readonly proof: 'part' | 'always' | 'never';
}

/** Lines with their line feeds, a turn at a time. */
async function* exported(log: AuditLog, { format, from, to, proof }: ExportOrder): AsyncGenerator<string> {
  const end = Math.min(log.head.size, (to ?? log.head.size) + 1);
  const wanted = format === 'jsonl' && (proof === 'part' ? from > 0 || end < log.head.size : proof === 'always');
  const line = wanted ? exportProofLine(log.dir, from, end) : null;
  if (line !== null) yield `${line}\n`;
  for (let at = from; at < end; at += TURN) {
    let piece = '';
    for (const { seq, bytes } of readCheckedEntries(log.dir, at, Math.min(end, at + TURN))) {
      piece += `${exportLine(seq, bytes.toString('utf8'), format)}\n`;
    }
    yield piece;
    await setImmediate();
  }
}

function checkpointOf(note: string | null): { note: string; size: number; root: string } | null {
  if (note === null) return null;
  const parsed = parseCheckpoint(note);
  if (!parsed.ok) throw new Error('the log signed a checkpoint that does not parse');
  return { note, size: parsed.value.size, root: Buffer.from(parsed.value.root).toString('base64') };
}

async function proofOf(log: AuditLog, seq: number): ReturnType<RecordDesk['proof']> {
  if (seq >= log.head.size) return null;
  // On a full disk nothing is published; what was before can still be proved.
  await log.publish().catch(() => undefined);
  try {
    const found = inclusionProof(log.dir, seq);
    return { ...found, proof: [...found.proof] };
  } catch (error) {
    if (error instanceof NoProof) return null;
    throw error;
  }
}

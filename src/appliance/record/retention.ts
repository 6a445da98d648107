/** Retention while the appliance runs: seals and prunes once an hour, and when an operator asks. */

import { randomBytes } from 'node:crypto';
import type { AuditLog } from '../../audit/log.ts';
import { keptFrom, latestPruning, recordPruning, writePruning } from '../../audit/pruning.ts';
import { publishedCheckpoint } from '../../audit/recover.ts';
import { agedSegments, removeSegments, SEGMENT_ENTRIES, sealSegments } from '../../audit/retention.ts';
import type { NoteVerifier } from '../../audit/signed-note.ts';
import type { Controls } from '../../core/controls.ts';
import { ulid } from '../../core/ids.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { nodeFiles } from '../../store/files.ts';
import { foldControls } from './fold-controls.ts';

export interface RetentionParts {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly sealAfterDays: number;
  readonly retentionDays: number;
  /** The log's own keys. */
  readonly verifiers: () => readonly NoteVerifier[];
  /** Sizes at which others hold this log: what proves that it goes on from there stays. */
  readonly mirroredTo: () => readonly number[];
  /** Told of what is gone. */
  readonly forget: (firstKept: number) => void;
}

export interface RetentionOutcome {
  readonly sealed: number;
  readonly removed: number;
  readonly first_kept: number;
}

export interface Retention {
  /** One at a time; `days` null takes the configured retention. */
  run(by: string, why: string, days: number | null): Promise<RetentionOutcome>;
  /** Entries that a run now would remove. */
  wouldRemove(days: number): number;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export function openRetention(parts: RetentionParts): Retention {
  let last: Promise<unknown> = Promise.resolve();
  const run: Retention['run'] = (by, why, days) => {
    const next = last.then(() => retain(parts, { by, why, days: days ?? parts.retentionDays }));
    last = next.catch(() => undefined);
    return next;
  };
  const hourly = () => {
    run('locktender', 'retention', null).catch((error) => parts.log.error({ error }, 'retention failed; tried again'));
  };
  const timer = setInterval(hourly, HOUR_MS);
  timer.unref();
  return {
    run,
    wouldRemove: (days) => {
      const { dir } = parts.audit;
      const log = { dir, size: publishedCheckpoint(dir, nodeFiles)?.size ?? 0 };
      const kept = latestPruning(dir)?.first_kept ?? 0;
      const before = parts.clock.now() - days * DAY_MS;
      return agedSegments(log, before, kept / SEGMENT_ENTRIES) * SEGMENT_ENTRIES - kept;
    },
    stop: async () => {
      clearInterval(timer);
      await last;
    },
  };
}

async function retain(
  parts: RetentionParts,
  order: { readonly by: string; readonly why: string; readonly days: number },
): Promise<RetentionOutcome> {
  const { audit, clock } = parts;
  await audit.publish();
  const { dir } = audit;
  const log = { dir, size: publishedCheckpoint(dir, nodeFiles)?.size ?? 0 };
  const kept = latestPruning(dir)?.first_kept ?? 0;
  const from = kept / SEGMENT_ENTRIES;
  const sealTo = agedSegments(log, clock.now() - Math.min(order.days, parts.sealAfterDays) * DAY_MS, from);
  const sealed = await sealSegments(log, from, sealTo);
  const first = agedSegments(log, clock.now() - order.days * DAY_MS, from) * SEGMENT_ENTRIES;
  if (first > kept) {
    const controls = await foldControls(dir, { kept: keptFrom(dir), to: first }, parts.verifiers());
    await prune(parts, { ...order, first, controls });
  }
  // Also what a crash left half removed.
  if (first > 0) await removeSegments(log, first, parts.mirroredTo());
  return { sealed, removed: first - kept, first_kept: first };
}

async function prune(
  { audit, clock, forget }: RetentionParts,
  { by, why, first, controls }: { by: string; why: string; first: number; controls: Controls },
): Promise<void> {
  const newId = () => ulid('e', clock.now(), randomBytes(10));
  const seq = await recordPruning(audit, { first_kept: first, by, why, controls }, newId);
  await audit.publish();
  await writePruning(audit.dir, seq);
  forget(first);
}

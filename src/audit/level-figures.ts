/**
 * What one event adds to the service levels: small counts by name and label, summed in the query index by slots of five
 * minutes. So the levels of any window come from the record itself, survive restarts, and can be computed again.
 *
 * Times are kept in buckets whose bounds grow by 8 %: a percentile read from them is at most 8 % too high, never low.
 */

import type { AuditEvent, TaskStatus } from '../core/event.ts';

export interface Figure {
  readonly name: FigureName;
  readonly label: string;
  readonly n: number;
}

export type FigureName =
  /** Label: profile, `-` without one. */
  | 'decisions_allow'
  | 'decisions_deny'
  /** Label: how the task ended. */
  | 'tasks'
  /** Label: bucket of the time. */
  | 'boot_ms'
  | 'cut_ms'
  | 'flows_cut'
  | 'flows_missed'
  /** Label: rule. */
  | 'findings'
  | 'guard_bytes'
  | 'recoveries';

/** By name, then by label. */
export type Figures = ReadonlyMap<string, ReadonlyMap<string, number>>;

export const SLOT_MS = 300_000;
const GROWTH = Math.log(1.08);
/** Tasks that no isolate ran. */
const NOT_BOOTED: ReadonlySet<TaskStatus> = new Set(['denied']);

export function figuresOf(event: AuditEvent): readonly Figure[] {
  switch (event.type) {
    case 'decision':
      return [one(event.effect === 'allow' ? 'decisions_allow' : 'decisions_deny', event.input.profile ?? '-')];
    case 'task.finished': {
      const { status, usage } = event;
      const booted = usage.boot_ms > 0 && !NOT_BOOTED.has(status);
      return booted ? [one('tasks', status), one('boot_ms', bucketOf(usage.boot_ms))] : [one('tasks', status)];
    }
    case 'control.changed': {
      if (event.receipt === null || event.receipt.dependants === 0) return [];
      const { cut, dependants, slowest_ms: slowest } = event.receipt;
      const figures = [one('cut_ms', bucketOf(slowest)), { name: 'flows_cut', label: '', n: cut } as const];
      return cut < dependants ? [...figures, { name: 'flows_missed', label: '', n: dependants - cut }] : figures;
    }
    case 'guard.verdict':
      return [...event.findings.map(({ rule }) => one('findings', rule)), ...bytesOf(event.bytes)];
    case 'node.recovered':
      return [one('recoveries', '')];
    default:
      return [];
  }
}

/** The least bound, in ms, below which a share of the samples lies; null without samples. */
export function percentile(buckets: ReadonlyMap<string, number> | undefined, share: number): number | null {
  const sorted = [...(buckets ?? [])].map(([label, n]) => ({ at: Number(label), n })).sort((a, b) => a.at - b.at);
  const total = sorted.reduce((sum, { n }) => sum + n, 0);
  let seen = 0;
  for (const { at, n } of sorted) {
    seen += n;
    if (seen >= total * share) return Math.exp(at * GROWTH);
  }
  return null;
}

export function bucketOf(ms: number): string {
  // Below a microsecond nothing is told apart.
  return String(Math.ceil(Math.log(Math.max(ms, 0.001)) / GROWTH - 1e-9));
}

function one(name: FigureName, label: string): Figure {
  return { name, label, n: 1 };
}

function bytesOf(bytes: number): readonly Figure[] {
  return bytes > 0 ? [{ name: 'guard_bytes', label: '', n: bytes }] : [];
}

/** What the gateway remembers of tasks: whose they are, and how they stand. Bounded; the record is the log's. */

import { LRUCache } from 'lru-cache';
import type { TaskReport } from './contract.ts';

export interface TaskEntry {
  readonly tenant: string;
  readonly kind: 'isolate' | 'sandbox';
  /** Of a sandbox, which reports nothing, as it was when its pass was issued. */
  readonly report: TaskReport;
  /** End of a sandbox's pass, epoch milliseconds; null for an isolate, which ends by itself. */
  readonly until: number | null;
}

const NOTHING_USED = { boot_ms: 0, cpu_ms: 0, wall_ms: 0, peak_memory_bytes: 0, requests: 0, bytes: 0 };

/** The report of a task of which nothing is known yet but that it runs. */
export function firstReport(of: Pick<TaskReport, 'task' | 'tenant' | 'class' | 'profile'>): TaskReport {
  const { task, tenant, class: name, profile } = of;
  return {
    ...{ task, tenant, class: name, profile },
    status: 'running',
    result: null,
    error: null,
    guard: { action: 'pass', findings: [], more: 0 },
    usage: NOTHING_USED,
    logs: [],
    decisions: [],
    wall: 'none',
  };
}

const KEPT = 5000;
/** Of all reports together: their results and logs. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** What a report takes beside its result and logs, and for each id and finding that it lists: bytes, roughly. */
const EACH = { report: 1000, decision: 50, finding: 500 } as const;

/** Of each tenant by its own ids: tenants choose them as they like. */
export class TaskBook {
  readonly #entries = new LRUCache<string, TaskEntry>({ max: KEPT, maxSize: KEPT_BYTES });

  get(task: string, tenant: string): TaskEntry | null {
    return this.#entries.get(keyOf(task, tenant)) ?? null;
  }

  /** Those of every tenant that have the id. */
  named(task: string): readonly TaskEntry[] {
    return [...this.#entries.values()].filter(({ report }) => report.task === task);
  }

  /** False when the tenant's task of this id is running now. */
  isFree(task: string, tenant: string): boolean {
    const entry = this.#entries.get(keyOf(task, tenant));
    return entry === undefined || entry.kind === 'sandbox' || entry.report.status !== 'running';
  }

  /** @param said bytes of its result, its error and its logs */
  set(task: string, entry: TaskEntry, said = 0): void {
    const { decisions, guard } = entry.report;
    const size = EACH.report + said + EACH.decision * decisions.length + EACH.finding * guard.findings.length;
    this.#entries.set(keyOf(task, entry.tenant), entry, { size });
  }
}

function keyOf(task: string, tenant: string): string {
  return `${tenant}\0${task}`;
}

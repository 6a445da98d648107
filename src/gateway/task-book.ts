/** What the gateway remembers of tasks: whose they are, and how they stand. Bounded; the record is the log's. */

import { LRUCache } from 'lru-cache';
import type { TaskReport } from './contract.ts';

export interface TaskEntry {
  readonly tenant: string;
  readonly kind: 'isolate' | 'sandbox';
  /** Null for a sandbox, which reports nothing. */
  report: TaskReport | null;
}

const KEPT = 5000;
/** Of all reports together: their results and logs. */
const KEPT_BYTES = 64 * 1024 * 1024;

export class TaskBook {
  readonly #entries = new LRUCache<string, TaskEntry>({ max: KEPT, maxSize: KEPT_BYTES, sizeCalculation: sizeOf });

  get(task: string): TaskEntry | null {
    return this.#entries.get(task) ?? null;
  }

  /** False when the id is another tenant's, or is running now. */
  isFree(task: string, tenant: string): boolean {
    const entry = this.#entries.get(task);
    return entry === undefined || (entry.tenant === tenant && entry.report?.status !== 'running');
  }

  set(task: string, entry: TaskEntry): void {
    this.#entries.set(task, entry);
  }
}

function sizeOf({ report }: TaskEntry): number {
  return 500 + (report === null ? 0 : JSON.stringify(report).length);
}

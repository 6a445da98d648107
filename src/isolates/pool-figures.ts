/** What the pool counts: boots, endings, hits and misses. */

import type { TaskStatus } from '../core/event.ts';
import type { Meter } from '../core/ports.ts';

export interface PoolStats {
  readonly wall: string;
  /** What holds a host's memory: the kernel too, or the supervisor's look at it alone. */
  readonly memory_wall: 'cgroup' | 'watchdog';
  readonly hosts: number;
  readonly spares: number;
  readonly running: number;
  readonly queued: number;
  /** Hosts that went, by cause. */
  readonly recycled: Readonly<Record<string, number>>;
  readonly ended: Readonly<Partial<Record<TaskStatus, number>>>;
  /** Isolates that were booted ahead when a task came, and those that had to be booted then. */
  readonly hits: number;
  readonly misses: number;
  /** Over the last 1,024 tasks: from taking an isolate to the first line of tool code, ms. */
  readonly boot: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
}

const KEPT = 1024;
const FORCED: ReadonlySet<TaskStatus> = new Set(['timeout', 'killed', 'host_lost', 'cpu_exceeded', 'memory_exceeded']);

export class PoolFigures {
  readonly #meter: Meter | undefined;
  readonly #boots: number[] = [];
  readonly #ended: Partial<Record<TaskStatus, number>> = {};
  #at = 0;
  #hits = 0;
  #misses = 0;

  constructor(meter: Meter | undefined) {
    this.#meter = meter;
  }

  booted(ms: number, hit: boolean): void {
    this.#boots[this.#at] = ms;
    this.#at = (this.#at + 1) % KEPT;
    if (hit) this.#hits += 1;
    else this.#misses += 1;
    this.#meter?.observe('locktender_isolate_boot_seconds', ms / 1000, { pool: hit ? 'hit' : 'miss' });
  }

  ended(status: TaskStatus): void {
    this.#ended[status] = (this.#ended[status] ?? 0) + 1;
    if (FORCED.has(status)) this.#meter?.count('locktender_tasks_forced_total', { status });
  }

  stats(
    now: Pick<PoolStats, 'wall' | 'memory_wall' | 'hosts' | 'spares' | 'running' | 'queued' | 'recycled'>,
  ): PoolStats {
    const sorted = [...this.#boots].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    this.#meter?.set('locktender_isolates', now.running, { state: 'running' });
    this.#meter?.set('locktender_isolates', now.queued, { state: 'queued' });
    return {
      ...now,
      ended: { ...this.#ended },
      hits: this.#hits,
      misses: this.#misses,
      boot: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 },
    };
  }
}

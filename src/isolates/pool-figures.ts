/** What the pool counts: takes, boots, endings, hits and misses. */

import type { TaskStatus } from '../core/event.ts';
import type { Meter } from '../core/ports.ts';

/** Milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

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
  /** Over the last 1,024 tasks: from taking an isolate to the first line of tool code. */
  readonly boot: Spread;
  /** Isolates that were booted: all of them, a second over the last minute, and what the last 1,024 took. */
  readonly refill: Spread & { readonly booted: number; readonly per_second: number };
  /** What one booted isolate takes before a task is in it, as the newest host said; 0 where none is booted ahead. */
  readonly isolate_bytes: number;
}

const KEPT = 1024;
const SECOND = 1000;
const WINDOW = 60;
const FORCED: ReadonlySet<TaskStatus> = new Set(['timeout', 'killed', 'host_lost', 'cpu_exceeded', 'memory_exceeded']);

/** The last so many values. */
class Recent {
  readonly #values: number[] = [];
  #at = 0;

  add(value: number): void {
    this.#values[this.#at] = value;
    this.#at = (this.#at + 1) % KEPT;
  }

  spread(): Spread {
    const sorted = [...this.#values].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
  }
}

export class PoolFigures {
  readonly #meter: Meter | undefined;
  readonly #takes = new Recent();
  readonly #boots = new Recent();
  readonly #ended: Partial<Record<TaskStatus, number>> = {};
  /** Boots by the second they were told in, newest last. */
  readonly #bySecond: { readonly second: number; count: number }[] = [];
  #hits = 0;
  #misses = 0;
  #booted = 0;
  #isolateBytes = 0;

  constructor(meter: Meter | undefined) {
    this.#meter = meter;
  }

  /** A task got its isolate. */
  taken(ms: number, hit: boolean): void {
    this.#takes.add(ms);
    if (hit) this.#hits += 1;
    else this.#misses += 1;
    this.#meter?.observe('locktender_isolate_boot_seconds', ms / 1000, { pool: hit ? 'hit' : 'miss' });
  }

  /** Isolates were booted, ahead or for a task; `now` is monotonic, ms. */
  booted(each: readonly number[], now: number, bytes?: number): void {
    if (bytes) this.#isolateBytes = bytes;
    if (each.length === 0) return;
    for (const ms of each) this.#boots.add(ms);
    this.#booted += each.length;
    this.#meter?.count('locktender_isolates_booted_total', {}, each.length);
    const second = Math.floor(now / SECOND);
    const last = this.#bySecond.at(-1);
    if (last?.second === second) last.count += each.length;
    else this.#bySecond.push({ second, count: each.length });
    while ((this.#bySecond[0]?.second ?? second) <= second - WINDOW) this.#bySecond.shift();
  }

  ended(status: TaskStatus): void {
    this.#ended[status] = (this.#ended[status] ?? 0) + 1;
    if (FORCED.has(status)) this.#meter?.count('locktender_tasks_forced_total', { status });
  }

  stats(
    now: number,
    standing: Pick<PoolStats, 'wall' | 'memory_wall' | 'hosts' | 'spares' | 'running' | 'queued' | 'recycled'>,
  ): PoolStats {
    this.#meter?.set('locktender_isolates', standing.running, { state: 'running' });
    this.#meter?.set('locktender_isolates', standing.queued, { state: 'queued' });
    this.#meter?.set('locktender_isolate_bytes', this.#isolateBytes);
    const oldest = Math.floor(now / SECOND) - WINDOW;
    const lately = this.#bySecond.reduce((sum, { second, count }) => sum + (second > oldest ? count : 0), 0);
    return {
      ...standing,
      ended: { ...this.#ended },
      hits: this.#hits,
      misses: this.#misses,
      boot: this.#takes.spread(),
      refill: { booted: this.#booted, per_second: lately / WINDOW, ...this.#boots.spread() },
      isolate_bytes: this.#isolateBytes,
    };
  }
}

/**
 * The isolate pool: untrusted tool code, each task in a fresh isolate, in a host process of its tenant alone, behind a
 * wall. Every task ends in exactly one outcome; none hangs. The pool trusts nothing that a host says.
 */

import { availableParallelism } from 'node:os';
import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Frame } from './host/frames.ts';
import { hostFiles } from './host-files.ts';
import { hostMessage } from './host-messages.ts';
import type { HostLoss, HostProcess } from './host-process.ts';
import { HostStock, type StockSettings } from './host-stock.ts';
import { findMemoryGroups } from './memory-group.ts';
import { PoolFigures, type PoolStats } from './pool-figures.ts';
import { runtimeSource } from './runtime-bundle.ts';
import { MAX_CODE, MAX_INPUT, type TaskOrder, type TaskOutcome } from './task-order.ts';
import { TaskQueue } from './task-queue.ts';
import { TaskRun, unrun } from './task-run.ts';
import { probeWall, type Wall, weakerThan } from './walls.ts';

export interface PoolSettings extends Partial<StockSettings> {
  /** Isolates booted ahead in each host. Default 4. */
  readonly ahead?: number;
  /** Memory of those booted before a host's first task says otherwise, MB. Default 64. */
  readonly memoryMb?: number;
  /** Tasks of one tenant that may wait. Default 1000. */
  readonly queue?: number;
  /** Weakest wall that will do; the pool refuses to start behind a weaker one. Default `process`. */
  readonly minimumWall?: Wall;
  /** Strongest wall to try. Default `bubblewrap`. */
  readonly strongestWall?: Wall;
}

export interface PoolOptions {
  readonly settings?: PoolSettings;
  readonly clock: Clock;
  readonly log?: Log;
  readonly meter?: Meter;
}

export interface IsolatePool {
  /** Runs a task to its end. Never rejects. */
  run(order: TaskOrder): Promise<TaskOutcome>;
  /** Ends a task that waits or runs; false when there is none of that id. */
  kill(task: string, tenant: string): boolean;
  stats(): PoolStats;
  /** Resolves when a host is ready; false when none became so in time. */
  ready(withinMs: number): Promise<boolean>;
  /** Ends everything: tasks as `killed`. */
  close(): Promise<void>;
}

const QUEUE_MS = 10_000;
const SWEEP_MS = 1000;
/** What the operating system lets a host map as data: V8 maps the range for an isolate's code whole, ahead of use. */
const NODE_DATA_MB = 2048;
const ISOLATE_DATA_MB = 640;
const HOST_BOOT_MS = 15_000;

/** Throws when no wall of the strength asked for stands here. */
export function createIsolatePool(options: PoolOptions): IsolatePool {
  return new Pool(options);
}

interface Queued {
  readonly tenant: string;
  readonly order: TaskOrder;
  readonly late: NodeJS.Timeout;
  readonly resolve: (outcome: TaskOutcome) => void;
}

class Pool implements IsolatePool {
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  readonly #wall: Wall;
  readonly #memoryWall: PoolStats['memory_wall'];
  readonly #stock: HostStock;
  readonly #queue: TaskQueue<Queued>;
  readonly #figures: PoolFigures;
  readonly #runs = new Map<number, { readonly run: TaskRun; readonly resolve: (outcome: TaskOutcome) => void }>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #waiters = new Set<(ready: boolean) => void>();
  /** What the last task asked for: what a new host boots ahead. */
  #memoryMb: number;
  #slot = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    const settings = options.settings ?? {};
    const stock = stockSettings(settings);
    const ahead = settings.ahead ?? 4;
    const files = hostFiles();
    const probed = probeWall(files, settings.strongestWall ?? 'bubblewrap');
    const minimum = settings.minimumWall ?? 'process';
    if (weakerThan(probed.wall, minimum)) {
      throw new Error(
        `isolates: the wall \`${minimum}\` does not stand here, only \`${probed.wall}\`; install bubblewrap`,
      );
    }
    const runtime = runtimeSource();
    const groups = findMemoryGroups();
    this.#memoryWall = groups === null ? 'watchdog' : 'cgroup';
    this.#memoryMb = settings.memoryMb ?? 64;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#wall = probed.wall;
    this.#figures = new PoolFigures(options.meter);
    this.#queue = new TaskQueue(settings.queue ?? 1000);
    this.#stock = new HostStock({
      settings: stock,
      host: {
        probed,
        files,
        setup: () => ({ runtime, ahead, memory_mb: this.#memoryMb }),
        limits: { dataMb: NODE_DATA_MB + (stock.slots + 2 * ahead + 2) * ISOLATE_DATA_MB },
        bootMs: HOST_BOOT_MS,
        groups,
      },
      events: {
        frame: (host, frame) => this.#heard(host, frame),
        ready: (_host, hello) => this.#ready(hello),
        gone: (host, cause) => this.#gone(host, cause),
      },
      now: () => this.#clock.monotonic(),
    });
    this.#stock.refill();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  run(order: TaskOrder): Promise<TaskOutcome> {
    const refusal = this.#refusal(order);
    if (refusal !== null) return Promise.resolve(this.#ended(order, unrun('denied', refusal)));
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#tooLate(queued), order.queue_ms ?? QUEUE_MS);
      const queued: Queued = { tenant: order.tenant, order, late, resolve };
      if (this.#queue.push(queued)) this.#dispatch();
      else this.#unqueue(queued, unrun('denied', 'this tenant has too many tasks waiting; try again later'));
    });
  }

  kill(task: string, tenant: string): boolean {
    let found = false;
    for (const { run } of [...this.#runs.values()]) {
      if (run.order.task !== task || run.order.tenant !== tenant) continue;
      run.kill();
      found = true;
    }
    this.#queue.each((queued) => {
      if (queued.order.task !== task || queued.tenant !== tenant || !this.#queue.remove(queued)) return;
      this.#unqueue(queued, unrun('killed', 'the task was killed before it ran'));
      found = true;
    });
    return found;
  }

  stats(): PoolStats {
    const now = this.#clock.monotonic();
    return this.#figures.stats(now, {
      wall: this.#wall,
      memory_wall: this.#memoryWall,
      hosts: this.#stock.size,
      spares: this.#stock.spares,
      running: this.#runs.size,
      queued: this.#queue.size,
      recycled: Object.fromEntries(this.#stock.recycled),
    });
  }

  ready(withinMs: number): Promise<boolean> {
    if (this.#stock.anyReady) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (ready: boolean) => {
        clearTimeout(late);
        this.#waiters.delete(settle);
        resolve(ready);
      };
      const late = setTimeout(settle, withinMs, false);
      this.#waiters.add(settle);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const queued of this.#queue.drain()) this.#unqueue(queued, unrun('killed', 'the pool is closing'));
    for (const { run } of [...this.#runs.values()]) run.kill();
    for (const waiter of [...this.#waiters]) waiter(false);
    await this.#stock.close();
  }

  #refusal(order: TaskOrder): string | null {
    if (this.#closed) return 'the pool is closing';
    if (Buffer.byteLength(order.code) > MAX_CODE) return `the code is larger than ${MAX_CODE} bytes; make it smaller`;
    if (Buffer.byteLength(order.input) > MAX_INPUT)
      return `the input is larger than ${MAX_INPUT} bytes; make it smaller`;
    return null;
  }

  #dispatch(): void {
    if (this.#closed) return;
    this.#queue.offer((queued) => {
      const host = this.#stock.take(queued.tenant);
      if (host === null) return false;
      clearTimeout(queued.late);
      this.#start(queued, host);
      return true;
    });
    this.#stock.refill();
  }

  #start({ order, resolve }: Queued, host: HostProcess): void {
    this.#slot = (this.#slot % 0xffff_ffff) + 1;
    this.#memoryMb = order.limits.memory_mb;
    const awaited = order.answered !== undefined && this.#stock.isCalm(host);
    const tell = () => void setImmediate(() => host.answered());
    if (awaited) void order.answered?.then(tell, tell);
    const run = new TaskRun({
      order,
      host,
      slot: this.#slot,
      awaited,
      now: () => this.#clock.monotonic(),
      events: {
        over: (ended, outcome, forced) => this.#over(ended, outcome, forced),
        started: (bootMs, hit, boots) => {
          this.#figures.taken(bootMs, hit);
          this.#figures.booted(boots, this.#clock.monotonic());
        },
      },
    });
    this.#runs.set(run.slot, { run, resolve });
  }

  #over(run: TaskRun, outcome: TaskOutcome, forced: boolean): void {
    const entry = this.#runs.get(run.slot);
    this.#runs.delete(run.slot);
    const now = this.#clock.monotonic();
    if (forced) {
      run.host.retiring = true;
      run.host.stop(run.slot, now);
    } else run.host.release(run.slot, now);
    entry?.resolve(this.#ended(run.order, outcome));
    const left = () => {
      this.#stock.left(run.host);
      this.#dispatch();
    };
    // Who waits for the outcome comes before who waits for the slot; where nobody does, its record begins first, too.
    if (this.#queue.size > 0) setImmediate(left);
    else setImmediate(setImmediate, left);
  }

  #heard(host: HostProcess, frame: Frame): void {
    const entry = this.#runs.get(frame.slot);
    if (entry?.run.host === host) entry.run.heard(frame);
  }

  /** Throws when the host's first words break the protocol. */
  #ready(words: string): void {
    const hello = hostMessage.hello(words);
    this.#figures.booted(hello.boot_ms, this.#clock.monotonic(), hello.isolate_bytes);
    this.#stock.readied();
    for (const waiter of [...this.#waiters]) waiter(true);
    this.#dispatch();
  }

  #gone(host: HostProcess, cause: HostLoss): void {
    this.#stock.forget(host, cause);
    const there = [...this.#runs.values()].filter(({ run }) => run.host === host);
    for (const { run } of there) run.lost(cause, there.length === 1);
    if (cause !== 'ended') this.#log?.warn({ cause, tasks: there.length, served: host.served }, 'isolate host lost');
    if (!this.#closed) setImmediate(() => this.#dispatch());
  }

  #sweep(): void {
    this.#stock.sweep();
    this.#dispatch();
  }

  #tooLate(queued: Queued): void {
    if (!this.#queue.remove(queued)) return;
    const failing = this.#stock.failing
      ? 'no isolate host starts; run `locktender doctor`'
      : 'no isolate became free in time; try again later';
    this.#unqueue(queued, unrun('denied', failing));
  }

  #unqueue(queued: Queued, outcome: TaskOutcome): void {
    clearTimeout(queued.late);
    queued.resolve(this.#ended(queued.order, outcome));
  }

  #ended(order: TaskOrder, outcome: TaskOutcome): TaskOutcome {
    if (outcome.wall === 'none') order.bindings?.close();
    this.#figures.ended(outcome.status);
    return outcome;
  }
}

function stockSettings(settings: PoolSettings): StockSettings {
  const hosts = settings.hosts ?? Math.max(4, availableParallelism() * 2);
  return {
    hosts,
    slots: settings.slots ?? 4,
    spares: settings.spares ?? Math.min(2, hosts),
    tasksPerHost: settings.tasksPerHost ?? 500,
    growthMb: settings.growthMb ?? 192,
    idleMs: settings.idleMs ?? 30_000,
  };
}

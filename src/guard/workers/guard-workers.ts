/**
 * Threads that look at large bodies, a window at a time. They keep nothing between two windows, so that one which ends
 * costs only the body that it looked at. Tenants take turns; a tenant whose windows take long never has all threads.
 * INVARIANT: whatever is not looked at in time, or not at all, rejects: the body may not go on.
 */

import type { Log, Meter } from '../../core/ports.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { portableRules } from '../../dlp/portable-rules.ts';
import type { KeptValue, Vault } from '../vault.ts';
import { GuardUnavailable } from './guard-unavailable.ts';
import { TenantQueue } from './tenant-queue.ts';
import { type AnyDone, MOST_SETS, type Work, type WorkerAsk, type WorkerSay } from './worker-talk.ts';

/** As much of a thread as is used here. */
export interface Thread {
  postMessage(ask: WorkerAsk, give: ArrayBuffer[]): void;
  onSay(hear: (said: WorkerSay) => void): void;
  /** Called once, however it ended, with the code of what ended it. */
  onEnd(ended: (why: string) => void): void;
  /** Whether the process stays for it. */
  hold(isBusy: boolean): void;
  terminate(): void;
}

export interface GuardWorkersParts {
  /** Threads at most; the first is started when it is needed. */
  readonly most: number;
  /** Longest that one window, or one body that is decoded or encoded, may take. */
  readonly deadlineMs: number;
  readonly start: () => Thread;
  readonly vault?: Vault;
  readonly meter?: Pick<Meter, 'count' | 'set'>;
  readonly log?: Pick<Log, 'error'>;
}

export interface Job {
  readonly tenant: string;
  /** Little work, for which somebody may wait at the other end. */
  readonly isSmall: boolean;
  readonly rules: RuleSet;
  readonly work: Work;
  /** Buffers that go over without a copy. */
  readonly give?: readonly ArrayBuffer[];
}

interface Waiting extends Job {
  /** Its first thread ended before it ever answered. */
  readonly isAgain?: boolean;
  readonly resolve: (done: AnyDone) => void;
  readonly reject: (error: GuardUnavailable) => void;
}

interface Seat {
  readonly thread: Thread;
  /** Digests of the rules that it has, the latest last. */
  readonly known: string[];
  job: Waiting | null;
  /** Number of what it was asked last. */
  asked: number;
  timer: NodeJS.Timeout | undefined;
  /** It has answered once: it did start. */
  answered: boolean;
  gone: boolean;
}

/** Waiting jobs: of one tenant, and in all. Each is a body that waits, so that back-pressure holds far more off. */
const MOST_OF_TENANT = 512;
const MOST_WAITING = 4096;
/** Threads that ended in a row without a word, after which starting more is put off. */
const MOST_DEAD = 3;
/** What a thread may take longer for its first job: it starts, and takes the rules. */
const START_MS = 20_000;
const PAUSE_MS = 1000;

export class GuardWorkers {
  readonly #parts: GuardWorkersParts;
  readonly #seats = new Set<Seat>();
  readonly #queue = new TenantQueue<Waiting>({ mostOfOne: MOST_OF_TENANT, most: MOST_WAITING });
  #rules: RuleSet | null = null;
  #dead = 0;
  #pausedUntil = 0;
  #closed = false;

  constructor(parts: GuardWorkersParts) {
    this.#parts = parts;
  }

  /** Rejects with `GuardUnavailable`. */
  run<D extends AnyDone>(job: Job): Promise<D> {
    return new Promise<AnyDone>((resolve, reject) => {
      const isOff = this.#closed || (this.#seats.size === 0 && Date.now() < this.#pausedUntil);
      if (isOff) this.#refuse(reject, 'closed');
      else if (!this.#queue.add({ ...job, resolve, reject })) this.#refuse(reject, 'busy');
      else this.#pump();
    }) as Promise<D>;
  }

  /** What was sealed elsewhere, under the key of the vault. */
  keep(kept: readonly KeptValue[]): void {
    for (const one of kept) this.#parts.vault?.keep(one);
  }

  /** Threads that run take the rules now, before a body comes that needs them. */
  follow(rules: RuleSet): void {
    this.#rules = rules;
    for (const seat of this.#seats) if (seat.job === null) this.#warm(seat);
  }

  /** Starts the first thread when there is none, so that the first large body need not wait for it. */
  startAhead(rules: RuleSet): void {
    this.#rules ??= rules;
    if (!this.#closed && this.#seats.size === 0) this.#warm(this.#seat());
  }

  /** Who waits is refused. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#queue.clear()) this.#refuse(reject, 'closed');
    for (const seat of this.#seats) this.#end(seat, 'closed');
  }

  #refuse(reject: Waiting['reject'], cause: GuardUnavailable['cause']): void {
    this.#parts.meter?.count('locktender_guard_worker_refusals_total', { cause: String(cause) });
    reject(new GuardUnavailable(cause));
  }

  #pump(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) this.#give(next.seat, next.job);
    this.#parts.meter?.set('locktender_guard_waiting', this.#queue.size);
  }

  #next(): { readonly seat: Seat; readonly job: Waiting } | null {
    const idle = [...this.#seats].find(({ job, gone }) => job === null && !gone);
    const busy = [...this.#seats].filter(({ job, gone }) => job !== null && !gone).length;
    const free = this.#parts.most - busy;
    if (free <= 0) return null;
    const job = this.#queue.next(free === 1 && this.#parts.most > 1);
    return job && { seat: idle ?? this.#seat(), job };
  }

  #seat(): Seat {
    const seat: Seat = {
      thread: this.#parts.start(),
      known: [],
      job: null,
      asked: 0,
      timer: undefined,
      answered: false,
      gone: false,
    };
    seat.thread.onSay((said) => this.#hear(seat, said));
    seat.thread.onEnd((why) => this.#over(seat, why));
    this.#seats.add(seat);
    this.#measure();
    return seat;
  }

  #give(seat: Seat, job: Waiting): void {
    seat.job = job;
    seat.thread.hold(true);
    const within = this.#parts.deadlineMs + (seat.answered ? 0 : START_MS);
    seat.timer = setTimeout(() => this.#end(seat, 'deadline'), within);
    this.#ask(seat, job.rules, job.work, job.give);
  }

  #warm(seat: Seat): void {
    if (this.#rules === null || seat.known.includes(this.#rules.digest)) return;
    this.#ask(seat, this.#rules, null);
  }

  #ask(seat: Seat, rules: RuleSet, work: Work | null, give: readonly ArrayBuffer[] = []): void {
    seat.asked += 1;
    seat.thread.postMessage({ id: seat.asked, ...this.#rulesFor(seat, rules), work }, [...give]);
  }

  /** INVARIANT: `known` is what the thread knows: both keep the latest few. */
  #rulesFor(seat: Seat, rules: RuleSet): Pick<WorkerAsk, 'digest' | 'rules'> {
    const { digest } = rules;
    const at = seat.known.indexOf(digest);
    if (at >= 0) seat.known.splice(at, 1);
    seat.known.push(digest);
    if (seat.known.length > MOST_SETS) seat.known.shift();
    return { digest, rules: at >= 0 ? null : portableRules(rules) };
  }

  #hear(seat: Seat, said: WorkerSay): void {
    // Which rules it has is not known for sure after a failure: they are sent anew.
    if ('failed' in said) seat.known.length = 0;
    const { job } = seat;
    // That it took rules, or could not: the job that it was given meanwhile has its answer still to come.
    if (said.id !== seat.asked || job === null) {
      if ('failed' in said)
        this.#parts.log?.error({ error: said.failed }, 'a thread of the guard could not take rules');
      return;
    }
    clearTimeout(seat.timer);
    seat.job = null;
    seat.answered = true;
    seat.thread.hold(false);
    this.#dead = 0;
    if ('failed' in said) {
      this.#parts.log?.error({ error: said.failed, work: job.work.what }, 'the guard failed on a body');
      this.#refuse(job.reject, 'failed');
    } else {
      this.#queue.took(job.tenant, said.ms);
      this.#parts.meter?.count('locktender_guard_worker_seconds_total', { work: job.work.what }, said.ms / 1000);
      job.resolve(said.done as AnyDone);
    }
    if (!seat.gone) this.#warm(seat);
    this.#pump();
  }

  #end(seat: Seat, cause: 'deadline' | 'closed'): void {
    if (cause === 'deadline' && seat.job !== null) {
      this.#queue.took(seat.job.tenant, this.#parts.deadlineMs);
      this.#parts.log?.error({ work: seat.job.work.what }, 'a thread of the guard took too long and is ended');
    }
    this.#drop(seat, cause);
    seat.thread.terminate();
    if (!this.#closed) this.#pump();
  }

  /** The thread has ended by itself: out of memory, or by a fault of ours. */
  #over(seat: Seat, why: string): void {
    if (seat.gone) return;
    this.#parts.log?.error({ why, work: seat.job?.work.what ?? 'none' }, 'a thread of the guard ended by itself');
    this.#dead += 1;
    const { job } = seat;
    // It did not even start: that is not the body's doing. What was handed over whole is gone.
    if (!seat.answered && job !== null && !job.isAgain && !job.give && this.#queue.add({ ...job, isAgain: true }))
      seat.job = null;
    if (this.#dead >= MOST_DEAD) this.#pausedUntil = Date.now() + PAUSE_MS;
    this.#drop(seat, 'lost');
    if (this.#seats.size === 0 && Date.now() < this.#pausedUntil)
      for (const { reject } of this.#queue.clear()) this.#refuse(reject, 'lost');
    this.#pump();
  }

  #drop(seat: Seat, cause: 'deadline' | 'closed' | 'lost'): void {
    clearTimeout(seat.timer);
    seat.gone = true;
    this.#seats.delete(seat);
    this.#measure();
    const { job } = seat;
    seat.job = null;
    if (cause !== 'closed') {
      this.#parts.meter?.count('locktender_guard_workers_lost_total', { cause });
    }
    if (job !== null) this.#refuse(job.reject, cause);
  }

  #measure(): void {
    this.#parts.meter?.set('locktender_guard_workers', this.#seats.size);
  }
}

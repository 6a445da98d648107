/**
 * Sends the record to one receiver, in order, at least once. It reads the log's own files, so nothing queues in memory
 * however long a receiver is down: a batch, and a cursor on disk, are all it holds.
 *
 *   read up to the published checkpoint → send → acknowledged by the receiver → cursor durable → next
 *
 * INVARIANT: the cursor never passes an entry that was not acknowledged, save those that are counted as lost. A crash or a
 * failure between the acknowledgement and the cursor sends a batch again: receivers drop what they had by its sequence.
 */

import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { AuditEvent } from '../../core/event.ts';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { firstKept } from '../pruning.ts';
import { EntriesMissing, readEntries } from '../read.ts';
import { publishedCheckpoint } from '../recover.ts';
import type { Cursor, CursorKeeper } from './cursor.ts';
import { type FailureCause, type ForwardEntry, type ForwardSink, SinkFailure } from './sink.ts';

export interface ForwarderOptions {
  /** Names the cursor and the metrics. */
  readonly name: string;
  /** Directory of the log; a writer may be at work in it. */
  readonly dir: string;
  readonly cursor: CursorKeeper;
  readonly sink: ForwardSink;
  /** Where a sink without a cursor begins. */
  readonly start: 'oldest' | 'newest';
  /** Of an entry that the receiver will not have: wait for somebody, or count it as lost and go on. */
  readonly refused: 'hold' | 'skip';
  readonly batchEntries: number;
  readonly batchBytes: number;
  /** How often to look for news; ms. */
  readonly pollMs: number;
  /** First wait after a failure, doubled up to the longest, each cut by up to half at random; ms. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly files?: Files;
  /** In [0, 1). */
  readonly random?: () => number;
}

export type ForwarderState = 'current' | 'sending' | 'failing';

export interface ForwarderStatus {
  readonly name: string;
  /** `failing`: the last try failed, and it is tried again. */
  readonly state: ForwarderState;
  /** Sequence of the first entry that is not acknowledged. */
  readonly next: number;
  readonly lag_entries: number;
  /** Age of the first entry that is not acknowledged; 0 when there is none. */
  readonly lag_seconds: number;
  /** Since this process started. */
  readonly delivered: number;
  readonly lost: number;
  readonly failures: number;
  readonly last_failure: { readonly time: string; readonly cause: FailureCause; readonly message: string } | null;
  /** Time of the last acknowledgement. */
  readonly acknowledged: string | null;
}

/** Entries parsed in one turn of the event loop. */
const TURN = 32;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #files: Files;
  readonly #stop = new AbortController();
  #cursor: Cursor | null = null;
  #state: ForwarderState = 'current';
  #published = 0;
  /** Epoch ms of the first entry that is not acknowledged. */
  #oldest: number | null = null;
  /** Shrinks to single out an entry that the receiver refuses. */
  #most: number;
  #inRow = 0;
  #delivered = 0;
  #lost = 0;
  #failures = 0;
  #lastFailure: ForwarderStatus['last_failure'] = null;
  #acknowledged: string | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeFiles;
    this.#most = options.batchEntries;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Gives up what is under way: it is sent again at the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#options.sink.close();
  }

  status(): ForwarderStatus {
    this.#measure();
    return {
      name: this.#options.name,
      state: this.#state,
      next: this.#cursor?.next ?? 0,
      lag_entries: this.#lagEntries(),
      lag_seconds: this.#lagSeconds(),
      delivered: this.#delivered,
      lost: this.#lost,
      failures: this.#failures,
      last_failure: this.#lastFailure,
      acknowledged: this.#acknowledged,
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const measuring = setInterval(() => this.#measure(), this.#options.pollMs);
    measuring.unref();
    try {
      while (!signal.aborted) {
        const waitMs = await this.#step().catch((error: unknown) => this.#failed(error));
        this.#measure();
        if (waitMs > 0) await wait(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    } finally {
      clearInterval(measuring);
    }
  }

  /** One batch; how long to wait before the next, in ms. */
  async #step(): Promise<number> {
    const cursor = this.#cursor ?? (await this.#begin());
    const batch = await this.#read(cursor.next);
    if (batch.length === 0) {
      this.#state = 'current';
      this.#inRow = 0;
      this.#oldest = null;
      return this.#options.pollMs;
    }
    this.#oldest = Date.parse(batch[0]?.event.time ?? '');
    this.#state = this.#inRow > 0 ? 'failing' : 'sending';
    const { rejected } = await this.#options.sink.send(batch, this.#stop.signal);
    await this.#advance(batch, rejected);
    return 0;
  }

  async #begin(): Promise<Cursor> {
    const { dir, start } = this.#options;
    this.#published = publishedCheckpoint(dir, this.#files)?.size ?? 0;
    const kept = this.#stored() ?? { next: start === 'oldest' ? 0 : this.#published, last: null };
    this.#check(kept);
    // Where `newest` was is kept at once: a restart before the first acknowledgement must not move it.
    await this.#options.cursor.write(kept);
    this.#cursor = kept;
    return kept;
  }

  #stored(): Cursor | null {
    try {
      return this.#options.cursor.read();
    } catch {
      throw new SinkFailure('cursor', `its cursor cannot be read; ${this.#remedy()}`);
    }
  }

  /** A cursor of another log, or of one that was cut back, would leave entries out in silence. */
  #check({ next, last }: Cursor): void {
    const { dir } = this.#options;
    const fits =
      next <= this.#published &&
      (last === null || next - 1 < firstKept(dir, this.#files) || this.#idOf(next - 1) === last);
    if (fits) return;
    throw new SinkFailure('cursor', `this is not the log that its cursor is of; ${this.#remedy()}`);
  }

  #remedy(): string {
    return `stop, delete \`documents/${this.#options.cursor.name}.json\` in the state directory and start to begin again`;
  }

  #idOf(seq: number): string | null {
    for (const { bytes } of readEntries(this.#options.dir, seq, seq + 1, this.#files)) {
      return (JSON.parse(bytes.toString('utf8')) as AuditEvent).id;
    }
    return null;
  }

  /** What stands under the published checkpoint from `from` on, as much as one batch may hold. */
  async #read(from: number): Promise<ForwardEntry[]> {
    const { dir, batchBytes } = this.#options;
    this.#published = publishedCheckpoint(dir, this.#files)?.size ?? 0;
    const batch: ForwardEntry[] = [];
    let bytes = 0;
    try {
      for (const entry of readEntries(dir, from, Math.min(from + this.#most, this.#published), this.#files)) {
        bytes += entry.bytes.length;
        if (batch.length > 0 && bytes > batchBytes) break;
        const text = entry.bytes.toString('utf8');
        batch.push({ seq: entry.seq, text, event: JSON.parse(text) as AuditEvent });
        if (batch.length % TURN === 0) await setImmediate();
      }
    } catch (error) {
      if (!(error instanceof EntriesMissing)) throw error;
      if (batch.length > 0) return batch;
      return this.#pruned(from);
    }
    return batch;
  }

  /** Retention was faster than the receiver: what is gone is counted, and the rest is sent. */
  async #pruned(from: number): Promise<ForwardEntry[]> {
    const first = firstKept(this.#options.dir, this.#files);
    if (first <= from) throw new SinkFailure('log', `entry ${from} is missing; see \`audit verify\``);
    this.#lose(first - from, 'entries were removed by retention before they could be forwarded');
    await this.#move({ next: first, last: null });
    return this.#read(first);
  }

  async #advance(batch: readonly ForwardEntry[], rejected: number): Promise<void> {
    const last = batch.at(-1) as ForwardEntry;
    await this.#move({ next: last.seq + 1, last: last.event.id });
    if (rejected > 0) this.#lose(Math.min(rejected, batch.length), 'the receiver took entries and threw them away');
    const delivered = Math.max(0, batch.length - rejected);
    this.#delivered += delivered;
    this.#acknowledged = new Date(this.#options.clock.now()).toISOString();
    this.#options.meter.count('locktender_forward_entries_total', { sink: this.#options.name }, delivered);
    if (this.#inRow > 0) this.#options.log.info({ sink: this.#options.name }, 'forwarding works again');
    this.#inRow = 0;
    this.#most = Math.min(this.#options.batchEntries, this.#most * 2);
  }

  async #move(cursor: Cursor): Promise<void> {
    await this.#options.cursor.write(cursor);
    this.#cursor = cursor;
  }

  #lose(count: number, why: string): void {
    this.#lost += count;
    this.#options.meter.count('locktender_forward_lost_total', { sink: this.#options.name }, count);
    this.#options.log.error({ sink: this.#options.name, count, next: this.#cursor?.next }, why);
  }

  /** How long to wait, in ms. */
  async #failed(error: unknown): Promise<number> {
    if (this.#stop.signal.aborted) return 0;
    const failure = error instanceof SinkFailure ? error : new SinkFailure('log', messageOf(error));
    this.#count(failure);
    if (failure.reason === 'refused') {
      // Halved until the one that is refused stands alone: the others are not held up by it.
      if (this.#most > 1) {
        this.#most = Math.ceil(this.#most / 2);
        return 0;
      }
      if (this.#options.refused === 'skip' && (await this.#skipped())) return 0;
    }
    return this.#backoff(failure.retryAfterMs);
  }

  async #skipped(): Promise<boolean> {
    const next = this.#cursor?.next;
    if (next === undefined) return false;
    try {
      await this.#move({ next: next + 1, last: this.#idOf(next) });
    } catch {
      return false;
    }
    this.#lose(1, 'the receiver refuses an entry, which is left out');
    return true;
  }

  #count(failure: SinkFailure): void {
    const { name, clock, log, meter } = this.#options;
    const { reason: cause, message } = failure;
    this.#state = 'failing';
    this.#failures += 1;
    this.#inRow += 1;
    this.#lastFailure = { time: new Date(clock.now()).toISOString(), cause, message };
    meter.count('locktender_forward_failures_total', { sink: name, cause });
    // Once for each time that it goes wrong; the metric says how often.
    if (this.#inRow === 1) log.warn({ sink: name, cause, why: message }, 'forwarding failed; it is tried again');
  }

  #backoff(askedMs: number | null): number {
    const { backoffMs, maxBackoffMs, random = Math.random } = this.#options;
    const full = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(20, this.#inRow - 1));
    return Math.max(askedMs ?? 0, full / 2 + (random() * full) / 2);
  }

  #lagEntries(): number {
    return Math.max(0, this.#published - (this.#cursor?.next ?? 0));
  }

  #lagSeconds(): number {
    if (this.#oldest === null) return 0;
    return Math.max(0, (this.#options.clock.now() - this.#oldest) / 1000);
  }

  #measure(): void {
    const { name, meter } = this.#options;
    meter.set('locktender_forward_lag_entries', this.#lagEntries(), { sink: name });
    meter.set('locktender_forward_lag_seconds', this.#lagSeconds(), { sink: name });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'failed';
}

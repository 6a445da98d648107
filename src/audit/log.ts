/**
 * The log while it is written: group commit, then tiles, then checkpoints. It is the one `AuditSink`.
 *
 * The order of effects is the design:
 *   append to the tree → sign → journal (O_DSYNC) → acknowledge → tiles → checkpoint → forget the journal.
 * A crash before that write ends loses only what nobody was told is recorded; after it, recovery finds everything in the
 * journal and does the rest again.
 *
 * INVARIANT: a batch that was signed is never replaced by another. When its write fails, its waiters are told so and
 * their acts do not happen, but the batch itself is written again until it stands. So a rejected record may still be
 * found in the log; an accepted one always is.
 */

import { setImmediate } from 'node:timers/promises';
import type { AuditEvent, EventBody } from '../core/event.ts';
import { EVENT_VERSION } from '../core/event.ts';
import type { AuditSink, RecordReceipt } from '../core/ports.ts';
import { errorCode, nodeFiles } from '../store/files.ts';
import { AuditUnavailable } from './audit-unavailable.ts';
import { type EncodedEvent, encodeEvent, inOrder } from './bounded-event.ts';
import { checkpointText } from './checkpoint.ts';
import { CommitPace } from './commit-pace.ts';
import { CommitQueue, type QueueItem } from './commit-queue.ts';
import { CommitWindow } from './commit-window.ts';
import { EntryFeed, type EntryListener } from './entry-feed.ts';
import { stampedExchange } from './event-text.ts';
import type { Batch } from './journal.ts';
import { JournalWriter } from './journal-writer.ts';
import type { LogOptions } from './log-options.ts';
import { type LogHead, LogPublisher } from './log-publisher.ts';
import { recoverLog } from './recover.ts';
import { signNote } from './signed-note.ts';
import { TileWriter } from './tile-writer.ts';
import type { TileFile, Tree } from './tree.ts';

interface Prepared {
  readonly batch: Batch;
  items: QueueItem[];
  readonly full: readonly TileFile[];
  readonly after: LogHead;
}

const PROBE_MS = 100;
const MAX_PROBE_MS = 1000;
/** Without a commit for so long, it gives the room back. */
const QUIET_MS = 500;

/** Opens the log, recovering what a crash left. Throws `LogDamaged` when acknowledged entries are harmed. */
export async function openLog(options: LogOptions): Promise<AuditLog> {
  const files = options.files ?? nodeFiles;
  const recovered = recoverLog(options.dir, files);
  const tiles = new TileWriter(options.dir, files);
  tiles.add(recovered.full);
  const sync = options.durability === 'strict';
  const journal = new JournalWriter(options.dir, files, { old: recovered.segments, sync });
  const log = new AuditLog(options, { tree: recovered.tree, journal, tiles }, recovered.note);
  await log.start(recovered.published?.size ?? 0);
  const { tornBytes, unpublished } = recovered;
  if (tornBytes > 0 || unpublished > 0) await log.recovered(tornBytes, unpublished);
  return log;
}

export class AuditLog implements AuditSink {
  readonly #options: LogOptions;
  readonly #origin: string;
  #signers: LogOptions['signers'];
  readonly #tree: Tree;
  readonly #journal: JournalWriter;
  readonly #publisher: LogPublisher;
  readonly #queue: CommitQueue;
  readonly #feed: EntryFeed;
  #head: LogHead;
  /** Null when fine. */
  #trouble: string | null = null;
  #closed = false;
  #running: Promise<void> | null = null;
  #stuck: Prepared | null = null;
  #probe: NodeJS.Timeout | null = null;
  #probes = 0;
  #healing: Promise<void> | null = null;
  readonly #window: CommitWindow;
  #quiet: NodeJS.Timeout | null = null;
  readonly #pace: CommitPace;
  /** The last time that was written: many records share a millisecond. */
  #timed = { now: Number.NaN, text: '' };

  /** Use `openLog`. */
  constructor(
    options: LogOptions,
    parts: { readonly tree: Tree; readonly journal: JournalWriter; readonly tiles: TileWriter },
    note: string | null,
  ) {
    this.#options = options;
    this.#signers = options.signers;
    this.#origin = options.origin ?? options.signers[0].name;
    this.#tree = parts.tree;
    this.#journal = parts.journal;
    this.#head = { size: parts.tree.size, note, edge: parts.tree.edge() };
    this.#queue = new CommitQueue(options.meter);
    this.#feed = new EntryFeed(options.log);
    this.#pace = new CommitPace(options.clock);
    this.#window = new CommitWindow(options.clock, () => {
      if (this.#queue.length > 0) this.#kick();
    });
    this.#publisher = new LogPublisher(
      options,
      { journal: parts.journal, tiles: parts.tiles },
      {
        head: () => this.#head,
        failed: (error) => this.#fail(error),
      },
    );
  }

  /** Signs and publishes what was recovered, and starts the timers. */
  async start(published: number): Promise<void> {
    if (this.#head.note === null && this.#head.size > 0) this.#head = { ...this.#head, note: this.#sign() };
    await this.#journal.start(this.#head.edge);
    await this.#publisher.start(published);
    this.#options.meter.set('locktender_log_writable', 1);
    this.#options.meter.set('locktender_log_size', this.#head.size);
  }

  /** Records that a crash was recovered from. */
  async recovered(truncatedBytes: number, entries: number): Promise<void> {
    const body = {
      type: 'node.recovered',
      id: this.#queue.id(this.#options.clock.now()),
      tenant: null,
      task: null,
    } as const;
    await this.record({ ...body, truncated_bytes: truncatedBytes, entries });
    this.#options.log.warn({ truncatedBytes, entries }, 'the log was recovered after a crash');
  }

  get head(): LogHead {
    return this.#head;
  }

  /** The log's directory. */
  get dir(): string {
    return this.#options.dir;
  }

  writable(): boolean {
    return this.#trouble === null && !this.#closed;
  }

  /** Why it is not writable, or null. */
  trouble(): string | null {
    return this.#closed ? 'closed' : this.#trouble;
  }

  record(event: EventBody, patienceMs?: number): Promise<RecordReceipt> {
    if (this.#closed) return Promise.reject(new AuditUnavailable('closed'));
    let whole = this.#stamped(event);
    let encoded: EncodedEvent;
    try {
      whole = this.#options.seal?.(whole) ?? whole;
      encoded = this.#encode(whole);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#trouble !== null) {
      this.#queue.keepBack(whole, encoded);
      return Promise.reject(new AuditUnavailable(this.#trouble));
    }
    if (this.#queue.full) return Promise.reject(new AuditUnavailable('too many records wait for the disk'));
    const patience = patienceMs ?? (event.type === 'flow.closed' ? (this.#options.windowMs ?? 0) : 0);
    const receipt = this.#queue.add(whole, encoded, this.#options.clock.monotonic(), patience);
    this.#kick();
    return receipt;
  }

  /** Called for every entry once it is durable, in order. Returns how to stop. */
  subscribe(listener: EntryListener): () => void {
    return this.#feed.subscribe(listener);
  }

  /** From the next commit on, checkpoints bear the signatures of these; the name of the log stays. */
  signWith(signers: LogOptions['signers']): void {
    this.#signers = signers;
  }

  /** Publishes a checkpoint of everything durable, now. */
  async publish(): Promise<void> {
    await this.#publisher.publish();
  }

  /** Makes everything durable and published, and stops. Records after this are rejected. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#probe !== null) clearTimeout(this.#probe);
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    await this.#running;
    // What waits in the window is committed now.
    if (this.#queue.length > 0) this.#kick();
    await this.#running;
    await this.#healing;
    this.#queue.rejectAll(new AuditUnavailable('closed'));
    await this.#publisher.close(this.#trouble === null);
    await this.#journal.close();
  }

  #stamped(event: EventBody): AuditEvent {
    const stamp = { time: this.#time(), node: this.#options.node };
    return stampedExchange(event, stamp) ?? inOrder({ ...event, v: EVENT_VERSION, ...stamp });
  }

  #time(): string {
    const now = this.#options.clock.now();
    if (now === this.#timed.now) return this.#timed.text;
    // Records of one second differ in their last digits alone.
    const part = now % 1000;
    const same = now - part === this.#timed.now - (this.#timed.now % 1000) && Number.isInteger(now);
    const text = same
      ? `${this.#timed.text.slice(0, 20)}${String(part).padStart(3, '0')}Z`
      : new Date(now).toISOString();
    this.#timed = { now, text };
    return text;
  }

  #encode(event: AuditEvent): EncodedEvent {
    const encoded = encodeEvent(event);
    if (encoded.truncated) this.#options.meter.count('locktender_log_truncated_total');
    return encoded;
  }

  #sign(): string {
    const text = checkpointText({ origin: this.#origin, size: this.#tree.size, root: this.#tree.root() });
    return signNote(text, this.#signers);
  }

  /** Commits what is queued, once somebody waits for it. */
  #kick(): void {
    if (this.#running !== null || this.#trouble !== null) return;
    if (!this.#due()) {
      this.#window.until(this.#queue.dueAt);
      return;
    }
    this.#window.close();
    // What is recorded in this turn of the event loop shares one commit.
    this.#running = setImmediate().then(() => this.#run());
  }

  /** Commits batch after batch until the queue is empty; never rejects. */
  async #run(): Promise<void> {
    try {
      for (let due = this.#queue.length > 0; due && this.#trouble === null; due = this.#due()) {
        const calm = this.#pace.calm(() => this.#queue.length);
        if (calm !== undefined) await calm;
        // A disk that failed meanwhile has taken from the queue those whose act does not happen.
        if (this.#trouble !== null || this.#queue.length === 0) break;
        const prepared = this.#prepare();
        this.#stuck = prepared;
        await this.#commit(prepared);
        if (this.#publisher.behind) await this.#publisher.catchUp();
        // Those who were answered ask again in this turn: they share the next commit.
        await setImmediate();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = null;
      if (this.#queue.length > 0) this.#kick();
      this.#restLater();
    }
  }

  /** True while what is queued need not wait for the window. */
  #due(): boolean {
    if (this.#queue.length === 0) return false;
    return this.#closed || this.#queue.dueAt <= this.#options.clock.monotonic();
  }

  /** Takes a batch off the queue, grows the tree by it and signs. */
  #prepare(): Prepared {
    const items = this.#queue.take();
    const first = this.#tree.size;
    const full: TileFile[] = [];
    for (const item of items) this.#tree.append(item.encoded.bytes, full);
    const note = this.#sign();
    const after = { size: this.#tree.size, note, edge: this.#tree.edge() };
    return { batch: { first, entries: items.map((item) => item.encoded.bytes), note }, items, full, after };
  }

  async #commit(prepared: Prepared): Promise<void> {
    const stalled = setTimeout(() => this.#stall(), this.#options.stallMs ?? 5000);
    try {
      if (!this.#journal.ready || this.#journal.length > (this.#options.segmentBytes ?? 64 * 1024 * 1024)) {
        await this.#journal.start(this.#head.edge);
        this.#publisher.trimLater();
      }
      await this.#journal.append(prepared.batch, this.#pace.commits(prepared.items.length));
    } finally {
      clearTimeout(stalled);
    }
    this.#applied(prepared);
  }

  /** The batch is durable: acknowledge it. */
  #applied({ batch, items, full, after }: Prepared): void {
    this.#stuck = null;
    this.#head = after;
    if (this.#trouble === 'stalled') this.#healed();
    this.#queue.settle(items, batch.first, this.#options.clock.monotonic());
    this.#options.meter.set('locktender_log_size', after.size);
    this.#publisher.add(full);
    this.#feed.push(batch.first, items);
  }

  /** Once it is quiet, the journal's room goes back. */
  #restLater(): void {
    if (this.#quiet !== null || this.#closed || !this.#journal.roomy) return;
    const { committed } = this.#pace;
    this.#quiet = setTimeout(() => {
      this.#quiet = null;
      if (this.#running !== null || this.#trouble !== null || committed !== this.#pace.committed) this.#restLater();
      else this.#running = this.#giveBack();
    }, QUIET_MS);
    this.#quiet.unref();
  }

  async #giveBack(): Promise<void> {
    await this.#journal.giveBack();
    this.#running = null;
    if (this.#queue.length > 0) this.#kick();
  }

  #stall(): void {
    this.#setTrouble('stalled');
    this.#queue.rejectWaiters(this.#stuck?.items ?? [], new AuditUnavailable('stalled'));
  }

  #fail(error: unknown): void {
    const cause = errorCode(error);
    this.#setTrouble(cause);
    this.#options.log.error({ error }, 'the record cannot be written; new work is denied');
    this.#queue.rejectWaiters(this.#stuck?.items ?? [], new AuditUnavailable(cause));
    this.#probeLater();
  }

  #setTrouble(cause: string): void {
    this.#trouble = cause;
    this.#options.meter.set('locktender_log_writable', 0);
  }

  #probeLater(): void {
    // One recovery at a time: two would start segments of the journal in each other's way.
    if (this.#closed || this.#probe !== null || this.#healing !== null) return;
    const wait = Math.min(MAX_PROBE_MS, (this.#options.probeMs ?? PROBE_MS) * 2 ** this.#probes);
    this.#probes += 1;
    this.#probe = setTimeout(() => {
      this.#probe = null;
      this.#healing = this.#heal();
    }, wait);
  }

  async #heal(): Promise<void> {
    const healed = await this.#tryAgain();
    this.#healing = null;
    if (healed) this.#healed();
    else this.#probeLater();
  }

  /** Writes the stuck batch to a new segment, and whatever tiles wait; when all stand, work is admitted again. */
  async #tryAgain(): Promise<boolean> {
    // A commit may still be under way when it was the tiles that failed.
    await this.#running;
    try {
      await this.#journal.start(this.#head.edge);
      if (this.#stuck !== null) await this.#commit(this.#stuck);
      await this.#publisher.publish();
    } catch (error) {
      this.#setTrouble(errorCode(error));
      return false;
    }
    this.#options.log.info({ size: this.#head.size }, 'the record can be written again');
    return true;
  }

  #healed(): void {
    this.#trouble = null;
    this.#probes = 0;
    this.#options.meter.set('locktender_log_writable', 1);
    if (this.#queue.length > 0) this.#kick();
  }
}

/** Events that wait for the next commit, and those who wait for them. */

import { randomBytes } from 'node:crypto';
import type { AuditEvent, EventType } from '../core/event.ts';
import { ulid } from '../core/ids.ts';
import type { Meter, RecordReceipt } from '../core/ports.ts';
import type { EncodedEvent } from './bounded-event.ts';

export interface QueueItem {
  readonly event: AuditEvent;
  readonly encoded: EncodedEvent;
  /** Monotonic ms when it was handed over. */
  readonly since: number;
  /** Null once its waiter has been answered. */
  waiter: { resolve(receipt: RecordReceipt): void; reject(error: Error): void } | null;
}

const MAX_QUEUED = 200_000;
const MAX_KEPT_BACK = 10_000;
const MAX_BATCH_ENTRIES = 8192;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * What has happened by the time it is recorded. Such events are kept while the disk fails and written when it heals;
 * the others (a decision, an admission, a change) gate an act that now does not happen.
 */
const AFTER_THE_FACT: ReadonlySet<EventType> = new Set(['flow.closed', 'task.finished', 'guard.verdict']);

/** A meter finds labels that are the same object without reading them. */
const labels = new Map<EventType, { readonly type: EventType }>();

function labelOf(type: EventType): { readonly type: EventType } {
  const known = labels.get(type);
  if (known !== undefined) return known;
  const made = Object.freeze({ type });
  labels.set(type, made);
  return made;
}

export class CommitQueue {
  readonly #meter: Meter;
  #items: QueueItem[] = [];
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Monotonic ms by which what is queued wants its commit; infinite while nothing is. */
  get dueAt(): number {
    return this.#dueAt;
  }

  get full(): boolean {
    return this.#items.length >= MAX_QUEUED;
  }

  /** An id for an event of the log's own. */
  id(now: number): string {
    return ulid('e', now, randomBytes(10));
  }

  /** `patienceMs`: how long it may wait for company. */
  add(event: AuditEvent, encoded: EncodedEvent, since: number, patienceMs: number): Promise<RecordReceipt> {
    this.#dueAt = Math.min(this.#dueAt, since + patienceMs);
    return new Promise((resolve, reject) => {
      this.#items.push({ event, encoded, since, waiter: { resolve, reject } });
    });
  }

  /** While the log cannot be written: keeps what has already happened, within bounds. */
  keepBack(event: AuditEvent, encoded: EncodedEvent): void {
    this.#meter.count('locktender_log_rejected_total', { cause: 'unavailable' });
    if (!AFTER_THE_FACT.has(event.type)) return;
    const room = this.#items.length < MAX_KEPT_BACK;
    this.#meter.count('locktender_log_kept_back_total', { fate: room ? 'kept' : 'lost' });
    if (room) {
      this.#items.push({ event, encoded, since: 0, waiter: null });
      this.#dueAt = 0;
    }
  }

  /** The next batch: at least one item, bounded in number and bytes. */
  take(): QueueItem[] {
    let bytes = 0;
    let count = 0;
    for (const { encoded } of this.#items) {
      bytes += encoded.bytes.length;
      if (count > 0 && (count >= MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES)) break;
      count += 1;
    }
    if (count === this.#items.length) {
      const all = this.#items;
      this.#items = [];
      this.#dueAt = Number.POSITIVE_INFINITY;
      return all;
    }
    return this.#items.splice(0, count);
  }

  /** They are durable. */
  settle(items: readonly QueueItem[], first: number, now: number): void {
    this.#meter.observe('locktender_log_batch_entries', items.length);
    let bytes = 0;
    const types = new Map<EventType, number>();
    for (let i = 0; i < items.length; i += 1) {
      const item = items[i] as QueueItem;
      bytes += item.encoded.bytes.length;
      types.set(item.event.type, (types.get(item.event.type) ?? 0) + 1);
      if (item.waiter === null) continue;
      this.#meter.observe('locktender_log_commit_seconds', (now - item.since) / 1000);
      item.waiter.resolve({ seq: first + i });
    }
    for (const [type, count] of types) this.#meter.count('locktender_log_entries_total', labelOf(type), count);
    this.#meter.count('locktender_log_bytes_total', undefined, bytes);
  }

  /** The disk failed: tells everyone, and forgets those queued whose act now does not happen. */
  rejectWaiters(inFlight: readonly QueueItem[], error: Error): void {
    for (const item of inFlight) this.#reject(item, error);
    const queued = this.#items;
    this.#items = [];
    for (const item of queued) {
      if (item.waiter !== null) this.#reject(item, error);
      if (AFTER_THE_FACT.has(item.event.type) && this.#items.length < MAX_KEPT_BACK) this.#items.push(item);
    }
    this.#dueAt = this.#items.length > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  rejectAll(error: Error): void {
    this.rejectWaiters([], error);
    this.#items = [];
  }

  #reject(item: QueueItem, error: Error): void {
    if (item.waiter === null) return;
    this.#meter.count('locktender_log_rejected_total', { cause: 'failed' });
    item.waiter.reject(error);
    item.waiter = null;
  }
}

/**
 * The hub's end of the records: reads the stream in order and hands each shipment to the mirror of its node. How far it has come
 * is kept here, not at NATS: after a crash it begins again before the first shipment that is not under a mirror's checkpoint.
 *
 *   read → taken by the mirror → (every second) mirrors durable → position durable
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Mirrors } from '../../audit/mirror/mirrors.ts';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import type { Documents } from '../../store/documents.ts';
import type { Connected, FleetConnection } from '../connection.ts';
import { nodeOfSubject, openRecordsStream, recordsPlaces } from './records-stream.ts';

export interface IntakeOptions {
  readonly fleet: string;
  readonly mirrors: Mirrors;
  /** Where the position is kept. */
  readonly documents: Documents;
  /** Closed with the intake. */
  readonly connection: FleetConnection;
  /** Of the stream. */
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** How often mirrors are made durable; 1 s. */
  readonly flushMs?: number;
}

/** Where in which stream the next shipment is. */
interface Position {
  /** When the stream was made: one that was made anew begins anew. */
  readonly stream: string;
  readonly next: number;
}

const DOCUMENT = 'fleet-mirrors';
const FLUSH_MS = 1000;
/** Mirrors are made durable also after so many bytes. */
const FLUSH_BYTES = 8 * 1024 * 1024;
const KEPT_MS = 5000;
/** Read ahead: at most some ten megabytes. */
const AHEAD = 32;
const AGAIN_MS = 1000;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #stop = new AbortController();
  #position: Position | null = null;
  #kept: Position | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;
  #messages: ConsumerMessages | null = null;
  #bytes = 0;
  #pending = 0;
  /** What failed while mirrors were made durable, for the loop to meet. */
  #failure: unknown = null;
  /** One thing at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Messages of the stream that have not been read. */
  get pending(): number {
    return this.#pending;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#messages?.stop();
    await this.#running;
    await this.#options.connection.close();
    await this.inTurn(() => this.#flush(true)).catch((error: unknown) => this.#tell(error));
  }

  /** Does something with the mirrors while nothing else does. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#last.then(act);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { connection, flushMs = FLUSH_MS } = this.#options;
    // A connection that stands anew: from where we are, whatever the library remembers.
    const ended = connection.onConnected(() => this.#messages?.stop());
    const timer = setInterval(() => void this.#flushLater(), flushMs);
    timer.unref();
    while (!signal.aborted) {
      const connected = connection.current();
      try {
        if (connected !== null) await this.#follow(connected);
      } catch (error) {
        this.#tell(error);
      }
      if (!signal.aborted) await wait(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
    clearInterval(timer);
    ended();
  }

  async #follow({ jetstream }: Connected): Promise<void> {
    const { fleet, retentionDays } = this.#options;
    const places = recordsPlaces(fleet);
    const { created } = await openRecordsStream(await jetstream.jetstreamManager(), places, retentionDays);
    if (this.#failure !== null) this.#beginAgain();
    this.#position ??= this.#read();
    if (this.#position?.stream !== created) this.#position = { stream: created, next: 1 };
    const from = { deliver_policy: 'by_start_sequence' as const, opt_start_seq: this.#position.next };
    const consumer = await jetstream.consumers.get(places.stream, from);
    const messages = await consumer.consume({ max_messages: AHEAD });
    this.#messages = messages;
    try {
      if (this.#stop.signal.aborted) return;
      for await (const message of messages) await this.inTurn(() => this.#take(message));
    } finally {
      this.#messages = null;
      messages.stop();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  async #take(message: JsMsg): Promise<void> {
    const position = this.#position;
    if (position === null || message.seq < position.next || this.#failure !== null) return;
    await this.#options.mirrors
      .take(nodeOfSubject(message.subject), message.data, message.seq)
      .catch((error: unknown) => {
        this.#failure = error;
        throw error;
      });
    this.#position = { ...position, next: message.seq + 1 };
    this.#pending = message.info.pending;
    this.#bytes += message.data.length;
    if (this.#bytes >= FLUSH_BYTES) await this.#flush(false);
  }

  async #flushLater(): Promise<void> {
    if (this.#failure !== null) return;
    await this.inTurn(() => this.#flush(false)).catch((error: unknown) => {
      this.#failure = error;
      this.#messages?.stop();
    });
  }

  async #flush(last: boolean): Promise<void> {
    const { mirrors, clock, documents, meter } = this.#options;
    this.#bytes = 0;
    const first = await mirrors.flush();
    mirrors.measure();
    meter.set('locktender_fleet_records_pending_messages', this.#pending);
    if (this.#position === null) return;
    const next = Math.min(this.#position.next, first ?? Number.POSITIVE_INFINITY);
    if (this.#kept?.next === next && this.#kept.stream === this.#position.stream) return;
    if (!last && clock.monotonic() - this.#keptAt < KEPT_MS) return;
    const kept = { ...this.#position, next };
    await documents.write(DOCUMENT, kept);
    this.#kept = kept;
    this.#keptAt = clock.monotonic();
  }

  /** The disk failed: what is in memory is not believed any more. */
  #beginAgain(): void {
    this.#options.mirrors.reopen();
    this.#position = null;
    this.#failure = null;
  }

  #read(): Position | null {
    const kept = this.#options.documents.read(DOCUMENT) as Partial<Position> | null;
    const { stream, next } = kept ?? {};
    return typeof stream === 'string' && typeof next === 'number' && Number.isSafeInteger(next)
      ? { stream, next }
      : null;
  }

  #tell(error: unknown): void {
    if (!this.#stop.signal.aborted)
      this.#options.log.error({ error }, 'records of the fleet cannot be taken; tried again');
  }
}

/**
 * Ships this node's record, in order, from a cursor on disk. It reads the log's own files under signed checkpoints, so nothing
 * queues in memory however long nobody can be reached: the log is the spool.
 *
 *   read up to a checkpoint → sent, stored by the stream → cursor durable → next; what the mirror's owner says it has → back, if it lacks something
 *
 * INVARIANT: the cursor never passes an entry that the stream has not stored. What was stored and yet did not arrive is sent
 * again, from where the owner of the mirror says that it stands.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import type { Documents } from '../../store/documents.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { rootAt } from '../proof.ts';
import { firstKept } from '../pruning.ts';
import { EntriesMissing } from '../read.ts';
import { publishedCheckpoint } from '../recover.ts';
import { NoProof } from '../tile-tree.ts';
import { type Goal, nextGoal, nextShipment, type ShipmentLimits } from './next-shipment.ts';
import { type ShipCursor, ShipCursorKeeper } from './ship-cursor.ts';
import { encodeShipment, type Shipment, shipmentEnd } from './shipment.ts';

export interface ShipperOptions {
  /** Directory of the log; a writer may be at work in it. */
  readonly dir: string;
  readonly documents: Documents;
  /** Resolves when the stream has stored it. `id` is the same for the same entries until they are sent again on purpose. */
  readonly send: (bytes: Buffer, id: string) => Promise<void>;
  /** Asked before each window: what one shipment may hold. */
  readonly limits: () => ShipmentLimits;
  /** Shipments under way at once. */
  readonly window: number;
  /** How often to look for news; ms. */
  readonly pollMs: number;
  /** First wait after a failure, doubled up to the longest, each cut by up to half at random; ms. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** What was stored is sent again when the mirror has not grown for so long; ms. */
  readonly resendMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly files?: Files;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** What the owner of the mirror says of it, by its own signature. */
export interface MirrorPosition {
  /** Entries that it has taken. */
  readonly size: number;
  /** Root of the tree of those. */
  readonly root: Buffer;
  /** Entries that are safe there. */
  readonly published: number;
  /** What is wrong with what came, or null. */
  readonly fault: string | null;
}

/**
 * `waiting`: nothing was shipped yet, and nobody has said that it would be taken. `refused`: the mirror holds another history than this log, or more of it than there is: somebody has to look.
 * `lost`: what is to be shipped next is not here any more.
 */
export type ShipperState = 'waiting' | 'current' | 'shipping' | 'failing' | 'lost' | 'refused';

export interface ShipperStatus {
  readonly state: ShipperState;
  /** Sequence of the first entry that is not stored by the stream. */
  readonly next: number;
  /** Entries that are safe in the mirror, as far as was said. */
  readonly confirmed: number;
  /** Entries under this log's checkpoint that are not yet safe in the mirror. */
  readonly lag_entries: number;
  /** Since this process started. */
  readonly shipped: number;
  readonly resent: number;
  readonly failures: number;
  readonly why: string | null;
}

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #files: Files;
  readonly #keeper: ShipCursorKeeper;
  readonly #stop = new AbortController();
  #cursor: ShipCursor | null = null;
  #goal: Goal | null = null;
  #published = 0;
  #state: ShipperState = 'waiting';
  #why: string | null = null;
  #inRow = 0;
  #shipped = 0;
  #resent = 0;
  #failures = 0;
  /** Marks what is sent again, so that it is not taken for what was stored already. */
  #round = 0;
  /** Monotonic ms: when the mirror last grew, or was sent something again. */
  #movedAt: number;
  #mirrored = -1;
  /** Where to go back to before the next window. */
  #back: number | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeFiles;
    this.#keeper = new ShipCursorKeeper(options.documents);
    this.#movedAt = options.clock.monotonic();
  }

  start(): void {
    if (!this.#stop.signal.aborted) this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  status(): ShipperStatus {
    const { next = 0, confirmed = 0 } = this.#cursor ?? {};
    return {
      state: this.#state,
      next,
      confirmed,
      lag_entries: Math.max(0, this.#published - confirmed),
      shipped: this.#shipped,
      resent: this.#resent,
      failures: this.#failures,
      why: this.#why,
    };
  }

  /** Told by the owner of the mirror. What it lacks is sent again. */
  async heard(position: MirrorPosition): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null) return;
    const { clock, log, resendMs } = this.#options;
    const unlike = this.#unlike(position);
    if (unlike !== null) {
      if (this.#state !== 'refused') log.error({ mirrored: position.size }, unlike);
      this.#turn('refused', unlike);
      return;
    }
    if (this.#state === 'refused') this.#turn('shipping', null);
    const now = clock.monotonic();
    if (position.size !== this.#mirrored) {
      this.#mirrored = position.size;
      this.#movedAt = now;
    }
    if (position.published > cursor.confirmed) await this.#move({ ...cursor, confirmed: position.published });
    const quiet = now - this.#movedAt;
    if (position.size >= cursor.next || quiet < (position.fault === null ? resendMs : resendMs / 4)) return;
    this.#back = position.size;
    this.#movedAt = now;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const waitMs = await this.#step().catch((error: unknown) => this.#failed(error));
      this.#measure();
      if (waitMs > 0) await wait(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One window; how long to wait before the next, in ms. */
  async #step(): Promise<number> {
    const cursor = await this.#begin();
    const shipments = this.#read(cursor);
    if (shipments.length === 0) {
      if (this.#state !== 'refused') this.#turn('current', null);
      this.#inRow = 0;
      return this.#options.pollMs;
    }
    const sending = shipments.map((shipment) => this.#send(shipment));
    const outcomes = await Promise.allSettled(sending);
    const failed = outcomes.findIndex(({ status }) => status === 'rejected');
    if (failed >= 0) {
      // Stored before what it follows: the mirror takes it only when it comes once more.
      if (outcomes.slice(failed).some(({ status }) => status === 'fulfilled')) this.#round += 1;
      throw (outcomes[failed] as PromiseRejectedResult).reason;
    }
    const last = shipments.at(-1) as Shipment;
    const next = shipmentEnd(last);
    const through = next >= cursor.through ? 0 : cursor.through;
    await this.#move({ ...(this.#cursor ?? cursor), next, root: this.#rootOf(next), through });
    this.#shipped += next - cursor.next;
    this.#options.meter.count('locktender_fleet_records_shipped_total', {}, next - cursor.next);
    if (this.#inRow > 0) this.#options.log.info({}, 'the record is shipped again');
    this.#inRow = 0;
    if (this.#state !== 'refused') this.#turn('shipping', null);
    return 0;
  }

  async #begin(): Promise<ShipCursor> {
    this.#published = publishedCheckpoint(this.#options.dir, this.#files)?.size ?? 0;
    if (this.#cursor === null) this.#cursor = this.#checked(this.#keeper.read());
    const back = this.#back;
    this.#back = null;
    if (back !== null && back < this.#cursor.next) {
      this.#options.log.warn({ from: back, to: this.#cursor.next }, 'the mirror lacks entries; they are shipped again');
      this.#options.meter.count('locktender_fleet_records_resent_total', {}, this.#cursor.next - back);
      this.#resent += this.#cursor.next - back;
      this.#round += 1;
      this.#goal = null;
      await this.#move({ ...this.#cursor, next: back, root: this.#rootOf(back), through: 0 });
    }
    return this.#cursor;
  }

  /** A cursor of another log, or of one that was cut back: all is sent, and the owner of the mirror sees what differs. */
  #checked(cursor: ShipCursor): ShipCursor {
    const root = cursor.next <= this.#published ? this.#rootOf(cursor.next) : null;
    if (cursor.root === null || root === cursor.root) return cursor;
    if (root === null && cursor.next <= this.#published) return cursor;
    this.#options.log.error({ next: cursor.next }, 'this is not the log that was shipped before; all of it is shipped');
    return { next: 0, root: null, through: 0, confirmed: 0 };
  }

  /** Shipments of one window, up to the goal. */
  #read(cursor: ShipCursor): Shipment[] {
    const { dir, limits, window } = this.#options;
    if (this.#goal === null || this.#goal.size <= cursor.next) {
      this.#goal = nextGoal(dir, cursor.next, { atLeast: cursor.through, files: this.#files });
    }
    const goal = this.#goal;
    const shipments: Shipment[] = [];
    for (let from = cursor.next; goal !== null && from < goal.size && shipments.length < window; ) {
      const shipment = nextShipment(dir, from, { goal, limits: limits(), files: this.#files });
      // What tells of the pruning comes later: no checkpoint before it is shipped up to, over a restart neither.
      if (shipment.body.kind !== 'entries' && cursor.through < goal.size) {
        this.#pruned(shipment);
        this.#cursor = { ...cursor, through: goal.size };
      }
      shipments.push(shipment);
      from = shipmentEnd(shipment);
    }
    return shipments;
  }

  #pruned({ first }: Shipment): void {
    const { dir, log, meter } = this.#options;
    const lost = firstKept(dir, this.#files) - first;
    meter.count('locktender_fleet_records_lost_total', {}, lost);
    log.error({ first, lost }, 'entries were removed by retention before they were shipped; their hashes are shipped');
  }

  #send(shipment: Shipment): Promise<void> {
    const { first } = shipment;
    return this.#options.send(encodeShipment(shipment), `${first}-${shipmentEnd(shipment)}-${this.#round}`);
  }

  /** Why the mirror is not of this log; null when it is, as far as can be said. */
  #unlike({ size, root }: MirrorPosition): string | null {
    if (size > this.#published) {
      this.#published = publishedCheckpoint(this.#options.dir, this.#files)?.size ?? 0;
      if (size > this.#published) {
        return `the hub holds ${size} entries of this log, which has ${this.#published}: it was cut back, or replaced`;
      }
    }
    const own = this.#rootOf(size);
    return own === null || own === root.toString('base64') ? null : 'the hub holds another history of this log';
  }

  /** Null where it cannot be told, in the midst of what was pruned. */
  #rootOf(size: number): string | null {
    try {
      return rootAt(this.#options.dir, size, this.#files).toString('base64');
    } catch (error) {
      if (error instanceof NoProof) return null;
      throw error;
    }
  }

  async #move(cursor: ShipCursor): Promise<void> {
    await this.#keeper.write(cursor);
    this.#cursor = cursor;
  }

  #turn(state: ShipperState, why: string | null): void {
    this.#state = state;
    this.#why = why;
  }

  /** How long to wait, in ms. */
  #failed(error: unknown): number {
    if (this.#stop.signal.aborted) return 0;
    const { backoffMs, maxBackoffMs, log, meter, random = Math.random } = this.#options;
    const lost = error instanceof EntriesMissing || error instanceof NoProof;
    const why = error instanceof Error ? error.message : 'failed';
    this.#goal = null;
    this.#failures += 1;
    this.#inRow += 1;
    meter.count('locktender_fleet_records_failures_total', { cause: lost ? 'lost' : 'unreachable' });
    if (this.#inRow === 1) log.warn({ why }, 'the record could not be shipped; it is tried again');
    if (this.#state !== 'refused') this.#turn(lost ? 'lost' : 'failing', why);
    const full = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(20, this.#inRow - 1));
    return full / 2 + (random() * full) / 2;
  }

  #measure(): void {
    const { meter } = this.#options;
    meter.set('locktender_fleet_records_lag_entries', this.status().lag_entries);
    meter.set('locktender_fleet_records_faulty', this.#state === 'refused' || this.#state === 'lost' ? 1 : 0);
  }
}

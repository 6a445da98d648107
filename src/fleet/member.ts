/**
 * A member of a fleet: applies what the hub ordered, in order and never backwards, says what it did, and asks for its lease. Whatever
 * goes wrong on the way ends in a lease that is not renewed, and then in denials.
 */

import { type KeyObject, randomBytes } from 'node:crypto';
import type { Subscription } from '@nats-io/transport-node';
import type { SnapshotCause } from '../control/control-order.ts';
import type { CutReceipt } from '../core/controls.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Connected } from './connection.ts';
import { open, seal } from './envelope.ts';
import { readObject, readOrder } from './fleet-store.ts';
import { type Answer, LeaseAsker } from './lease-asker.ts';
import type { MemberOptions, MemberView } from './member-parts.ts';
import { type MemberPosition, readPosition, writePosition } from './member-state.ts';
import { type FleetOrder, type FleetReceipt, orderAtSchema, orderSchema, placesOf } from './messages.ts';

const AGAIN_MS = 1000;
/** Of the words of a receipt. */
const MOST_REFUSED = 2000;
const WENT_BACK =
  'the hub went back behind its own orders: its state went back; it has to begin a new epoch, see docs/fleet.md';

export class FleetMember {
  readonly #options: MemberOptions;
  readonly #places: ReturnType<typeof placesOf>;
  readonly #key: KeyObject;
  #position: MemberPosition;
  /** Order whose controls and files are in force; -1 before the first of this run. */
  #applied = -1;
  #latest: FleetOrder | null = null;
  #receipt: FleetReceipt | null = null;
  /** Files that were last settled in this run. */
  #filed: string | null = null;
  #refused: string | null = null;
  #offered: string | null = null;
  #trouble: string | null = 'the hub has not answered yet';
  /** Whose orders are carried out; before that, whose were. */
  #epoch: string | null;
  #taking: Promise<void> = Promise.resolve();
  #filing: Promise<void> = Promise.resolve();
  /** How many turns are under way or wait behind it. */
  #filings = 0;
  #again: NodeJS.Timeout | null = null;
  #subscribed: { readonly nats: unknown; readonly subscription: Subscription } | null = null;
  readonly #asker: LeaseAsker;
  readonly #ending = new AbortController();
  #stops: (() => void)[] = [];
  /** Of this process: where another one runs with the same key, the hub tells them apart. */
  readonly #run = randomBytes(16).toString('hex');

  /** Throws when what it kept is not valid, or of another fleet. */
  constructor(options: MemberOptions) {
    this.#options = options;
    this.#places = placesOf(options.fleet);
    this.#key = options.hub.key;
    this.#position = readPosition(options.documents, options.fleet);
    this.#epoch = this.#position.epoch;
    this.#asker = new LeaseAsker({
      ...options,
      hubKey: options.hub.key,
      run: this.#run,
      stands: () => {
        const { epoch, sequence: seen } = this.#position;
        return { epoch, seen, applied: this.#applied, receipt: this.#receipt };
      },
      answered: (answer) => this.#answered(answer),
      trouble: (why) => {
        this.#trouble = why;
      },
    });
  }

  get position(): MemberPosition {
    return this.#position;
  }

  view(): MemberView {
    const { epoch, hub_version: hubVersion } = this.#position;
    const { sequence } = this.#position;
    return { epoch, offered: this.#offered, sequence, hubVersion, refused: this.#refused, trouble: this.#trouble };
  }

  start(): void {
    this.#stops.push(this.#options.connection.onConnected((connected) => this.#connected(connected)));
    this.#asker.soon();
  }

  /** Called once nothing is let out here any more: it gives its lease back. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#asker.stop();
    if (this.#again) clearTimeout(this.#again);
    for (const stop of this.#stops.splice(0)) stop();
    this.#subscribed?.subscription.unsubscribe();
    await this.#taking;
    await this.#filing;
    await this.#asker.leave();
  }

  /** An operator's word that the hub began anew: its next order of this epoch is followed, from wherever it counts. */
  async agree(epoch: string): Promise<Result<null, string>> {
    if (epoch === this.#position.epoch)
      return err('this node follows that epoch; where its hub went back, the hub has to begin a new one');
    await this.#keep({ agreed: epoch });
    this.#fetch();
    this.#asker.soon();
    return ok(null);
  }

  /** Asks for a lease now. */
  hurry(): void {
    this.#asker.soon();
  }

  #connected(connected: Connected): void {
    const { nats } = connected;
    if (this.#subscribed?.nats !== nats) {
      const subscription = nats.subscribe(this.#places.order, {
        callback: (error, message) => {
          if (error === null) this.#take(message.data);
        },
      });
      this.#subscribed = { nats, subscription };
    }
    this.#fetch();
    this.#asker.soon();
  }

  /** Reads the latest order: what was said while nobody listened. */
  #fetch(): void {
    const connected = this.#options.connection.current();
    if (connected === null) return;
    readOrder(connected, this.#places).then(
      (bytes) => bytes && this.#take(bytes),
      (error: unknown) => this.#options.log.debug({ error }, 'the latest order of the hub could not be read yet'),
    );
  }

  #take(bytes: Uint8Array): void {
    this.#taking = this.#taking
      .then(() => this.#taken(bytes))
      .catch((error: unknown) => this.#options.log.error({ error }, 'an order of the hub could not be carried out'));
  }

  async #taken(bytes: Uint8Array): Promise<void> {
    const order = await this.#read(bytes);
    if (order === null || this.#ending.signal.aborted || !this.#follows(order)) return;
    const { epoch, sequence } = order;
    if (epoch !== this.#epoch) this.#begin(epoch);
    const withdrew = this.#latest !== null && withdraws(order, this.#latest);
    this.#latest = order;
    this.#options.acts.passKeys(order.pass_keys);
    // Who lives by a pass of that key is not known: all is cut.
    if (withdrew) this.#standDown();
    const receipt = await this.#controls(order);
    if (receipt === null) return;
    this.#offered = null;
    const agreed = this.#position.agreed === epoch ? null : this.#position.agreed;
    const hub_version = order.controls.version;
    const went_back = epoch === this.#position.epoch && this.#position.went_back;
    await this.#keep({ epoch, sequence, hub_version, agreed, went_back });
    // Most changes are of controls alone; but files of an order before may be on their way into force.
    if (this.#filed === filesKey(order) && this.#filings === 0) this.#settle(order, receipt);
    else {
      this.#say(receipt);
      this.#file();
    }
  }

  /** Nothing that was said of another epoch counts. */
  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#latest = null;
    this.#receipt = null;
    this.#standDown();
  }

  /** Nothing is allowed until an answer of the hub counts anew. */
  #standDown(): void {
    this.#applied = -1;
    this.#options.lease.void();
    this.#options.onLease();
  }

  /** Null when it is not the hub's, or is one that is not followed. */
  async #read(bytes: Uint8Array): Promise<FleetOrder | null> {
    const key = this.#key;
    const direct = open(bytes, { kind: 'order', key, schema: orderSchema });
    if (direct.ok) return direct.value;
    const at = open(bytes, { kind: 'order-at', key, schema: orderAtSchema });
    if (!at.ok) return this.#refuse(direct.error === 'it is no order' ? at.error : direct.error);
    const connected = this.#options.connection.current();
    if (connected === null) return null;
    const large = await readObject(connected, this.#places, { ...at.value.at, stop: this.#ending.signal });
    const order = open(large, { kind: 'order', key, schema: orderSchema });
    return order.ok ? order.value : this.#refuse(order.error);
  }

  #refuse(why: string): null {
    this.#options.meter.count('locktender_fleet_refused_total', { kind: 'order' });
    this.#options.log.error({ why }, 'an order that is not the hub’s was refused');
    return null;
  }

  /** Never backwards, never into another epoch without an operator's word. */
  #follows({ fleet, epoch, sequence, node }: FleetOrder): boolean {
    const { position } = this;
    if (fleet !== this.#options.fleet || node !== this.#options.hub.node) {
      this.#refuse('it is of another fleet');
      return false;
    }
    const isNew = position.epoch === null || epoch === position.agreed;
    if (epoch !== position.epoch && !isNew) {
      this.#offered = epoch;
      this.#trouble = `the hub began anew (epoch ${epoch}); see that this is right, then run \`locktender fleet follow ${epoch}\``;
      this.#options.log.error({ epoch, followed: position.epoch }, 'the hub began a new epoch, which is not followed');
      return false;
    }
    if (epoch === position.epoch && position.went_back) {
      this.#trouble = WENT_BACK;
      return false;
    }
    if (epoch === position.epoch && sequence < position.sequence) {
      this.#refuse(`order ${sequence} is older than ${position.sequence}, which is in force`);
      return false;
    }
    // The one that is in force, said once more.
    return !(epoch === position.epoch && sequence === this.#latest?.sequence && this.#receipt?.sequence === sequence);
  }

  async #controls(order: FleetOrder): Promise<FleetReceipt | null> {
    const { fleet, signer, log, acts } = this.#options;
    const outcome = await acts.follow(order.controls, causeOf(order, this.#position));
    if (!outcome.ok) {
      // What was ordered is not in force, or would not be after a restart: nothing is allowed until it is.
      this.#standDown();
      this.#latest = null;
      this.#trouble = outcome.error;
      log.error({ why: outcome.error, sequence: order.sequence }, 'an order of the hub did not come into force');
      return null;
    }
    const { live, dependants, cut, missed, decisions, slowest_ms } = outcome.value ?? NOTHING;
    return {
      ...{ fleet, epoch: order.epoch, sequence: order.sequence, node: signer.node, run: this.#run },
      ...{ live, dependants, cut, missed: missed.slice(0, 10_000), decisions, slowest_ms, whole: false, refused: null },
    };
  }

  /** One order after another: what comes into force last is of the latest. */
  #file(): void {
    this.#filings += 1;
    this.#filing = this.#filing
      .then(() => this.#files())
      .catch((error: unknown) => this.#options.log.error({ error }, 'the files of an order could not be settled'))
      .finally(() => {
        this.#filings -= 1;
      });
  }

  /** Files of the latest order, once they are there; what is not had is tried again while the lease runs out. */
  async #files(): Promise<void> {
    const order = this.#latest;
    if (order === null || this.#ending.signal.aborted || this.#applied === order.sequence) return;
    if (this.#filed !== filesKey(order) && !(await this.#loaded(order))) {
      if (this.#again) clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#file(), AGAIN_MS).unref();
      return;
    }
    // Where another order came meanwhile, its turn is behind this one.
    const receipt = this.#receipt;
    if (this.#latest !== order || receipt?.sequence !== order.sequence) return;
    if (this.#refused === null || this.#options.acts.followed()) return this.#settle(order, receipt);
    // None of the hub's were ever in force: there is nothing to act on, and the next order tries again.
    this.#filed = null;
    this.#say({ ...receipt, refused: this.#refused });
  }

  /** False when they could not be had: then it is not known what is in force, and it is tried again. */
  async #loaded(order: FleetOrder): Promise<boolean> {
    const { connection, acts, log } = this.#options;
    this.#filed = null;
    try {
      const outcome = await acts.files(order.policy, async (archive) => {
        const connected = connection.current();
        if (connected === null) throw new Error('NATS is not reached');
        return readObject(connected, this.#places, { ...archive, stop: this.#ending.signal });
      });
      this.#refused = outcome.ok ? null : outcome.error.slice(0, MOST_REFUSED);
      const { files: edited, imports } = order.policy;
      if (outcome.ok) await this.#keep({ files: { edited, imports } });
    } catch (error) {
      log.warn({ error, sequence: order.sequence }, 'the files of an order could not be had; it is tried again');
      return false;
    }
    this.#filed = filesKey(order);
    return true;
  }

  /** All of the order is in force, or refused. */
  #settle({ sequence }: FleetOrder, receipt: FleetReceipt): void {
    const { lease, onLease, meter } = this.#options;
    this.#applied = sequence;
    lease.applied(sequence);
    onLease();
    this.#say({ ...receipt, whole: true, refused: this.#refused });
    meter.count('locktender_fleet_orders_applied_total');
    if (lease.left() === 0) this.#asker.soon();
  }

  #say(receipt: FleetReceipt): void {
    const { connection, signer } = this.#options;
    this.#receipt = receipt;
    connection.current()?.nats.publish(this.#places.receipts, seal('receipt', receipt, signer));
  }

  async #answered({ grant: { epoch, sequence, ttl_ms: ttl }, asked, from }: Answer): Promise<boolean> {
    // What was given back is not held again.
    if (this.#ending.signal.aborted) return false;
    const { lease } = this.#options;
    const { position } = this;
    // The hub granted nothing to who follows another epoch; and what is carried out now may be of another than was asked about.
    const isOf = epoch === position.epoch && epoch === this.#epoch && (asked.epoch === null || asked.epoch === epoch);
    if (!isOf) {
      // Before the first order, or the hub began anew: the order says which.
      this.#fetch();
      return false;
    }
    if (position.went_back) this.#trouble = WENT_BACK;
    else if (asked.epoch === epoch && sequence < asked.seen) await this.#wentBack(sequence, asked.seen);
    if (this.#position.went_back) return false;
    lease.grant(from, ttl, sequence);
    this.#options.onLease();
    if (sequence > this.#applied) this.#fetch();
    this.#trouble = null;
    return true;
  }

  /** For good in this epoch: in time it would count past what it forgot, and what was revoked then would still be missing. */
  async #wentBack(hub: number, here: number): Promise<void> {
    this.#trouble = WENT_BACK;
    this.#standDown();
    this.#options.log.error({ hub, here }, 'the hub went back behind its own orders; see docs/fleet.md');
    await this.#keep({ went_back: true });
  }

  /** Each write holds what all before it changed: several may be under way. */
  async #keep(change: Partial<MemberPosition>): Promise<void> {
    this.#position = { ...this.#position, ...change };
    await writePosition(this.#options.documents, this.#position);
  }
}

/** Whether a key of the hub's passes is in it no longer. */
function withdraws({ pass_keys: now }: FleetOrder, { pass_keys: before }: FleetOrder): boolean {
  const ids = new Set(now.map(({ id }) => id));
  return before.some(({ id }) => !ids.has(id));
}

function filesKey({ policy }: FleetOrder): string {
  return JSON.stringify(policy);
}

const NOTHING: Pick<CutReceipt, 'live' | 'dependants' | 'cut' | 'missed' | 'decisions' | 'slowest_ms'> = {
  live: 0,
  dependants: 0,
  cut: 0,
  missed: [],
  decisions: 0,
  slowest_ms: 0,
};

/** The hub's own change where this order is the next one; several at once are named as what they are. */
function causeOf({ cause, controls, epoch, node, sequence }: FleetOrder, position: MemberPosition): SnapshotCause {
  if (cause !== null && epoch === position.epoch && controls.version === position.hub_version + 1) {
    const { approved_by: approvedBy, action, ...rest } = cause;
    return { ...rest, approvedBy, action: action as SnapshotCause['action'] };
  }
  return {
    change: cause?.change ?? `order-${sequence}`,
    action: { do: 'fleet.follow', hub: node, version: String(controls.version) },
    by: `hub ${node}`,
    why: 'changes at the hub that this node had not heard of',
    until: null,
    automatic: true,
    approvedBy: null,
  };
}

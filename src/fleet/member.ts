/**
 * A member of a fleet: applies what the hub ordered, in order and never backwards, says what it did, and asks for its lease. Whatever
 * goes wrong on the way ends in a lease that is not renewed, and then in denials.
 */

import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import type { Subscription } from '@nats-io/transport-node';
import type { SnapshotCause } from '../control/control-order.ts';
import type { Controls, CutReceipt } from '../core/controls.ts';
import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Result } from '../core/result.ts';
import type { Documents } from '../store/documents.ts';
import type { Connected, FleetConnection } from './connection.ts';
import { type NodeKey, type NodeSigner, open, seal } from './envelope.ts';
import { readObject, readOrder } from './fleet-store.ts';
import type { MemberLease } from './lease.ts';
import { type MemberPosition, readPosition, writePosition } from './member-state.ts';
import { type FleetOrder, type FleetReceipt, grantSchema, orderAtSchema, orderSchema, placesOf } from './messages.ts';

/** What the hub's orders are carried out by. */
export interface MemberActs {
  /** Brings controls into force; null when nothing differs. The error: they are not, or not for good. */
  follow(controls: Controls, cause: SnapshotCause): Promise<Result<CutReceipt | null, string>>;
  /** Brings files into force; the error says why they are not, and those of before stay. Rejects when they could not be had. */
  files(policy: FleetOrder['policy'], fetch: Fetch): Promise<Result<null, string>>;
  /** Keys of the hub's passes. */
  passKeys(keys: FleetOrder['pass_keys']): void;
}

export type Fetch = (archive: { readonly digest: string; readonly bytes: number }) => Promise<Uint8Array>;

export interface MemberOptions {
  readonly fleet: string;
  readonly hub: NodeKey;
  readonly signer: NodeSigner;
  readonly connection: FleetConnection;
  readonly documents: Documents;
  readonly lease: MemberLease;
  readonly acts: MemberActs;
  /** Longest lease; a third of what is left to it is between two questions. */
  readonly leaseMs: number;
  readonly version: string;
  /** Told whenever the lease may have changed. */
  readonly onLease: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

export interface MemberView {
  readonly epoch: string | null;
  /** The hub's epoch, where it is not the one that is followed. */
  readonly offered: string | null;
  readonly sequence: number;
  readonly hubVersion: number;
  /** Why the files of the latest order are not in force. */
  readonly refused: string | null;
  /** Why no lease was had last; null while all is well. */
  readonly trouble: string | null;
}

const AGAIN_MS = 1000;

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
  #taking: Promise<void> = Promise.resolve();
  #filing: Promise<void> = Promise.resolve();
  #subscribed: { readonly nats: unknown; readonly subscription: Subscription } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #stopped = false;
  #stops: (() => void)[] = [];

  /** Throws when what it kept is not valid, or of another fleet. */
  constructor(options: MemberOptions) {
    this.#options = options;
    this.#places = placesOf(options.fleet);
    this.#key = options.hub.key;
    this.#position = readPosition(options.documents, options.fleet);
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
    this.#later(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    for (const stop of this.#stops.splice(0)) stop();
    this.#subscribed?.subscription.unsubscribe();
    await this.#taking;
    await this.#filing;
  }

  /** An operator's word that the hub began anew: its next order of this epoch is followed, from wherever it counts. */
  async agree(epoch: string): Promise<void> {
    await this.#keep({ ...this.#position, agreed: epoch });
    this.#fetch();
    this.#later(0);
  }

  /** Asks for a lease now. */
  hurry(): void {
    this.#later(0);
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
    this.#later(0);
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
    if (order === null || this.#stopped || !this.#follows(order)) return;
    const { epoch, sequence } = order;
    if (epoch !== this.#position.epoch) this.#begin();
    this.#latest = order;
    this.#options.acts.passKeys(order.pass_keys);
    const receipt = await this.#controls(order);
    if (receipt === null) return;
    this.#offered = null;
    const agreed = this.#position.agreed === epoch ? null : this.#position.agreed;
    await this.#keep({ ...this.#position, epoch, sequence, hub_version: order.controls.version, agreed });
    // Most changes are of controls alone.
    if (this.#filed === filesKey(order)) this.#settle(order, receipt);
    else {
      this.#say(receipt);
      this.#filing = this.#filing.then(() => this.#files());
    }
  }

  /** Nothing that was said of another epoch counts. */
  #begin(): void {
    this.#options.lease.void();
    this.#options.onLease();
    this.#applied = -1;
    this.#receipt = null;
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
    const large = await readObject(connected, this.#places, at.value.at);
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
    if (epoch === position.epoch && sequence < position.sequence) {
      this.#refuse(`order ${sequence} is older than ${position.sequence}, which is in force`);
      return false;
    }
    // The one that is in force, said once more.
    return !(epoch === position.epoch && sequence === this.#latest?.sequence && this.#receipt?.sequence === sequence);
  }

  async #controls(order: FleetOrder): Promise<FleetReceipt | null> {
    const { fleet, signer, lease, log, acts } = this.#options;
    const outcome = await acts.follow(order.controls, causeOf(order, this.#position));
    if (!outcome.ok) {
      // What was ordered is not in force, or would not be after a restart: nothing is allowed until it is.
      lease.void();
      this.#options.onLease();
      this.#applied = -1;
      this.#latest = null;
      this.#trouble = outcome.error;
      log.error({ why: outcome.error, sequence: order.sequence }, 'an order of the hub did not come into force');
      return null;
    }
    const { live, dependants, cut, missed, decisions, slowest_ms } = outcome.value ?? NOTHING;
    return {
      ...{ fleet, epoch: order.epoch, sequence: order.sequence, node: signer.node },
      ...{ live, dependants, cut, missed: missed.slice(0, 10_000), decisions, slowest_ms, whole: false, refused: null },
    };
  }

  /** Files of the latest order, once they are there; what is not had is tried again while the lease runs out. */
  async #files(): Promise<void> {
    const order = this.#latest;
    if (order === null || this.#stopped || this.#applied === order.sequence) return;
    const { connection, acts, log } = this.#options;
    try {
      const outcome = await acts.files(order.policy, async (archive) => {
        const connected = connection.current();
        if (connected === null) throw new Error('NATS is not reached');
        return readObject(connected, this.#places, archive);
      });
      this.#refused = outcome.ok ? null : outcome.error;
      const { files: edited, imports } = order.policy;
      if (outcome.ok) await this.#keep({ ...this.#position, files: { edited, imports } });
    } catch (error) {
      log.warn({ error, sequence: order.sequence }, 'the files of an order could not be had; it is tried again');
      setTimeout(() => {
        this.#filing = this.#filing.then(() => this.#files());
      }, AGAIN_MS).unref();
      return;
    }
    this.#filed = filesKey(order);
    const known = this.#receipt;
    if (known?.sequence === order.sequence) this.#settle(order, known);
  }

  /** All of the order is in force, or refused. */
  #settle({ sequence }: FleetOrder, receipt: FleetReceipt): void {
    const { lease, onLease, meter } = this.#options;
    this.#applied = sequence;
    lease.applied(sequence);
    onLease();
    this.#say({ ...receipt, whole: true, refused: this.#refused });
    meter.count('locktender_fleet_orders_applied_total');
    if (lease.left() === 0) this.#later(0);
  }

  #say(receipt: FleetReceipt): void {
    const { connection, signer } = this.#options;
    this.#receipt = receipt;
    connection.current()?.nats.publish(this.#places.receipts, seal('receipt', receipt, signer));
  }

  #later(inMs: number): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), inMs);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    if (this.#asking) return this.#later(20);
    this.#asking = true;
    const { leaseMs, log } = this.#options;
    let again = Math.min(AGAIN_MS, leaseMs / 6);
    try {
      if (await this.#ask()) again = leaseMs / 3;
    } catch (error) {
      this.#trouble = 'the hub does not answer';
      log.warn({ error }, 'the lease of this member could not be renewed; it is tried again');
    } finally {
      this.#asking = false;
    }
    this.#later(again);
  }

  /** True when the answer counts, or will once its order is applied. */
  async #ask(): Promise<boolean> {
    const { fleet, signer, connection, lease, leaseMs, version } = this.#options;
    const connected = connection.current();
    if (connected === null) {
      this.#trouble = 'NATS is not reached';
      return false;
    }
    const nonce = randomBytes(16).toString('hex');
    const { epoch } = this.#position;
    const ask = { fleet, node: signer.node, nonce, epoch, sequence: Math.max(this.#applied, 0), version };
    const from = lease.instant();
    const sealed = seal('ask', { ...ask, receipt: this.#receipt }, signer);
    const reply = await connected.nats.request(this.#places.lease, sealed, { timeout: Math.min(5000, leaseMs / 3) });
    const grant = open(reply.data, { kind: 'grant', key: this.#key, schema: grantSchema });
    if (!grant.ok || grant.value.nonce !== nonce || grant.value.node !== signer.node || grant.value.fleet !== fleet) {
      this.#trouble = 'the answer for the lease is not the hub’s';
      this.#options.meter.count('locktender_fleet_refused_total', { kind: 'grant' });
      return false;
    }
    return this.#granted(grant.value, from);
  }

  #granted(
    { epoch, sequence, ttl_ms: ttl }: { epoch: string; sequence: number; ttl_ms: number },
    from: ReturnType<MemberLease['instant']>,
  ): boolean {
    const { lease } = this.#options;
    const { position } = this;
    if (epoch !== position.epoch) {
      // Before the first order, or the hub began anew: the order says which.
      this.#fetch();
      return false;
    }
    if (sequence < position.sequence) {
      this.#trouble = `the hub is at order ${sequence}, behind ${position.sequence}, which it gave before: its state went back`;
      this.#options.log.error({ hub: sequence, here: position.sequence }, 'the hub went back behind its own orders');
      return false;
    }
    lease.grant(from, ttl, sequence);
    this.#options.onLease();
    if (sequence > this.#applied) this.#fetch();
    this.#trouble = null;
    return true;
  }

  async #keep(position: MemberPosition): Promise<void> {
    await writePosition(this.#options.documents, position);
    this.#position = position;
  }
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
function causeOf({ cause, controls, node, sequence }: FleetOrder, position: MemberPosition): SnapshotCause {
  if (cause !== null && controls.version === position.hub_version + 1) {
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

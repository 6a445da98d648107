/**
 * The hub of a fleet: signs what is in force here as orders, grants leases to the members whose keys it pins, and collects what
 * they did. INVARIANT: a sequence is on disk before an order signed with it leaves, so that no two orders ever have the same.
 */

import { randomBytes } from 'node:crypto';
import type { Subscription } from '@nats-io/transport-node';
import { z } from 'zod';
import type { Controls, FleetConfirmation } from '../core/controls.ts';
import { ulid } from '../core/ids.ts';
import type { Clock, Log, Meter } from '../core/ports.ts';
import type { Documents } from '../store/documents.ts';
import type { Connected, FleetConnection } from './connection.ts';
import { claimedNode, type NodeSigner, open, seal } from './envelope.ts';
import { putObjects, putOrder } from './fleet-store.ts';
import type { MemberKeys } from './member-keys.ts';
import {
  askSchema,
  type FleetOrder,
  type FleetReceipt,
  type LeaseGrant,
  type OrderCause,
  placesOf,
  receiptSchema,
} from './messages.ts';
import { digestOf, type PolicyArchive } from './policy-archive.ts';
import { type MemberState, Roster } from './roster.ts';

export interface HubOptions {
  readonly fleet: string;
  readonly signer: NodeSigner;
  readonly members: Pick<MemberKeys, 'all'>;
  readonly connection: FleetConnection;
  readonly documents: Documents;
  readonly leaseMs: number;
  /** Longest that a change waits for its members. */
  readonly confirmMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

/** What is in force at the hub, as its members are to have it. */
export interface HubState {
  readonly controls: Controls;
  readonly cause: OrderCause | null;
  readonly files: PolicyArchive;
  readonly imports: PolicyArchive | null;
  /** Digests of what came of the files. */
  readonly bundle: string;
  readonly categories: string;
  readonly rules: string;
  readonly passKeys: FleetOrder['pass_keys'];
}

/** Longest that a hub that is stopped waits for what it sends: it orders anew when it starts. */
const STOP_MS = 3000;
/** An order is said again no more often. */
const RESEND_MS = 1000;
const DOCUMENT = 'fleet-hub';
const stored = z.strictObject({
  epoch: z.string(),
  sequence: z.int().min(0),
  /** Longest lease that was ever granted in this epoch. */
  lease_ms: z.int().min(0),
});

export class FleetHub {
  readonly #options: HubOptions;
  readonly #places: ReturnType<typeof placesOf>;
  readonly #roster: Roster;
  readonly #epoch: string;
  readonly #longest: number;
  #sequence: number;
  /** Highest that is on disk. */
  #durable: number;
  #state: HubState | null = null;
  #sealed: { readonly sequence: number; readonly bytes: Uint8Array } | null = null;
  #published = new Map<number, number>();
  /** Members of whom it was told that two run with their key. */
  readonly #doubled = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #subscribed: { readonly nats: unknown; readonly all: readonly Subscription[] } | null = null;
  #stops: (() => void)[] = [];
  #resend: NodeJS.Timeout | null = null;
  readonly #ending = new AbortController();

  /** Throws when its own document is not valid. */
  constructor(options: HubOptions) {
    this.#options = options;
    this.#places = placesOf(options.fleet);
    const known = options.documents.read(DOCUMENT);
    const {
      epoch,
      sequence,
      lease_ms: before,
    } = known === null
      ? { epoch: ulid('f', options.clock.now(), randomBytes(10)).slice(-26), sequence: 0, lease_ms: 0 }
      : stored.parse(known);
    this.#epoch = epoch;
    this.#sequence = sequence;
    this.#durable = -1;
    this.#longest = Math.max(before, options.leaseMs);
    this.#roster = new Roster(options.clock, { before: known === null ? 0 : this.#longest, longest: this.#longest });
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Of the latest order. */
  get sequence(): number {
    return this.#sequence;
  }

  start(): void {
    this.#stops.push(this.#options.connection.onConnected((connected) => this.#connected(connected)));
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    if (this.#resend) clearTimeout(this.#resend);
    for (const one of this.#subscribed?.all ?? []) one.unsubscribe();
    const late = setTimeout(() => this.#ending.abort(), STOP_MS);
    await this.#sending;
    clearTimeout(late);
  }

  /** What is in force changed: orders it, in the background. The value is the order's sequence. */
  order(state: HubState): number {
    this.#sequence += 1;
    this.#published.set(this.#sequence, this.#options.clock.monotonic());
    for (const old of this.#published.keys()) if (old < this.#sequence - 64) this.#published.delete(old);
    this.#state = state;
    this.#send();
    return this.#sequence;
  }

  /** Waits for the members, for as long as is configured. */
  confirmed(sequence = this.#sequence): Promise<FleetConfirmation> {
    const { clock, confirmMs: withinMs } = this.#options;
    const since = this.#published.get(sequence) ?? clock.monotonic();
    return this.#roster.confirmed(sequence, this.#nodes(), { withinMs, since });
  }

  members(): readonly ({ readonly node: string } & MemberState)[] {
    return this.#nodes().map((node) => ({ node, ...this.#roster.stateOf(node) }));
  }

  measure(): void {
    const { clock, meter } = this.#options;
    const now = clock.now();
    const members = this.members();
    meter.set('locktender_fleet_members', members.length);
    meter.set('locktender_fleet_members_leased', members.filter((m) => m.leaseUntil > now).length);
    meter.set('locktender_fleet_members_doubled', members.filter((m) => m.doubled).length);
    meter.set('locktender_fleet_members_behind', members.filter((m) => m.sequence < this.#sequence).length);
    meter.set('locktender_fleet_sequence', this.#sequence);
  }

  /** Also whoever was taken off the list and may still act. */
  #nodes(): string[] {
    return [...new Set([...this.#options.members.all().keys(), ...this.#roster.leased()])].sort();
  }

  #connected(connected: Connected): void {
    if (this.#subscribed?.nats !== connected.nats) {
      const { nats } = connected;
      const all = [
        nats.subscribe(this.#places.lease, {
          callback: (error, message) => {
            if (error === null) this.#ask(message.data, (reply) => message.respond(reply));
          },
        }),
        nats.subscribe(this.#places.receipts, {
          callback: (error, message) => {
            if (error === null) this.#receipt(message.data);
          },
        }),
      ];
      this.#subscribed = { nats, all };
    }
    this.#send();
  }

  /** One after another; what came meanwhile is sent as one. */
  #send(): void {
    const sent = this.#sending.then(() => this.#sendLatest());
    this.#sending = sent.catch((error: unknown) => {
      this.#options.log.warn({ error }, 'an order could not be sent; it is as soon as NATS is reached');
    });
  }

  async #sendLatest(): Promise<void> {
    const { connection, signer } = this.#options;
    const state = this.#state;
    if (state === null) return;
    const sequence = this.#sequence;
    await this.#keep(sequence);
    const connected = connection.current();
    if (connected === null) return;
    if (this.#sealed?.sequence !== sequence)
      this.#sealed = { sequence, bytes: seal('order', this.#orderOf(state, sequence), signer) };
    const { bytes } = this.#sealed;
    const large = bytes.length > (connected.nats.info?.max_payload ?? 1024 * 1024) - 1024;
    const place = { fleet: this.#options.fleet, epoch: this.#epoch, sequence, node: signer.node };
    const digest = digestOf(bytes);
    const message = large ? seal('order-at', { ...place, at: { digest, bytes: bytes.length } }, signer) : bytes;
    // At once to whoever listens; what follows is for those who do not yet, or ask for what the order names.
    if (!large) connected.nats.publish(this.#places.order, message);
    const blobs = [state.files, ...(state.imports ? [state.imports] : []), ...(large ? [{ digest, bytes }] : [])];
    const { signal: stop } = this.#ending;
    await putObjects(connected, this.#places, { blobs, stop });
    if (large) connected.nats.publish(this.#places.order, message);
    await putOrder(connected, this.#places, { sealed: message, stop });
  }

  #orderOf(
    { controls, cause, files, imports, bundle, categories, rules, passKeys }: HubState,
    sequence: number,
  ): FleetOrder {
    const { fleet, signer, clock } = this.#options;
    const named = (archive: PolicyArchive) => ({ digest: archive.digest, bytes: archive.bytes.length });
    return {
      ...{ fleet, epoch: this.#epoch, sequence, node: signer.node, issued: clock.now(), cause },
      controls: controls as FleetOrder['controls'],
      policy: { files: named(files), imports: imports && named(imports), bundle, categories, rules },
      pass_keys: passKeys,
    };
  }

  async #keep(sequence: number): Promise<void> {
    if (this.#durable >= sequence) return;
    await this.#options.documents.write(DOCUMENT, { epoch: this.#epoch, sequence, lease_ms: this.#longest });
    this.#durable = sequence;
  }

  #ask(bytes: Uint8Array, respond: (reply: Uint8Array) => void): void {
    const { fleet, signer, leaseMs, log, meter } = this.#options;
    const ask = this.#opened('ask', bytes, askSchema);
    // Before the first order is on disk nothing can be promised.
    if (ask === null || ask.fleet !== fleet || this.#durable < 0) return;
    const { node, epoch, sequence } = ask;
    const follows = epoch === null || (epoch === this.#epoch && sequence <= this.#sequence);
    if (!follows)
      log.error({ node, epoch, sequence }, 'a member follows what this hub never ordered; see docs/fleet.md');
    const receipt = ask.receipt !== null && this.#isOurs(ask.receipt) && ask.receipt.node === node ? ask.receipt : null;
    if (!this.#roster.asked({ ...ask, receipt }, follows ? leaseMs : null)) return;
    this.#tellOfDoubled(node);
    const grant: LeaseGrant = {
      ...{ fleet, epoch: this.#epoch, sequence: this.#sequence, node: ask.node, nonce: ask.nonce },
      ttl_ms: leaseMs,
    };
    respond(seal('grant', grant, signer));
    if (follows && sequence < this.#sequence) this.#again();
    meter.count('locktender_fleet_leases_total');
  }

  #tellOfDoubled(node: string): void {
    const { doubled } = this.#roster.stateOf(node);
    if (doubled && !this.#doubled.has(node))
      this.#options.log.error(
        { node },
        'two appliances run with the key of one member, as copied machines do; give one of them a name and a key of its own',
      );
    if (doubled) this.#doubled.add(node);
    else this.#doubled.delete(node);
  }

  /** A member has not come so far: perhaps what is in the bucket is not what was put there. */
  #again(): void {
    if (this.#resend !== null) return;
    this.#resend = setTimeout(() => {
      this.#resend = null;
      this.#send();
    }, RESEND_MS);
    this.#resend.unref();
  }

  #receipt(bytes: Uint8Array): void {
    const receipt = this.#opened('receipt', bytes, receiptSchema);
    if (receipt === null || !this.#isOurs(receipt)) return;
    this.#roster.receipt(receipt);
  }

  #isOurs({ fleet, epoch, sequence }: FleetReceipt): boolean {
    return fleet === this.#options.fleet && epoch === this.#epoch && sequence <= this.#sequence;
  }

  #opened<T>(kind: 'ask' | 'receipt', bytes: Uint8Array, schema: z.ZodType<T>): T | null {
    const { members, log, meter } = this.#options;
    const node = claimedNode(bytes);
    const key = node === null ? undefined : members.all().get(node);
    const said = key === undefined ? null : open(bytes, { kind, key, schema });
    if (said?.ok) return said.value;
    const why = said === null ? 'no member of this name' : said.error;
    meter.count('locktender_fleet_refused_total', { kind });
    log.warn({ node, kind, why }, 'something that a member may have said was not believed');
    return null;
  }
}

/** A member's questions for its lease: one at a time, each with a nonce of its own, so that no old answer is taken for a new one. */

import { type KeyObject, randomBytes } from 'node:crypto';
import type { Log, Meter } from '../core/ports.ts';
import type { FleetConnection } from './connection.ts';
import { type NodeSigner, open, seal } from './envelope.ts';
import type { Instant, MemberLease } from './lease.ts';
import { type FleetReceipt, grantSchema, type LeaseAsk, type LeaseGrant, placesOf } from './messages.ts';
import { within } from './within.ts';

/** Where the member stands as it asks. */
export interface Stands {
  readonly epoch: string | null;
  /** Latest order of the hub that was ever in force here. */
  readonly seen: number;
  /** Order that is in force whole in this run; -1 before the first. */
  readonly applied: number;
  readonly receipt: FleetReceipt | null;
}

/** An answer of the hub to a question of ours. */
export interface Answer {
  readonly grant: LeaseGrant;
  readonly asked: Stands;
  /** Taken before it was asked. */
  readonly from: Instant;
}

export interface AskerParts {
  readonly fleet: string;
  readonly hubKey: KeyObject;
  readonly signer: NodeSigner;
  /** Of this process (`messages.ts`). */
  readonly run: string;
  readonly connection: FleetConnection;
  readonly lease: MemberLease;
  readonly leaseMs: number;
  readonly version: string;
  readonly log: Log;
  readonly meter: Meter;
  readonly stands: () => Stands;
  /** True when the answer counts, or will once its order is applied. */
  readonly answered: (answer: Answer) => Promise<boolean>;
  /** Why there was no answer that counts. */
  readonly trouble: (why: string) => void;
}

const AGAIN_MS = 1000;
/** Longest that a member that stops waits until it was said. */
const LEAVE_MS = 1000;

export class LeaseAsker {
  readonly #parts: AskerParts;
  readonly #place: string;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  /** To be asked once more after this. */
  #more = false;
  #stopped = false;
  #count = 0;

  constructor(parts: AskerParts) {
    this.#parts = parts;
    this.#place = placesOf(parts.fleet).lease;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /**
   * Tells the hub, as the last thing, that nothing is let out here any more: it need not wait for the lease to end. Does not
   * reject: where it is not heard, the hub waits for that.
   */
  async leave(): Promise<void> {
    const { connection, lease, log } = this.#parts;
    this.stop();
    lease.void();
    const nats = connection.current()?.nats;
    if (nats === undefined) return;
    try {
      nats.publish(this.#place, this.#sealed({ nonce: randomBytes(16).toString('hex'), leaving: true }));
      await within(LEAVE_MS, nats.flush());
    } catch (error) {
      log.warn({ error }, 'the hub may not have heard that this member stops: it waits for the end of its lease');
    }
  }

  /** Asks now, instead of when it was to; where it asks already, once more as soon as that is over. */
  soon(): void {
    if (this.#asking) this.#more = true;
    else this.#later(0);
  }

  #later(inMs: number): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), inMs);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    this.#asking = true;
    this.#more = false;
    const { leaseMs, log, trouble } = this.#parts;
    let again = Math.min(AGAIN_MS, leaseMs / 6);
    try {
      if (await this.#ask()) again = leaseMs / 3;
    } catch (error) {
      trouble('the hub does not answer');
      log.warn({ error }, 'the lease of this member could not be renewed; it is tried again');
    } finally {
      this.#asking = false;
    }
    this.#later(this.#more ? 0 : again);
  }

  async #ask(): Promise<boolean> {
    const { fleet, signer, connection, lease, leaseMs, hubKey, trouble, meter } = this.#parts;
    const connected = connection.current();
    if (connected === null) {
      trouble('NATS is not reached');
      return false;
    }
    const nonce = randomBytes(16).toString('hex');
    const asked = this.#parts.stands();
    const from = lease.instant();
    const timeout = Math.min(5000, leaseMs / 3);
    const reply = await connected.nats.request(this.#place, this.#sealed({ nonce }, asked), { timeout });
    const said = open(reply.data, { kind: 'grant', key: hubKey, schema: grantSchema });
    if (!said.ok || said.value.nonce !== nonce || said.value.node !== signer.node || said.value.fleet !== fleet) {
      trouble('the answer for the lease is not the hub’s');
      meter.count('locktender_fleet_refused_total', { kind: 'grant' });
      return false;
    }
    return this.#parts.answered({ grant: said.value, asked, from });
  }

  #sealed(more: Pick<LeaseAsk, 'nonce' | 'leaving'>, stands = this.#parts.stands()): Uint8Array {
    const { fleet, signer, run, version } = this.#parts;
    const { epoch, applied, receipt } = stands;
    this.#count += 1;
    const own = { fleet, node: signer.node, run, count: this.#count, version };
    return seal('ask', { ...own, epoch, sequence: Math.max(applied, 0), receipt, ...more }, signer);
  }
}

/**
 * Whether a member may act, and what follows when that changes: when its lease is over every live flow is cut, tasks end, and one
 * event says so; when it holds again one event says that.
 */

import { randomBytes } from 'node:crypto';
import { cutFlows } from '../../control/cut-flows.ts';
import type { FleetLeaseEvent } from '../../core/event.ts';
import { ulid } from '../../core/ids.ts';
import type { MemberLease } from '../../fleet/lease.ts';
import type { FleetCore } from './fleet-node.ts';

/** A machine that slept, or a clock that was set, is noticed within this. */
const LOOK_MS = 250;

export interface StandingParts {
  readonly lease: MemberLease;
  readonly hub: string;
  readonly sequence: () => number;
}

export class Standing {
  readonly #parts: StandingParts;
  readonly #told = new Set<(stale: boolean) => void>();
  #core: FleetCore | null = null;
  #stale = true;
  #timer: NodeJS.Timeout | null = null;
  #recording: Promise<void> = Promise.resolve();

  constructor(parts: StandingParts) {
    this.#parts = parts;
  }

  /** True while nothing may be allowed. */
  stale(): boolean {
    return this.#parts.lease.left() === 0;
  }

  watch(told: (stale: boolean) => void): void {
    this.#told.add(told);
  }

  start(core: FleetCore): void {
    this.#core = core;
    this.look();
  }

  async stop(): Promise<void> {
    this.#core = null;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#recording;
  }

  /** Looks at the lease now, and again when it is to end. */
  look(): void {
    const core = this.#core;
    if (core === null) return;
    if (this.#timer) clearTimeout(this.#timer);
    const left = this.#parts.lease.check();
    if ((left === 0) !== this.#stale) this.#changed(core, left === 0);
    this.#timer = setTimeout(() => this.look(), left === 0 ? LOOK_MS : Math.min(left, LOOK_MS));
    this.#timer.unref();
  }

  #changed(core: FleetCore, stale: boolean): void {
    this.#stale = stale;
    for (const told of this.#told) told(stale);
    const { log } = core;
    const { hub } = this.#parts;
    if (stale) log.error({ hub }, 'the hub was not heard for the time of the lease: everything is denied');
    else log.info({ hub }, 'the lease from the hub holds');
    const happened = stale ? this.#standDown(core) : this.#record(core, { state: 'held', change: null, ...NONE });
    this.#recording = Promise.all([this.#recording, happened]).then(
      () => undefined,
      (error: unknown) => log.error({ error }, 'a change of the lease could not be recorded'),
    );
  }

  async #standDown(core: FleetCore): Promise<void> {
    const { leases, clock, log, meter } = core;
    const startedAt = clock.monotonic();
    const change = ulid('c', clock.now(), randomBytes(10));
    const flows = leases.live();
    const { cut, missed } = await cutFlows(flows, change, startedAt, { leases, clock, log });
    meter.count('locktender_flows_cut_total', { action: 'fleet.lease' }, cut);
    meter.count('locktender_flows_missed_total', {}, missed.length);
    await this.#record(core, { state: 'over', change, live: flows.length, cut, missed: missed.length });
  }

  async #record({ audit, clock }: FleetCore, what: Said): Promise<void> {
    const id = ulid('e', clock.now(), randomBytes(10));
    const { hub, sequence } = this.#parts;
    await audit.record({ type: 'fleet.lease', id, tenant: null, task: null, hub, sequence: sequence(), ...what });
  }
}

type Said = Pick<FleetLeaseEvent, 'state' | 'change' | 'live' | 'cut' | 'missed'>;

const NONE = { live: 0, cut: 0, missed: 0 } as const;

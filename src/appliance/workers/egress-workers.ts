/**
 * Egress workers: threads that share the doors' ports, so that more than one core relays. What is in force and what is on
 * record stays in one place; see docs/decisions/0201-egress-workers.md.
 */

import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/schema.ts';
import { portableRules } from '../../dlp/portable-rules.ts';
import { bundleDocument } from '../../policy/bundle/bundle-document.ts';
import { createDecider } from '../../policy/decider.ts';
import type { Snapshot } from '../../policy/snapshot.ts';
import type { Budgets } from '../../proxy/budget/budgets.ts';
import type { ByteCounts } from '../../proxy/budget/byte-counts.ts';
import type { FieldLeaks } from '../../proxy/budget/field-leaks.ts';
import type { DoorAddress } from '../../proxy/doors/own-doors.ts';
import type { OpenDoor } from '../../proxy/start-proxy.ts';
import type { Core } from '../open-core.ts';
import { doorsOf } from '../proxy-parts.ts';
import { WorkerSeat } from './worker-seat.ts';
import type { PolicyNews, WorkerOrder } from './worker-talk.ts';

export interface WorkersParts {
  readonly core: Core;
  readonly count: number;
  readonly budgets: Budgets;
  readonly fieldLeaks: FieldLeaks;
  readonly bytes: ByteCounts;
  /** Doors of other parts, as far as they are open. */
  readonly ownDoors: () => readonly DoorAddress[];
}

/** A worker that ends by itself is replaced; each time in a row after twice as long. */
const AGAIN_MS = 250;
const LONGEST_AGAIN_MS = 30_000;
/** How long a change waits for the workers to follow. */
const FOLLOW_MS = 2000;
/** A worker that has lived so long has not failed at its start. */
const SETTLED_MS = 60_000;

/** How many workers the configuration asks for. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

export class EgressWorkers {
  readonly #parts: WorkersParts;
  readonly #seats = new Set<WorkerSeat>();
  readonly #decider: ReturnType<typeof createDecider>;
  readonly #timers = new Set<NodeJS.Timeout>();
  #doors: readonly OpenDoor[] = [];
  #failures = 0;
  #closing = false;

  private constructor(parts: WorkersParts) {
    this.#parts = parts;
    const { control, leases } = parts.core;
    this.#decider = createDecider({ source: control, leases });
  }

  /** Rejects when a door cannot be had. */
  static async start(parts: WorkersParts): Promise<EgressWorkers> {
    const workers = new EgressWorkers(parts);
    const listen = doorsOf(parts.core.config);
    for (const { host, port } of listen) await probe(host, port);
    const wanted = listen.map(({ port }) => port);
    try {
      workers.#doors = await workers.#seat(wanted);
      const others = Array.from({ length: parts.count - 1 }, () => workers.#seat(workers.#ports()));
      await Promise.all(others);
    } catch (error) {
      workers.#closing = true;
      await Promise.all([...workers.#seats].map((seat) => seat.abandon()));
      throw error;
    }
    workers.#follow();
    return workers;
  }

  get doors(): readonly OpenDoor[] {
    return this.#doors;
  }

  /** Doors of other parts that have opened since. */
  tellDoors(doors: readonly DoorAddress[]): void {
    for (const seat of this.#seats) seat.tell('doors', doors);
  }

  /** Those that serve or are about to. */
  get seats(): ReadonlySet<WorkerSeat> {
    return this.#seats;
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#seats].map((seat) => seat.close(drainMs)));
    this.#seats.clear();
  }

  #measure(): void {
    this.#parts.core.meter.set('locktender_workers', this.#seats.size);
  }

  #ports(): number[] {
    return this.#doors.map(({ port }) => port);
  }

  async #seat(ports: readonly number[]): Promise<readonly OpenDoor[]> {
    const { core, budgets, fieldLeaks } = this.#parts;
    const since = core.clock.monotonic();
    const seat = new WorkerSeat({
      ...{ core, budgets, fieldLeaks, decider: this.#decider },
      onKept: (kept, from) => {
        for (const other of this.#seats) if (other !== from) other.tell('kept', kept);
      },
      onLost: (lost) => this.#lost(lost, since),
    });
    this.#seats.add(seat);
    this.#measure();
    try {
      return await seat.start(this.#order(seat, core.control.current(), ports));
    } catch (error) {
      await seat.abandon();
      throw error;
    }
  }

  #order(seat: WorkerSeat, snapshot: Snapshot, ports: readonly number[]): WorkerOrder {
    const { core, bytes, ownDoors } = this.#parts;
    const { config, keys, credentials, vault, guard, state, secondStage } = core;
    return {
      ...{ config, ports, credentials, count: this.#parts.count },
      policy: this.#policyNews(seat, snapshot),
      rules: portableRules(guard.rules()),
      keysDir: state.folder('keys'),
      fingerprintKey: keys.secret('fingerprint'),
      vaultKey: vault.key,
      kept: vault.entries(),
      pathKey: keys.secret('path-hash'),
      secondStage: secondStage && { rules: secondStage.rules, key: secondStage.key },
      bytes: bytes.buffer,
      ownDoors: ownDoors(),
      stale: core.fleet?.stale() ?? false,
    };
  }

  #policyNews(seat: WorkerSeat, { bundle, categories, controls }: Snapshot): PolicyNews {
    const known = seat.digests;
    seat.digests = { bundle: bundle.digest, categories: categories.digest };
    const { bytes } = this.#parts.core.control.revision().categories.bytes;
    return {
      controls,
      bundle: known.bundle === bundle.digest ? null : { document: bundleDocument(bundle), digest: bundle.digest },
      categories: known.categories === categories.digest ? null : bytes,
    };
  }

  #follow(): void {
    const { control, guard, audit, vault, fleet } = this.#parts.core;
    const each = async (tell: (seat: WorkerSeat) => Promise<unknown>) => {
      await Promise.all([...this.#seats].map(tell));
    };
    control.followedBy((snapshot) => each((seat) => this.#tellPolicy(seat, snapshot)));
    guard.followedBy((rules) => each((seat) => this.#orEnd(seat, seat.ask('rules', portableRules(rules)))));
    vault.keptBy((kept) => {
      for (const seat of this.#seats) seat.tell('kept', kept);
    });
    fleet?.watch((stale) => {
      for (const seat of this.#seats) seat.tell('stale', stale);
    });
    audit.subscribe(({ event }) => {
      if (event.type !== 'tenant.shredded') return;
      for (const seat of this.#seats) seat.tell('shredded', event.tenant ?? '');
    });
  }

  #tellPolicy(seat: WorkerSeat, snapshot: Snapshot): Promise<void> {
    return this.#orEnd(seat, seat.ask('policy', this.#policyNews(seat, snapshot)));
  }

  /**
   * A worker that cannot take what is in force does not go on with what was. One that is only slow is not waited for: it
   * can deny by what was in force, but no flow of its begins against what is.
   */
  async #orEnd(seat: WorkerSeat, told: Promise<unknown>): Promise<void> {
    const { log } = this.#parts.core;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      log.warn({}, 'an egress worker is slow to take what is in force');
      late.resolve();
    }, FOLLOW_MS);
    const taken = told.catch((error: unknown) => {
      if (this.#closing || !this.#seats.has(seat)) return;
      log.error({ error }, 'an egress worker did not take what is in force and is ended');
      void seat.abandon();
    });
    await Promise.race([taken, late.promise]);
    clearTimeout(timer);
  }

  #lost(seat: WorkerSeat, since: number): void {
    this.#seats.delete(seat);
    this.#measure();
    const { clock, log, meter } = this.#parts.core;
    if (this.#closing || this.#doors.length === 0) return;
    this.#failures = clock.monotonic() - since > SETTLED_MS ? 0 : this.#failures + 1;
    const afterMs = Math.min(AGAIN_MS * 2 ** this.#failures, LONGEST_AGAIN_MS);
    meter.count('locktender_workers_lost_total');
    log.error({ workers: this.#seats.size, again_ms: afterMs }, 'an egress worker ended; another is started');
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // One that does not start is lost in its turn.
      this.#seat(this.#ports()).catch((error) => log.error({ error }, 'an egress worker could not be started'));
    }, afterMs);
    this.#timers.add(timer);
  }
}

/** That nobody else listens there: sharing a port would hide it. */
function probe(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}

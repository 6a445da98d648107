/**
 * The one place where the running state changes: controls by operators and by expiry, policy by reload. A change is
 * validated, takes effect, cuts what hung on what it ended, is made durable, and is recorded; then it is acknowledged.
 *
 * The order of effects:
 * - what closes (block, revoke, quarantine, kill, deny) is in force before it is durable: nothing waits for a disk to be
 *   denied. If it cannot be made durable, it stays in force and the answer says that a restart would forget it.
 * - what opens (unblock, restore, release, allow, clear) is durable and recorded first.
 *
 * INVARIANT: changes happen one after another; `current()` is swapped by one assignment.
 */

import { randomBytes } from 'node:crypto';
import type { ControlAction, ControlMark, Controls, CutReceipt } from '../core/controls.ts';
import { NO_CONTROLS } from '../core/controls.ts';
import type { ControlChangedEvent, EventBody } from '../core/event.ts';
import { ulid } from '../core/ids.ts';
import type { AuditSink, Clock, ControlPlane as ControlPort, Log, Meter } from '../core/ports.ts';
import { err, ok, type Problem, problemText, type Result } from '../core/result.ts';
import { expired, nextControls, withoutExpired } from '../policy/control-change.ts';
import { controlEffects } from '../policy/control-effects.ts';
import { nextExpiry } from '../policy/control-index.ts';
import { patchBetween } from '../policy/control-patch.ts';
import type { LeaseIndex } from '../policy/lease-index.ts';
import type { PolicySource, Snapshot } from '../policy/snapshot.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import type { Documents } from '../store/documents.ts';
import { readControls, writeControls } from './controls-document.ts';
import { cutFlows } from './cut-flows.ts';
import type { PolicyRevision } from './load-revision.ts';
import { keepBundle } from './replay-log.ts';

export interface ControlPlaneOptions {
  readonly revision: PolicyRevision;
  readonly documents: Documents;
  /** Every bundle that comes into force is kept there first. */
  readonly bundles: BundleStore;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

/** One change asked for by a person. */
export interface ControlOrder {
  readonly action: ControlAction;
  readonly by: string;
  readonly why: string;
  readonly forMs: number | null;
}

/** What a reload did. */
export interface ReloadOutcome {
  readonly loaded: boolean;
  readonly digest: string;
  readonly previous: string | null;
  readonly problems: readonly Problem[];
  readonly cut: number;
}

interface Cause {
  readonly change: string;
  readonly action: ControlAction;
}

const CLOSES = /^(category\.block|capability\.revoke|tenant\.quarantine|task\.kill|pass\.revoke|host\.deny)$/;
/** Longest timer that the runtime takes. */
const MAX_TIMER = 0x7fff_ffff;
/** How often flows whose pass has ended are looked for. */
const OVERDUE_MS = 1000;

export class ControlPlane implements ControlPort, PolicySource {
  readonly #options: ControlPlaneOptions;
  #snapshot: Snapshot;
  #revision: PolicyRevision;
  #leases: LeaseIndex | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #expiry: NodeJS.Timeout | null = null;
  #overdue: NodeJS.Timeout | null = null;

  /** Throws `ControlsDamaged`. */
  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#revision = options.revision;
    const stored = readControls(options.documents);
    const { bundle, categories } = options.revision;
    this.#snapshot = Object.freeze({
      bundle,
      categories: categories.index,
      controls: Object.freeze(stored?.controls ?? NO_CONTROLS),
    });
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  revision(): PolicyRevision {
    return this.#revision;
  }

  /** Binds the leases, records what a crash kept from the log, and lets what is due expire. Call once. */
  async start(leases: LeaseIndex): Promise<void> {
    this.#leases = leases;
    const stored = readControls(this.#options.documents);
    if (stored?.unrecorded) {
      // The same event id may then be in the log twice; readers take the first.
      await this.#options.audit.record(stored.unrecorded);
      await writeControls(this.#options.documents, { controls: stored.controls, unrecorded: null });
    }
    await keepBundle(this.#options.bundles, this.#snapshot.bundle);
    await this.#recordBundle(null, null);
    await this.#inTurn(() => this.#expireDue());
    this.#overdue = setInterval(() => void this.#cutOverdue(), OVERDUE_MS);
    this.#overdue.unref();
  }

  async stop(): Promise<void> {
    if (this.#expiry) clearTimeout(this.#expiry);
    if (this.#overdue) clearInterval(this.#overdue);
    await this.#queue;
  }

  apply(order: ControlOrder): Promise<Result<CutReceipt, string>> {
    return this.#inTurn(() => this.#apply(order));
  }

  /** Takes a revision that was loaded, or says why it was not; every live flow is judged again. */
  reload(next: Result<PolicyRevision, Problem[]>): Promise<ReloadOutcome> {
    return this.#inTurn(() => this.#reload(next));
  }

  async #apply(order: ControlOrder): Promise<Result<CutReceipt, string>> {
    const { clock, documents } = this.#options;
    const at = clock.now();
    const change = ulid('c', at, randomBytes(10));
    const until = order.forMs === null ? null : at + order.forMs;
    const mark: ControlMark = { by: order.by, why: order.why, at, until, change };
    const before = this.#snapshot.controls;
    const next = nextControls(before, order.action, mark, this.#snapshot.bundle);
    if (!next.ok) return next;
    const event = (receipt: CutReceipt | null) =>
      this.#changed({ ...order, change, until, automatic: false }, before, next.value, receipt);
    if (CLOSES.test(order.action.do)) {
      const receipt = await this.#enforce(before, next.value, { change, action: order.action });
      const kept = await this.#keep(next.value, event(receipt));
      if (kept !== null) return err(`in force, but not durable: ${kept}; a restart would forget it, repeat it then`);
      return ok(receipt);
    }
    try {
      await writeControls(documents, { controls: next.value, unrecorded: null });
    } catch (error) {
      return err(`not done: ${reasonOf(error)}; what was in force still is`);
    }
    const receipt = await this.#enforce(before, next.value, { change, action: order.action });
    const kept = await this.#keep(next.value, event(receipt));
    return kept === null ? ok(receipt) : err(`in force, but not recorded: ${kept}`);
  }

  /** Swaps, drops cached decisions, cuts. */
  async #enforce(before: Controls, after: Controls, { change, action }: Cause): Promise<CutReceipt> {
    const { clock, log, meter } = this.#options;
    const startedAt = clock.monotonic();
    this.#snapshot = Object.freeze({ ...this.#snapshot, controls: after });
    this.#armExpiry();
    const leases = this.#held();
    const live = leases.live().length;
    const effects = controlEffects(before, after);
    const decisions = leases.forget([...effects.cut, ...effects.forget]);
    const flows = leases.dependants(effects.cut);
    const outcome = await cutFlows(flows, change, startedAt, { leases, clock, log });
    const labels = { action: action.do };
    meter.count('locktender_control_changes_total', labels);
    meter.count('locktender_flows_cut_total', labels, outcome.cut);
    meter.count('locktender_flows_missed_total', {}, outcome.missed.length);
    if (flows.length > 0) meter.observe('locktender_cut_seconds', outcome.slowestMs / 1000);
    return {
      change,
      version: after.version,
      facts: effects.cut.flatMap((ended) => ended.facts),
      live,
      dependants: flows.length,
      cut: outcome.cut,
      missed: outcome.missed,
      decisions,
      slowest_ms: Math.round(outcome.slowestMs * 1000) / 1000,
    };
  }

  /** Makes a change durable and recorded; the reason when either failed. */
  async #keep(controls: Controls, event: EventBody): Promise<string | null> {
    const { documents, audit, log } = this.#options;
    try {
      await writeControls(documents, { controls, unrecorded: event });
      await audit.record(event);
      // Not awaited: losing it makes a restart record the event once more, under the same id.
      writeControls(documents, { controls, unrecorded: null }).catch((error) =>
        log.warn({ error }, 'the controls could not be marked as recorded'),
      );
      return null;
    } catch (error) {
      log.error({ error, version: controls.version }, 'a change of controls could not be kept');
      return reasonOf(error);
    }
  }

  #changed(
    by: { action: ControlAction; by: string; why: string; change: string; until: number | null; automatic: boolean },
    before: Controls,
    after: Controls,
    receipt: CutReceipt | null,
  ): Omit<ControlChangedEvent, 'v' | 'time' | 'node'> {
    return {
      type: 'control.changed',
      id: ulid('e', this.#options.clock.now(), randomBytes(10)),
      tenant: 'tenant' in by.action ? by.action.tenant : null,
      task: 'task' in by.action ? by.action.task : null,
      change: by.change,
      action: by.action,
      by: by.by,
      why: by.why,
      until: by.until,
      automatic: by.automatic,
      version: after.version,
      receipt,
      patch: patchBetween(before, after),
    };
  }

  /** Takes out what is due, one recorded change each. */
  async #expireDue(): Promise<void> {
    const now = this.#options.clock.now();
    for (const action of expired(this.#snapshot.controls, now)) {
      const before = this.#snapshot.controls;
      const after = Object.freeze(withoutExpired(before, action, now));
      const change = ulid('c', now, randomBytes(10));
      const receipt = await this.#enforce(before, after, { change, action });
      const mark = { action, by: 'locktender', why: 'its time is over', change, until: null, automatic: true };
      await this.#keep(after, this.#changed(mark, before, after, receipt));
    }
    this.#armExpiry();
  }

  #armExpiry(): void {
    if (this.#expiry) clearTimeout(this.#expiry);
    this.#expiry = null;
    const now = this.#options.clock.now();
    const at = nextExpiry(this.#snapshot.controls, now);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#expiry = setTimeout(
      () => void this.#inTurn(() => this.#expireDue()),
      Math.min(Math.max(at - now, 1), MAX_TIMER),
    );
    this.#expiry.unref();
  }

  async #cutOverdue(): Promise<void> {
    const leases = this.#held();
    const flows = leases.overdue();
    if (flows.length === 0) return;
    const { clock, log } = this.#options;
    await cutFlows(flows, 'expired', clock.monotonic(), { leases, clock, log });
  }

  async #reload(next: Result<PolicyRevision, Problem[]>): Promise<ReloadOutcome> {
    const { clock, log } = this.#options;
    const previous = this.#snapshot.bundle.digest;
    if (!next.ok) {
      const [first] = next.error;
      log.error({ problems: next.error.map(problemText) }, 'new policy refused; what was in force still is');
      await this.#recordBundle(previous, first ? problemText(first) : 'refused');
      return { loaded: false, digest: previous, previous, problems: next.error, cut: 0 };
    }
    const { bundle, categories } = next.value;
    await keepBundle(this.#options.bundles, bundle);
    const startedAt = clock.monotonic();
    this.#revision = next.value;
    this.#snapshot = Object.freeze({ bundle, categories: categories.index, controls: this.#snapshot.controls });
    const leases = this.#held();
    const change = ulid('c', clock.now(), randomBytes(10));
    const outcome = await cutFlows(leases.rejudge(), change, startedAt, { leases, clock, log });
    await this.#recordBundle(previous, null);
    log.info({ bundle: bundle.digest, previous, cut: outcome.cut }, 'new policy in force');
    return { loaded: true, digest: bundle.digest, previous, problems: [], cut: outcome.cut };
  }

  async #recordBundle(previous: string | null, refused: string | null): Promise<void> {
    const { audit, clock } = this.#options;
    const { bundle, categories } = this.#snapshot;
    await audit.record({
      type: 'bundle.loaded',
      id: ulid('e', clock.now(), randomBytes(10)),
      tenant: null,
      task: null,
      bundle: bundle.digest,
      previous,
      category_index: categories.digest,
      refused,
    });
  }

  #held(): LeaseIndex {
    if (!this.#leases) throw new Error('the control plane was used before it was started');
    return this.#leases;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(act);
    this.#queue = next.catch(() => undefined);
    return next;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}

/**
 * The one place where the running state changes: controls by operators and by expiry, policy by reload. A change is
 * validated, takes effect, cuts what hung on what it ended, is made durable, and is recorded; then it is acknowledged.
 *
 * The order of effects:
 * - what closes (block, revoke, quarantine, kill, deny) is in force before it is durable: nothing waits for a disk to be
 *   denied. If it cannot be made durable, it stays in force and the answer says that a restart would forget it.
 * - what opens (unblock, restore, release, allow, clear) is durable first, with the event that tells of it, and is not done
 *   while the record cannot be written.
 *
 * INVARIANT: changes happen one after another; `current()` is swapped by one assignment.
 */

import { randomBytes } from 'node:crypto';
import type { ControlMark, Controls, CutReceipt, NotChanged, RecordedAction } from '../core/controls.ts';
import { NO_CONTROLS } from '../core/controls.ts';
import { ulid } from '../core/ids.ts';
import type { AuditSink, Clock, ControlPlane as ControlPort, Log, Meter } from '../core/ports.ts';
import { err, ok, type Problem, problemText, type Result } from '../core/result.ts';
import { adoptedControls } from '../policy/controls/adopted-controls.ts';
import { expired, nextControls, withoutExpired } from '../policy/controls/control-change.ts';
import { controlEffects, endedFacts } from '../policy/controls/control-effects.ts';
import { nextExpiry } from '../policy/controls/control-index.ts';
import { patchBetween } from '../policy/controls/control-patch.ts';
import { type ControlChange, opens, withoutChange } from '../policy/controls/control-undo.ts';
import type { LeaseIndex } from '../policy/lease-index.ts';
import type { PolicySource, Snapshot } from '../policy/snapshot.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import type { Documents } from '../store/documents.ts';
import type { ControlActor, ControlOrder, Follower, ReloadOutcome, SnapshotCause } from './control-order.ts';
import { changedAt } from './control-order.ts';
import { type Act, type ActDone, bundleEvent, changedEvent, changeOf, type States } from './control-records.ts';
import { readControls } from './controls-document.ts';
import { ControlsKeeper, type ControlsState, whatIsMissing } from './controls-keeper.ts';
import { cutFlows } from './cut-flows.ts';
import { LeaveTimes } from './leave-times.ts';
import type { PolicyRevision } from './load-revision.ts';
import { type PendingControl, PendingControls, type TwoPersonRule } from './pending-controls.ts';
import { keepBundle } from './replay-log.ts';
import { TwoPersonDesk } from './two-person.ts';

export interface ControlPlaneOptions {
  readonly revision: PolicyRevision;
  readonly documents: Documents;
  /** Every bundle that comes into force is kept there first. */
  readonly bundles: BundleStore;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** Which changes need a second person; none when absent. */
  readonly twoPerson?: TwoPersonRule;
  /** Name of the hub that a member of a fleet follows: nothing is changed here then. */
  readonly hub?: string;
}

interface Asked {
  readonly action: RecordedAction;
  readonly by: string;
  readonly why: string;
  readonly forMs: number | null;
  readonly approvedBy: string | null;
  readonly pending: string | null;
}

const NO_RULE: TwoPersonRule = { actions: new Set(), withinMs: 0 };
/** Changes that can be looked up and undone. */
const KEPT_CHANGES = 200;
/** Longest timer that the runtime takes. */
const MAX_TIMER = 0x7fff_ffff;
/** How often flows whose pass has ended are looked for. */
const OVERDUE_MS = 1000;

export class ControlPlane implements ControlPort, PolicySource {
  readonly #options: ControlPlaneOptions;
  #snapshot: Snapshot;
  #revision: PolicyRevision;
  #leases: LeaseIndex | null = null;
  readonly #followers = new Set<Follower>();
  #history: readonly ControlChange[];
  readonly #keeper: ControlsKeeper;
  readonly #leaves: LeaveTimes;
  readonly #pending: PendingControls;
  readonly #desk: TwoPersonDesk;
  #queue: Promise<unknown> = Promise.resolve();
  #expiry: NodeJS.Timeout | null = null;
  #overdue: NodeJS.Timeout | null = null;

  /** Throws `ControlsDamaged`. */
  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#revision = options.revision;
    const stored = readControls(options.documents);
    this.#history = stored?.history ?? [];
    this.#keeper = new ControlsKeeper(options);
    this.#leaves = new LeaveTimes(options.clock);
    this.#pending = new PendingControls(options.documents);
    this.#desk = new TwoPersonDesk({ ...options, rule: options.twoPerson ?? NO_RULE, pending: this.#pending });
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
    if (stored) await this.#keeper.recover(stored);
    await keepBundle(this.#options.bundles, this.#snapshot.bundle);
    await this.#recordBundle(null, null);
    await this.#inTurn(() => this.#expireDue());
    // A crash may have come between the act and the end of the waiting.
    const carriedOut = new Set(this.#history.map((change) => change.pending));
    for (const { id } of this.#pending.list()) if (carriedOut.has(id)) await this.#pending.remove(id);
    this.#overdue = setInterval(() => void this.settle(), OVERDUE_MS);
    this.#overdue.unref();
  }

  followedBy(follower: Follower): void {
    this.#followers.add(follower);
  }

  /** Takes over what the hub ordered; null when nothing differs. The error says what kept it from it. */
  follow(theirs: Controls, cause: SnapshotCause): Promise<Result<CutReceipt | null, string>> {
    return this.#inTurn(async () => {
      const before = this.#snapshot.controls;
      const after = adoptedControls(before, theirs);
      if (after === null) return ok(null);
      const at = this.#options.clock.now();
      return this.#carryOut({ before, after }, { ...cause, pending: null }, { ...cause, at });
    });
  }

  async stop(): Promise<void> {
    if (this.#expiry) clearTimeout(this.#expiry);
    if (this.#overdue) clearInterval(this.#overdue);
    await this.#queue;
    await this.#keeper.settled();
  }

  /** Carries a change out; when it needs a second person, keeps it and says so as the error. */
  apply(order: ControlOrder): Promise<Result<CutReceipt, NotChanged>> {
    return this.#ownTurn(() => this.#asked({ ...order, approvedBy: null, pending: null }));
  }

  /** Takes one change back, while what it left still stands. */
  undo(change: string, { by, why }: ControlActor): Promise<Result<CutReceipt, NotChanged>> {
    const action = { do: 'control.undo', change } as const;
    return this.#ownTurn(() => this.#asked({ action, by, why, forMs: null, approvedBy: null, pending: null }));
  }

  /** Carries out what another person asked for. */
  approve(pending: string, { by }: Pick<ControlActor, 'by'>): Promise<Result<CutReceipt, NotChanged>> {
    return this.#ownTurn(async () => {
      const row = await this.#desk.approvable(pending, by);
      if (!row.ok) return row;
      const { action, by: asker, why, forMs } = row.value;
      const outcome = await this.#apply({ action, by: asker, why, forMs, approvedBy: by, pending });
      // What came into force and could not be recorded yet was carried out all the same.
      if (outcome.ok || this.#history.some((change) => change.pending === pending)) await this.#desk.done(pending);
      return outcome;
    });
  }

  reject(pending: string, { by, why }: ControlActor): Promise<Result<PendingControl, string>> {
    return this.#inTurn(() => this.#desk.reject(pending, by, why));
  }

  canUndo(entry: ControlChange): boolean {
    return withoutChange(this.#snapshot.controls, entry, this.#options.clock.now()).ok;
  }

  /** Latest first: what people changed, and what waits for a second person. */
  changes(): { readonly changes: readonly ControlChange[]; readonly pending: readonly PendingControl[] } {
    return { changes: this.#history.toReversed(), pending: this.#pending.list() };
  }

  /** Takes a revision that was loaded, or says why it was not; every live flow is judged again. */
  reload(next: Result<PolicyRevision, Problem[]>): Promise<ReloadOutcome> {
    return this.#inTurn(() => this.#reload(next));
  }

  async #asked(asked: Asked): Promise<Result<CutReceipt, NotChanged>> {
    if (!this.#desk.covers(asked.action, this.#undone(asked.action)?.action ?? null)) return this.#apply(asked);
    const now = this.#options.clock.now();
    const possible = this.#next(asked.action, { ...asked, at: now, until: until(asked, now), change: 'asked' });
    return possible.ok ? this.#desk.ask(asked) : possible;
  }

  #undone(action: RecordedAction): ControlChange | null {
    if (action.do !== 'control.undo') return null;
    return this.#history.find((entry) => entry.change === action.change) ?? null;
  }

  #next(action: RecordedAction, { by, why, at, until, change }: ControlMark): Result<Controls, string> {
    const { controls, bundle } = this.#snapshot;
    if (action.do !== 'control.undo') return nextControls(controls, action, { by, why, at, until, change }, bundle);
    const entry = this.#undone(action);
    if (!entry)
      return err(`no change \`${action.change}\` among the last ${KEPT_CHANGES}; see \`locktender control list\``);
    return withoutChange(controls, entry, at);
  }

  async #apply(asked: Asked): Promise<Result<CutReceipt, NotChanged>> {
    const { clock } = this.#options;
    const { action, by, why, approvedBy, pending } = asked;
    const at = clock.now();
    const mark: ControlMark = { by, why, at, until: until(asked, at), change: ulid('c', at, randomBytes(10)) };
    const next = this.#next(action, mark);
    if (!next.ok) return next;
    const states: States = { before: this.#snapshot.controls, after: next.value };
    const act: Act = { action, by, why, until: mark.until, automatic: false, approvedBy, pending };
    const entry = changeOf(act, mark, states);
    return this.#carryOut(states, act, mark, [...this.#history, entry].slice(-KEPT_CHANGES));
  }

  /** What opens is durable before it is in force, what closes after. */
  async #carryOut(
    states: States,
    act: ActDone,
    { change, at }: Pick<ControlMark, 'change' | 'at'>,
    history = this.#history,
  ): Promise<Result<CutReceipt, string>> {
    const state: ControlsState = { controls: states.after, history };
    const mark = { change, id: ulid('e', at, randomBytes(10)) };
    const event = (receipt: CutReceipt | null) => changedEvent(act, mark, states, receipt);
    if (opens(patchBetween(states.before, states.after))) {
      if (!this.#options.audit.writable())
        return err('not done: the record cannot be written; repeat it when that is mended');
      try {
        await this.#keeper.prepare(state, event(null), { controls: states.before, history: this.#history });
      } catch (error) {
        return err(`not done: ${error instanceof Error ? error.message : 'unknown'}; what was in force still is`);
      }
    }
    this.#history = history;
    const receipt = await this.#enforce(states, { ...act, change });
    const notKept = await this.#keeper.keep(state, event(receipt));
    return notKept === null ? ok(receipt) : err(whatIsMissing(notKept));
  }

  /** Swaps, drops cached decisions, cuts. */
  async #enforce({ before, after }: States, cause: SnapshotCause): Promise<CutReceipt> {
    const { change, action } = cause;
    const { clock, log, meter } = this.#options;
    const startedAt = clock.monotonic();
    this.#snapshot = Object.freeze({ ...this.#snapshot, controls: after });
    const followed = this.#followed(cause);
    this.#armExpiry();
    const leases = this.#held();
    const live = leases.live().length;
    const effects = controlEffects(before, after);
    const decisions = leases.forget([...effects.cut, ...effects.rejudge, ...effects.forget]);
    const flows = leases.endedBy(effects);
    const outcome = await cutFlows(flows, change, startedAt, { leases, clock, log });
    await followed;
    const labels = { action: action.do };
    meter.count('locktender_control_changes_total', labels);
    meter.count('locktender_flows_cut_total', labels, outcome.cut);
    meter.count('locktender_flows_missed_total', {}, outcome.missed.length);
    if (flows.length > 0) meter.observe('locktender_cut_seconds', outcome.slowestMs / 1000);
    return {
      change,
      version: after.version,
      facts: endedFacts(effects),
      live,
      dependants: flows.length,
      cut: outcome.cut,
      missed: outcome.missed,
      decisions,
      slowest_ms: Math.round(outcome.slowestMs * 1000) / 1000,
    };
  }

  /** Takes out what is due, one recorded change each. A member is told of it by its hub; until then what is over is not in force. */
  async #expireDue(): Promise<void> {
    if (this.#options.hub !== undefined) return;
    const now = this.#options.clock.now();
    const { controls } = this.#snapshot;
    const due = expired(controls, now).map((action) => ({ action, at: now }));
    // By the clock they may have time left, where it was set back.
    const over = this.#leaves.over(controls);
    for (const action of expired(over, Number.POSITIVE_INFINITY)) due.push({ action, at: Number.POSITIVE_INFINITY });
    for (const { action, at } of due) {
      const before = this.#snapshot.controls;
      const after = Object.freeze(withoutExpired(before, action, at));
      const id = ulid('e', now, randomBytes(10));
      const mark = { change: ulid('c', now, randomBytes(10)), at: now, id };
      const who = { by: 'locktender', why: 'its time is over', approvedBy: null, pending: null };
      const act = { ...who, action, until: null, automatic: true };
      const receipt = await this.#enforce({ before, after }, { ...act, change: mark.change });
      const state = { controls: after, history: this.#history };
      await this.#keeper.keep(state, changedEvent(act, mark, { before, after }, receipt));
    }
    this.#armExpiry();
  }

  #armExpiry(): void {
    if (this.#expiry) clearTimeout(this.#expiry);
    this.#expiry = null;
    if (this.#options.hub !== undefined) return;
    const now = this.#options.clock.now();
    const { controls } = this.#snapshot;
    const left = Math.min(nextExpiry(controls, now) - now, this.#leaves.see(controls));
    if (left === Number.POSITIVE_INFINITY) return;
    const due = (): void => void this.#inTurn(() => this.#expireDue());
    this.#expiry = setTimeout(due, Math.min(Math.max(left, 1), MAX_TIMER));
    this.#expiry.unref();
  }

  /**
   * Brings what time has ended into effect: controls that return, waiting that is over, flows whose pass has ended; and records
   * what could not be recorded when it was done.
   */
  async settle(): Promise<void> {
    await this.#inTurn(() => this.#expireDue());
    const retry = () => this.#keeper.retry({ controls: this.#snapshot.controls, history: this.#history });
    if (this.#keeper.behind) await this.#inTurn(retry);
    if (this.#pending.list().some((row) => row.until <= this.#options.clock.now())) {
      await this.#inTurn(() => this.#desk.expire()).catch((error) =>
        this.#options.log.error({ error }, 'a change that waited too long could not be let go'),
      );
    }
    await this.#cutOverdue();
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
    const followed = this.#followed(null);
    const leases = this.#held();
    const change = ulid('c', clock.now(), randomBytes(10));
    const outcome = await cutFlows(leases.rejudge(), change, startedAt, { leases, clock, log });
    await followed;
    await this.#recordBundle(previous, null);
    log.info({ bundle: bundle.digest, previous, cut: outcome.cut }, 'new policy in force');
    return { loaded: true, digest: bundle.digest, previous, problems: [], cut: outcome.cut };
  }

  async #recordBundle(previous: string | null, refused: string | null): Promise<void> {
    const { audit, clock } = this.#options;
    await audit.record(bundleEvent(this.#snapshot, { previous, refused }, clock.now()));
  }

  #held(): LeaseIndex {
    if (!this.#leases) throw new Error('the control plane was used before it was started');
    return this.#leases;
  }

  async #followed(cause: SnapshotCause | null): Promise<void> {
    const snapshot = this.#snapshot;
    await Promise.all([...this.#followers].map((follower) => follower(snapshot, cause)));
  }

  /** What people ask for here; a member of a fleet is changed at its hub alone. */
  #ownTurn<T>(act: () => Promise<Result<T, NotChanged>>): Promise<Result<T, NotChanged>> {
    const { hub } = this.#options;
    return hub === undefined ? this.#inTurn(act) : Promise.resolve(err(`not done: ${changedAt(hub)}`));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(act);
    this.#queue = next.catch(() => undefined);
    return next;
  }
}

function until({ forMs }: Pick<ControlOrder, 'forMs'>, at: number): number | null {
  return forMs === null ? null : at + forMs;
}

/**
 * The lease index: which cached decisions and which live flows depend on which facts. Ending facts finds exactly their
 * dependants. INVARIANT: every flow in the index was allowed under the snapshot that was current when it was held, or
 * under a later one; `hold` refuses what has ended in the meantime.
 */

import { LRUCache } from 'lru-cache';
import { Bag, type Seat } from '../core/bag.ts';
import type { Controls } from '../core/controls.ts';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import { type Fact, factParts } from '../core/fact.ts';
import type { Flow, Lease, LeaseBook } from '../core/ports.ts';
import type { ControlEffects, Ended } from './controls/control-effects.ts';
import { controlIndex, killOf, markOf, overrideOf } from './controls/control-index.ts';
import { decide } from './decide.ts';
import { type Dependant, Dependants } from './dependants.ts';
import type { PolicySource, Snapshot } from './snapshot.ts';

/** A cached decision. */
export interface Remembered extends Dependant {
  readonly key: string;
  readonly decision: Decision;
  readonly tenant: string;
  /** The decision's facts, and what it looked at besides. */
  readonly facts: readonly Fact[];
  /** Epoch ms: from and until when (exclusive) it would be decided the same. */
  readonly from: number;
  readonly until: number;
  /** Version of the controls that it was decided under. */
  readonly controls: number;
}

/** A live flow and what it hangs on. */
export interface HeldFlow extends Dependant {
  readonly flow: Flow;
  /** Replaced when a reload judges the flow again. */
  readonly facts: readonly Fact[];
  /** What was decided, so that a reload can decide it again; null when the holder did not take it from a decision. */
  readonly origin: Origin | null;
  /** Where it stands among all that are held. */
  place: Seat<HeldFlow> | null;
}

export interface Origin extends Decided {
  readonly request: DecisionRequest;
}

/** A decision and what it was made under, without what was asked: that may be long, and others are decided the same. */
export interface Decided {
  readonly decision: Decision;
  readonly snapshot: Snapshot;
}

/** Facts that had not ended at an instant: what controls say later they say sooner, since marks only run out. */
interface Standing {
  readonly controls: Controls;
  readonly tenant: string;
  readonly since: number;
}

export interface LeaseIndexOptions {
  readonly source: PolicySource;
  /** Epoch ms. */
  readonly now: () => number;
  /** Whether this node may let anything begin at all; absent where it always may. Asked at each flow. */
  readonly standing?: () => boolean;
  /** Cached decisions kept; the least used go first. */
  readonly maxDecisions?: number;
}

export class LeaseIndex implements LeaseBook {
  readonly #source: PolicySource;
  readonly #now: () => number;
  readonly #mayBegin: () => boolean;
  readonly #cache: LRUCache<string, Remembered>;
  readonly #decisions = new Dependants<Remembered>();
  readonly #flows = new Dependants<HeldFlow>();
  readonly #held = new Bag<HeldFlow>();
  readonly #decided = new WeakMap<readonly Fact[], Decided>();
  readonly #standing = new WeakMap<readonly Fact[], Standing>();

  constructor({ source, now, standing = () => true, maxDecisions = 20_000 }: LeaseIndexOptions) {
    this.#source = source;
    this.#now = now;
    this.#mayBegin = standing;
    this.#cache = new LRUCache({ max: maxDecisions, dispose: (entry) => this.#decisions.remove(entry) });
  }

  recall(key: string): Remembered | undefined {
    return this.#cache.get(key);
  }

  remember(entry: Remembered): void {
    this.#cache.set(entry.key, entry);
    this.#decisions.add(entry);
  }

  /** Notes which decision the facts are of, so that whoever holds them can be judged again. */
  note({ decision, snapshot }: Decided): void {
    this.#decided.set(decision.facts, { decision, snapshot });
  }

  /** The decision that has this very list of facts; null when it was not noted. */
  decidedBy(facts: readonly Fact[]): Decided | null {
    return this.#decided.get(facts) ?? null;
  }

  /**
   * Pass the very `facts` array of the decision and what was asked: then the flow survives reloads that would still allow it.
   * `request` is the flow's own: others that were decided the same may differ in what another bundle would look at, as the path.
   */
  hold(flow: Flow, facts: readonly Fact[], request?: DecisionRequest): Lease | null {
    if (!this.#mayBegin()) return null;
    const now = this.#current(flow, facts, request);
    if (!now) return null;
    const held: HeldFlow = { flow, ...now, seats: [], place: null };
    held.place = this.#held.add(held);
    this.#flows.add(held);
    return { release: () => this.drop(held) };
  }

  /** Takes a flow out: it has ended, or its cut was confirmed. */
  drop(held: HeldFlow): void {
    if (held.place !== null) this.#held.remove(held.place);
    this.#flows.remove(held);
  }

  /** Flows that depend on what ended; they stay held until they are dropped. */
  dependants(ended: readonly Ended[]): readonly HeldFlow[] {
    const out = new Set<HeldFlow>();
    for (const { facts, tenant } of ended) {
      for (const held of this.#flows.of(facts)) if (tenant === null || held.flow.tenant === tenant) out.add(held);
    }
    return [...out];
  }

  /** Flows that a change ends: those that depend on what it closed, and those that only a leave that is over allowed. */
  endedBy({ cut, rejudge }: Pick<ControlEffects, 'cut' | 'rejudge'>): readonly HeldFlow[] {
    const closed = this.dependants(cut);
    const gone = new Set(closed);
    return [...closed, ...this.#judge(this.dependants(rejudge).filter((held) => !gone.has(held)))];
  }

  /** Drops the cached decisions that depend on what ended; says how many. */
  forget(ended: readonly Ended[]): number {
    let count = 0;
    for (const { facts, tenant } of ended) {
      for (const entry of this.#decisions.of(facts)) {
        if (tenant !== null && entry.tenant !== tenant) continue;
        this.#cache.delete(entry.key);
        count += 1;
      }
    }
    return count;
  }

  /** After a reload: drops every cached decision, judges every flow again, and gives those that may not go on. */
  rejudge(): readonly HeldFlow[] {
    this.#cache.clear();
    return this.#judge(this.#held.items());
  }

  /** Flows whose allow has ended by itself and which would not be allowed anew. */
  overdue(): readonly HeldFlow[] {
    const now = this.#now();
    const late = this.#held.items().filter(({ origin }) => endsBy(origin, now));
    return this.#judge(late);
  }

  live(): readonly HeldFlow[] {
    return this.#held.items();
  }

  stats(): { readonly flows: number; readonly decisions: number; readonly facts: number } {
    return { flows: this.#held.size, decisions: this.#cache.size, facts: this.#flows.size + this.#decisions.size };
  }

  #judge(flows: readonly HeldFlow[]): readonly HeldFlow[] {
    const snapshot = this.#source.current();
    return flows.filter((held) => {
      // Held by no decision and on no bundle (a task in the pool): a reload ends none of its facts.
      if (held.origin === null && !namesBundle(held.facts)) return false;
      const again = this.#again(held.origin, snapshot);
      if (!again) return true;
      this.#flows.remove(held);
      this.#flows.add(Object.assign(held, { facts: again.decision.facts, origin: again }));
      return false;
    });
  }

  #current(flow: Flow, facts: readonly Fact[], request?: DecisionRequest): Pick<HeldFlow, 'facts' | 'origin'> | null {
    const snapshot = this.#source.current();
    const decided = this.decidedBy(facts);
    const origin = decided && request ? { ...decided, request } : null;
    const now = this.#now();
    if (endsBy(decided, now)) return null;
    if (!this.#stand(facts, flow.tenant, snapshot.controls, now)) return null;
    if (origin && origin.snapshot.bundle === snapshot.bundle && origin.snapshot.categories === snapshot.categories) {
      return { facts, origin };
    }
    if (!origin)
      return facts.includes(`bundle:${snapshot.bundle.digest}`) || !namesBundle(facts) ? { facts, origin } : null;
    const again = this.#again(origin, snapshot);
    return again ? { facts: again.decision.facts, origin: again } : null;
  }

  /** None of the facts has ended; looked at once for each list and controls. */
  #stand(facts: readonly Fact[], tenant: string, controls: Controls, now: number): boolean {
    const known = this.#standing.get(facts);
    if (known?.controls === controls && known.tenant === tenant && known.since <= now) return true;
    for (const one of facts) if (factEnded(one, tenant, controls, now)) return false;
    this.#standing.set(facts, { controls, tenant, since: now });
    return true;
  }

  /** The same request under this snapshot, when it is still allowed and relayed in the same way. */
  #again(origin: Origin | null, snapshot: Snapshot): Origin | null {
    if (origin?.decision.effect !== 'allow') return null;
    const request = { ...origin.request, now: this.#now() };
    const decision = decide(request, snapshot);
    if (decision.effect !== 'allow' || decision.mode !== origin.decision.mode) return null;
    return { request: origin.request, decision, snapshot };
  }
}

function endsBy(decided: Decided | null, now: number): boolean {
  return decided?.decision.effect === 'allow' && decided.decision.until <= now;
}

function namesBundle(facts: readonly Fact[]): boolean {
  return facts.some((f) => f.startsWith('bundle:'));
}

/** True when controls have ended the fact. A bundle is judged by deciding again, not here. */
function factEnded(of: Fact, tenant: string, controls: Controls, now: number): boolean {
  const { kind, value } = factParts(of);
  switch (kind) {
    case 'task':
      return killOf(controls, { task: value, tenant }, now) !== null;
    case 'tenant':
      return markOf(controls.quarantinedTenants, value, now) !== null;
    case 'pass':
      return markOf(controls.revokedPasses, value, now) !== null;
    case 'capability':
      return markOf(controls.revokedCapabilities, value, now) !== null;
    case 'category':
      return markOf(controls.blockedCategories, value, now) !== null;
    case 'host':
      return overrideOf(controls, 'deny', { host: value, tenant, now }) !== null;
    case 'controls':
      return !controlIndex(controls).leaves.has(value);
    default:
      return false;
  }
}

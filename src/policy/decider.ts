/**
 * Cached decisions. The key covers all that a decision depends on but time and snapshot: time is kept as a range, and
 * what a change of snapshot touches is forgotten through the lease index.
 */

import { LRUCache } from 'lru-cache';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import type { Fact } from '../core/fact.ts';
import { ownText } from '../core/own-text.ts';
import type { Principal } from '../core/principal.ts';
import { NOTHING_WAIVED } from './case.ts';
import { nextExpiry } from './controls/control-index.ts';
import { decide, decideWatched } from './decide.ts';
import type { LeaseIndex, Remembered } from './lease-index.ts';
import { matchedPredicates, questionOf } from './question.ts';
import type { PolicySource, Snapshot } from './snapshot.ts';

export interface Decider {
  /** Decides under a snapshot that was captured once for the exchange; cached when it is still the current one. */
  decide(request: DecisionRequest, snapshot?: Snapshot): Decision;
  readonly counts: { hits: number; misses: number };
}

export interface DeciderOptions {
  readonly source: PolicySource;
  readonly leases: LeaseIndex;
}

export function createDecider({ source, leases }: DeciderOptions): Decider {
  const who = createWho();
  const counts = { hits: 0, misses: 0 };
  const decideAt = (request: DecisionRequest, at?: Snapshot): Decision => {
    const snapshot = source.current();
    if (at !== undefined && at !== snapshot) return noted(at, decide(request, at));
    const key = keyOf(request, snapshot, who);
    const known = leases.recall(key);
    if (known && isCurrent(known, request, snapshot)) {
      counts.hits += 1;
      return known.decision;
    }
    counts.misses += 1;
    const entry = fresh(ownText(key), request, snapshot);
    leases.remember(entry);
    return noted(snapshot, entry.decision);
  };
  const noted = (snapshot: Snapshot, decision: Decision): Decision => {
    if (decision.effect === 'allow') leases.note({ decision, snapshot });
    return decision;
  };
  return { decide: decideAt, counts };
}

/** A denial also says what would allow it, which any change of controls may change; allows end by their facts alone. */
function isCurrent({ from, until, decision, controls }: Remembered, { now }: DecisionRequest, at: Snapshot): boolean {
  return from <= now && now < until && (decision.effect === 'allow' || controls === at.controls.version);
}

function fresh(key: string, request: DecisionRequest, snapshot: Snapshot): Remembered {
  const { bundle, controls, categories } = snapshot;
  const q = questionOf(request, bundle, categories);
  const { decision, watched } = decideWatched(q, { bundle, controls, waived: NOTHING_WAIVED });
  const facts: readonly Fact[] = watched.length === 0 ? decision.facts : [...decision.facts, ...watched];
  const { now, principal } = request;
  const passEnd = principal && principal.expiresAt > now ? principal.expiresAt : Number.POSITIVE_INFINITY;
  const until = Math.min(passEnd, nextExpiry(controls, now));
  const tenant = principal?.tenant ?? '';
  // Every record of this decision shares these lists, and whoever writes them may keep their text.
  Object.freeze(decision.facts);
  Object.freeze(decision.categories);
  Object.freeze(decision);
  return { key, decision, tenant, facts, seats: [], from: now, until, controls: controls.version };
}

/** A short name for everything a principal is; the same claims have the same name. */
function createWho(): (principal: Principal | null) => string {
  const byObject = new WeakMap<Principal, string>();
  const byClaims = new LRUCache<string, string>({ max: 50_000 });
  let next = 0;
  return (principal) => {
    if (principal === null) return '-';
    const known = byObject.get(principal);
    if (known !== undefined) return known;
    const claims = JSON.stringify(principal);
    let name = byClaims.get(claims);
    if (name === undefined) {
      next += 1;
      name = next.toString(36);
      byClaims.set(claims, name);
    }
    byObject.set(principal, name);
    return name;
  };
}

function keyOf(request: DecisionRequest, { bundle }: Snapshot, who: (p: Principal | null) => string): string {
  const { target, resolved } = request;
  const matched = matchedPredicates(request, bundle);
  // No part may hold a line feed: methods, upgrades and hosts are tokens, predicates have no white space.
  let key = `${who(request.principal)}\n${request.method}\n${target.scheme}\n${target.host.name}\n${target.port}\n${request.upgrade}`;
  if (request.passProblem !== null) key += `\n!${request.passProblem}`;
  if (matched.length > 0) key += `\n${matched.join(' ')}`;
  if (resolved) key += `\n@${resolved.addresses.join(',')} ${resolved.cnames.join(',')}`;
  return key;
}

/** A case: one question under one snapshot, with the grants that are left after each narrowing. */

import type { Controls } from '../core/controls.ts';
import type { ApprovedDomain } from './bundle/approved-domains.ts';
import type { Bundle } from './bundle/bundle.ts';
import type { Candidate } from './bundle/grant-index.ts';
import { markOf } from './controls/control-index.ts';
import { fittingGrants, forbiddenAddresses, permitsAddresses } from './grant-fit.ts';
import type { Question } from './question.ts';

/** What a question is asked under. `waived` is what a remedy supposes away; empty in every real decision. */
export interface World {
  readonly bundle: Bundle;
  readonly controls: Controls;
  readonly waived: ReadonlySet<string>;
}

export const NOTHING_WAIVED: ReadonlySet<string> = new Set();

export interface Case {
  readonly q: Question;
  readonly world: World;
  /** Held by the task and fitting the request. */
  readonly fitting: readonly Candidate[];
  /** Of those, not revoked. */
  readonly live: readonly Candidate[];
  /** Categories that are blocked by taxonomy and not opened by an operator. */
  readonly closed: readonly string[];
  /** Of `live`, those that set aside every closed category. */
  readonly open: readonly Candidate[];
  /** Addresses that are not public. */
  readonly forbidden: readonly string[];
  /** Of `open`, those whose capability names every forbidden address. */
  readonly reachable: readonly Candidate[];
}

export function caseOf(q: Question, world: World): Case {
  const fitting = held(q, world);
  const live = fitting.filter((c) => !revoked(c.capability.name, q, world));
  const closed = closedCategories(q, world);
  const open = closed.length === 0 ? live : live.filter((c) => closed.every((name) => c.despite.includes(name)));
  const forbidden = world.waived.has('address') ? [] : forbiddenAddresses(q);
  const reachable =
    forbidden.length === 0 ? open : open.filter((c) => permitsAddresses(c.capability, q.host.name, forbidden));
  return { q, world, fitting, live, closed, open, forbidden, reachable };
}

function held(q: Question, world: World): readonly Candidate[] {
  const { principal } = q;
  if (!principal) return [];
  const { bundle, waived } = world;
  const index = waived.has('profile') ? bundle.grants : bundle.grantsByProfile.get(principal.profile);
  if (!index) return [];
  const out: Candidate[] = [];
  const approvals = waived.has('approval') ? () => [supposedApproval(q)] : undefined;
  for (const c of fittingGrants(q, bundle, index, approvals)) {
    if (principal.capabilities.includes(c.capability.name)) out.push(c);
  }
  return out;
}

function supposedApproval(q: Question): ApprovedDomain {
  return { pattern: { kind: 'exact', name: q.host.name }, paths: [], access: 'write', despite: [], file: '', line: 0 };
}

export function revoked(capability: string, q: Question, world: World): boolean {
  if (world.waived.has(`capability:${capability}`)) return false;
  return markOf(world.controls.revokedCapabilities, capability, q.now) !== null;
}

function closedCategories(q: Question, { bundle, controls, waived }: World): readonly string[] {
  return q.categories.filter(
    (name) =>
      bundle.defaultBlocked.has(name) &&
      !waived.has(`category:${name}`) &&
      markOf(controls.unblockedCategories, name, q.now) === null,
  );
}

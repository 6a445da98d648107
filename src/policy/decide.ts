/**
 * The decision: a pure function of a request and a snapshot. The steps stand in the order of precedence; the first
 * that speaks decides, and none speaking is a denial.
 */

import type { ControlMark, HostOverride } from '../core/controls.ts';
import type { Allow, Decision, DecisionRequest, Deny, RelayMode, RuleRef } from '../core/decision.ts';
import { type Fact, fact } from '../core/fact.ts';
import type { PrecedenceStep, ReasonCode } from '../core/reasons.ts';
import type { Candidate } from './bundle/grant-index.ts';
import { AMBIGUOUS_PATH, pathPredicate } from './bundle/path-pattern.ts';
import { type Case, caseOf, NOTHING_WAIVED, type World } from './case.ts';
import { killOf, markOf, overrideOf } from './controls/control-index.ts';
import { pathPatternsFor, type Question, questionOf } from './question.ts';
import { type Judgement, remedies } from './remedies.ts';
import type { Snapshot } from './snapshot.ts';

/** Decides a request. Never throws for any request; what it cannot judge, it denies. */
export function decide(request: DecisionRequest, snapshot: Snapshot): Decision {
  const question = questionOf(request, snapshot.bundle, snapshot.categories);
  return decideQuestion(question, { bundle: snapshot.bundle, controls: snapshot.controls, waived: NOTHING_WAIVED });
}

/** Decides a question, with the smallest changes that would allow what it denies. */
export function decideQuestion(q: Question, world: World): Decision {
  return withRemedies(decideBare(q, world), q, world);
}

/** A decision, and the facts that it looked at without relying on them: what a cache of decisions must also watch. */
export function decideWatched(q: Question, world: World): { decision: Decision; watched: readonly Fact[] } {
  const c = caseOf(q, world);
  const decision = withRemedies(decideCase(c), q, world);
  const others = new Set(c.fitting.map((f) => f.capability.name).filter((name) => name !== decision.capability));
  return { decision, watched: [...others].map((name) => fact('capability', name)) };
}

function withRemedies(decision: Decision, q: Question, world: World): Decision {
  if (decision.effect === 'allow') return decision;
  return { ...decision, wouldAllow: remedies(q, world, decision, judge) };
}

interface Outcome {
  readonly effect: 'allow' | 'deny';
  readonly reason: ReasonCode;
  readonly step: PrecedenceStep;
  readonly rule: RuleRef | null;
  readonly candidate?: Candidate | undefined;
  /** The override that an allow stands on. */
  readonly override?: HostOverride;
}

const STEPS: readonly ((c: Case) => Outcome | null)[] = [
  taskKilled,
  tenantQuarantined,
  passInvalid,
  capabilityRevoked,
  hostOverrideDeny,
  categoryBlocked,
  addressForbidden,
  hostOverrideAllow,
  capabilityGrants,
  pathAmbiguous,
];

/** Decides without looking for remedies. */
export function decideBare(q: Question, world: World): Decision {
  return decideCase(caseOf(q, world));
}

function decideCase(c: Case): Decision {
  const outcome = outcomeOf(c);
  return outcome.effect === 'allow' ? allow(c, outcome) : deny(c, outcome);
}

function outcomeOf(c: Case): Outcome {
  for (const step of STEPS) {
    const outcome = step(c);
    if (outcome) return outcome;
  }
  return DEFAULT_DENY;
}

const DEFAULT_DENY: Outcome = { effect: 'deny', reason: 'default_deny', step: 'default_deny', rule: null };

/** What a decision says, without what it rests on: enough to suppose one. */
function judge(q: Question, world: World): Judgement {
  const { effect, reason, rule, candidate } = outcomeOf(caseOf(q, world));
  return { effect, reason, rule, capability: candidate?.capability.name ?? null };
}

function taskKilled({ q, world }: Case): Outcome | null {
  if (!q.principal || world.waived.has('task')) return null;
  const kill = killOf(world.controls, q.principal, q.now);
  return kill && control('task_killed', `task:${kill.name}`);
}

function tenantQuarantined({ q, world }: Case): Outcome | null {
  if (!q.principal || world.waived.has('tenant')) return null;
  const { tenant } = q.principal;
  return markOf(world.controls.quarantinedTenants, tenant, q.now)
    ? control('tenant_quarantined', `tenant:${tenant}`)
    : null;
}

function passInvalid({ q, world }: Case): Outcome | null {
  const invalid = (reason: ReasonCode, rule: RuleRef | null = null): Outcome => ({
    effect: 'deny',
    reason,
    step: 'pass_invalid',
    rule,
  });
  if (!q.principal) return invalid(q.passProblem ?? 'pass_missing');
  const { pass, expiresAt, profile } = q.principal;
  if (q.passProblem !== null) return invalid(q.passProblem);
  if (expiresAt <= q.now) return invalid('pass_expired');
  if (!world.waived.has('pass') && markOf(world.controls.revokedPasses, pass, q.now)) {
    return invalid('pass_revoked', { file: null, id: `control:pass:${pass}`, line: null });
  }
  const { profiles, classes } = world.bundle;
  if (!profiles.has(profile) || !classes.byName.has(q.principal.class)) return invalid('pass_not_admitted');
  return null;
}

function capabilityRevoked({ fitting, live }: Case): Outcome | null {
  const [first] = fitting;
  if (!first || live.length > 0) return null;
  return control('capability_revoked', `capability:${first.capability.name}`, first);
}

function hostOverrideDeny({ q, world, live }: Case): Outcome | null {
  if (world.waived.has('host')) return null;
  for (const host of [q.host.name, ...q.aliases]) {
    const override = overrideOf(world.controls, 'deny', { host, tenant: q.principal?.tenant ?? '', now: q.now });
    if (override) return control('host_override_deny', `host:${override.host}`, live[0]);
  }
  return null;
}

function categoryBlocked({ q, world, closed, live, open }: Case): Outcome | null {
  for (const name of q.categories) {
    if (!world.waived.has(`category:${name}`) && markOf(world.controls.blockedCategories, name, q.now)) {
      return control('category_blocked', `category:${name}`, live[0]);
    }
  }
  const [first] = closed;
  if (first === undefined || open.length > 0) return null;
  const rule = { file: null, id: `taxonomy:${first}`, line: null };
  return { effect: 'deny', reason: 'category_blocked', step: 'category_blocked', rule, candidate: live[0] };
}

function addressForbidden({ forbidden, reachable, open }: Case): Outcome | null {
  if (forbidden.length === 0 || reachable.length > 0) return null;
  const rule = { file: null, id: `address:${forbidden[0]}`, line: null };
  return { effect: 'deny', reason: 'address_forbidden', step: 'address_forbidden', rule, candidate: open[0] };
}

/** An override opens a host on the web's two ports; it does not open an upgrade, which is a channel of its own. */
function hostOverrideAllow({ q, world, reachable, forbidden }: Case): Outcome | null {
  if (!q.principal || q.upgrade !== '' || (q.port !== 443 && q.port !== 80)) return null;
  const override = overrideOf(world.controls, 'allow', { host: q.host.name, tenant: q.principal.tenant, now: q.now });
  if (!override) return null;
  const rule = { file: null, id: `control:host:${override.host}`, line: null };
  // A private destination is still reached by the right of the capability that names it.
  const candidate = forbidden.length > 0 ? reachable[0] : undefined;
  return {
    effect: 'allow',
    reason: 'host_override_allow',
    step: 'host_override_allow',
    rule,
    candidate,
    override,
  };
}

function capabilityGrants({ reachable }: Case): Outcome | null {
  const [candidate] = reachable;
  if (!candidate) return null;
  return {
    effect: 'allow',
    reason: 'capability_grants',
    step: 'capability_grants',
    rule: ruleOf(candidate),
    candidate,
  };
}

/** What would be granted if its path could be read in one way only (T-31); it is refused, never normalised. */
function pathAmbiguous({ q, world }: Case): Outcome | null {
  if (!q.matched.includes(AMBIGUOUS_PATH)) return null;
  const every = pathPatternsFor(world.bundle, q.host.name).map(pathPredicate);
  const [candidate] = caseOf({ ...q, matched: [...q.matched, ...every] }, world).reachable;
  if (!candidate) return null;
  return { effect: 'deny', reason: 'path_ambiguous', step: 'default_deny', rule: ruleOf(candidate), candidate };
}

function control(step: Extract<PrecedenceStep, ReasonCode>, what: string, candidate?: Candidate): Outcome {
  return { effect: 'deny', reason: step, step, rule: { file: null, id: `control:${what}`, line: null }, candidate };
}

function ruleOf({ grant }: Candidate): RuleRef {
  return { file: grant.file, id: grant.id, line: grant.line };
}

function allow(c: Case, outcome: Outcome): Allow {
  const mode = modeOf(c.q, outcome.candidate);
  return {
    effect: 'allow',
    ...common(c, outcome),
    mode,
    methodEnforced: mode !== 'tunnel',
    until: untilOf(c, outcome),
  };
}

function deny(c: Case, outcome: Outcome): Deny {
  return { effect: 'deny', ...common(c, outcome), wouldAllow: [] };
}

function common(c: Case, outcome: Outcome) {
  const capability = outcome.candidate?.capability.name ?? null;
  const { reason, step, rule } = outcome;
  return {
    reason,
    step,
    rule,
    capability,
    categories: c.q.categories,
    facts: factsOf(c, capability, outcome),
  };
}

/**
 * Everything whose end must end the decision. Sorted: the kinds are put in in alphabetical order, and of one kind what is
 * put in is sorted, so that nothing need be compared.
 */
function factsOf(c: Case, capability: string | null, outcome: Outcome): readonly Fact[] {
  const { q, world } = c;
  const p = q.principal;
  // An override does not open what a revoked capability closed: what fits and is not revoked is part of why it may.
  const relied = capability ?? (outcome.effect === 'allow' ? c.live[0]?.capability.name : undefined);
  const out: Fact[] = [fact('bundle', world.bundle.digest)];
  if (relied !== undefined) out.push(fact('capability', relied));
  for (const category of q.categories) out.push(fact('category', category));
  if (p) out.push(fact('class', p.class));
  if (outcome.effect === 'allow') {
    const leave = leaveOf(c, outcome).map((mark) => fact('controls', mark.change));
    out.push(...(leave.length > 1 ? leave.sort() : leave));
  }
  for (const host of hostsOf(q)) out.push(fact('host', host));
  if (p) out.push(fact('pass', p.pass), fact('profile', p.profile), fact('task', p.task), fact('tenant', p.tenant));
  return Object.freeze(out);
}

/** The host and the names of its CNAME chain, each once, sorted. */
function hostsOf({ host, aliases }: Question): readonly string[] {
  return aliases.length === 0 ? [host.name] : [...new Set([host.name, ...aliases])].sort();
}

/** The operators' marks that an allow stands on: an override, categories opened. */
function leaveOf({ q, world }: Case, outcome: Outcome): readonly ControlMark[] {
  const marks: ControlMark[] = outcome.override ? [outcome.override] : [];
  for (const category of q.categories) {
    if (!world.bundle.defaultBlocked.has(category)) continue;
    const mark = markOf(world.controls.unblockedCategories, category, q.now);
    // What sets the category aside by itself does not stand on the operator's leave.
    if (mark && !outcome.candidate?.despite.includes(category)) marks.push(mark);
  }
  return marks;
}

function modeOf(q: Question, candidate: Candidate | undefined): RelayMode {
  if (q.method === 'CONNECT') return candidate?.capability.inspect === 'never' ? 'tunnel' : 'inspect';
  return q.scheme === 'http' || q.scheme === 'ws' ? 'plain' : 'inspect';
}

/** The pass ends it, and so does the expiry of whatever operator's leave it stands on. */
function untilOf(c: Case, outcome: Outcome): number {
  const ends = leaveOf(c, outcome).map((mark) => mark.until ?? Number.POSITIVE_INFINITY);
  return Math.min(c.q.principal?.expiresAt ?? 0, ...ends);
}

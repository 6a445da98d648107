/** The stops of the walk, in its order. Each reads and fills the exchange; a stop that says no throws a `Refusal`. */

import type { Allow, Resolution } from '../core/decision.ts';
import { inCidr, parseCidr, parseIp } from '../core/ip-address.ts';
import type { ClientCertificate, Identified, Lease, Verified } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { reasonRow } from '../core/reasons.ts';
import { isRelayedMethod } from '../policy/bundle/read-equivalents.ts';
import type { BudgetBook } from './budget/budgets.ts';
import type { FieldLeak } from './budget/field-leaks.ts';
import { hostLeak, urlLeak } from './budget/leak.ts';
import { Endings } from './endings.ts';
import { type Credential, Exchange, type Order } from './exchange.ts';
import type { Gate } from './gate.ts';
import { screenCredentials } from './guarding/own-credentials.ts';
import { lookAtPath, scanOutbound } from './guarding/scan-outbound.ts';
import { grantsWrites } from './methods.ts';
import { closedEvent, decisionEvent, decisionRequest, newId } from './records.ts';
import { Refusal, refusalOfBudget } from './refusal.ts';

export function openExchange(gate: Gate, order: Order): Exchange {
  const now = gate.clock.now();
  return new Exchange(newId('d', now), order, gate.policy.current(), now);
}

/** Identity is the pass of this very request, or else the certificate of this very connection (T-26). */
export function identify(gate: Gate, exchange: Exchange): Wait {
  const { credential, certificate } = exchange.order;
  if (exchange.principal === null) {
    if (credential !== null) return identifyBy(gate, exchange, credential);
    const presented = certificate?.() ?? null;
    if (presented !== null) return identifyByCertificate(gate, exchange, presented);
    exchange.passProblem = 'pass_missing';
  }
  return takeProfile(exchange);
}

/** A stop that must wait for another part; undefined where it is through. */
type Wait = Promise<void> | undefined;

function takeProfile(exchange: Exchange): undefined {
  if (exchange.principal) exchange.profile = exchange.snapshot.bundle.profiles.get(exchange.principal.profile) ?? null;
}

function identifyBy(gate: Gate, exchange: Exchange, credential: Credential): Wait {
  const verified = gate.passes.verify(credential.token);
  if (verified instanceof Promise) return verified.then((known) => takePass(exchange, credential, known));
  return takePass(exchange, credential, verified);
}

function takePass(exchange: Exchange, { user }: Credential, verified: Verified): undefined {
  if (!verified.ok) exchange.passProblem = verified.error;
  else if (user !== '' && user !== verified.value.task) exchange.passProblem = 'pass_malformed';
  else if (!mayComeFrom(verified.value, exchange.order)) exchange.passProblem = 'pass_wrong_source';
  else exchange.principal = verified.value;
  return takeProfile(exchange);
}

function identifyByCertificate(gate: Gate, exchange: Exchange, certificate: ClientCertificate): Wait {
  const known = gate.clients?.identify(certificate) ?? null;
  if (known instanceof Promise) return known.then((identified) => takeIdentified(exchange, identified));
  return takeIdentified(exchange, known);
}

function takeIdentified(exchange: Exchange, identified: Identified | null): undefined {
  if (identified === null) exchange.passProblem = 'pass_missing';
  else if (identified.ok) exchange.principal = identified.value;
  else throw new Refusal(identified.error, 'client_certificate');
  return takeProfile(exchange);
}

/** A pass that was bound to a source is worth nothing elsewhere (T-49). */
function mayComeFrom({ source }: Principal, order: Order): boolean {
  if (source === undefined) return true;
  const prefix = parseCidr(source);
  const from = order.from?.();
  // A door that listens on both families sees IPv4 clients as mapped addresses.
  const ip = from === undefined ? null : parseIp(from.replace(/^::ffff:(?=[0-9.]+$)/i, ''));
  return prefix !== null && ip !== null && inCidr(ip, prefix);
}

/** What no policy can allow. */
export function screen(gate: Gate, exchange: Exchange): void {
  const { problem, ask } = exchange.order;
  if (problem !== null) throw new Refusal(problem.reason, problem.detail);
  if (ask.target === null) throw new Refusal('target_invalid');
  if (gate.draining()) throw new Refusal('draining');
  if (gate.stale?.()) throw new Refusal('controls_stale');
  if (exchange.passProblem === null && !isRelayedMethod(ask.method)) throw new Refusal('method_not_allowed');
}

/** Decides before anything is resolved: nothing is resolved on a denial (T-21). */
export function decideByName(gate: Gate, exchange: Exchange): void {
  decide(gate, exchange);
}

/** Decides again, now with the addresses and the CNAME chain. */
export function decideByAddress(gate: Gate, exchange: Exchange): void {
  const decision = decide(gate, exchange);
  const { target } = exchange.order.ask;
  const reached = exchange.resolved?.addresses.some((a) => target && gate.ownDoors.reaches(a, target.port)) ?? true;
  if (reached) throw new Refusal('address_forbidden', 'own_door', { ...decision, ...OWN_DOOR });
}

/** Which doors are ours is no matter of policy: a record without a step is not decided again. */
const OWN_DOOR = { effect: 'deny', reason: 'address_forbidden', step: null, rule: null, wouldAllow: [] } as const;

/** Budgets count before resolution, so that names cannot carry data for nothing. */
export function spend(gate: Gate, exchange: Exchange): Wait {
  const fields = fieldsLeak(gate, exchange);
  return fields instanceof Promise ? fields.then((known) => open(gate, exchange, known)) : open(gate, exchange, fields);
}

function open(gate: Gate, exchange: Exchange, fields: FieldLeak | null): Wait {
  const { principal, profile } = exchange;
  const { ask } = exchange.order;
  if (principal === null || profile === null) throw new Refusal('internal_error', 'no_profile');
  const leak = urlLeak(ask.path, ask.query) + (fields?.bytes ?? 0);
  const what = { host: exchange.host, hostLeak: hostLeak(exchange.host), leak };
  const opened = gate.budgets.open(principal, profile.limits, what, exchange.since);
  return opened instanceof Promise
    ? opened.then((known) => mayGoOn(exchange, known, fields))
    : mayGoOn(exchange, opened, fields);
}

/** Who may write to a host needs no fields to carry data out; the fields of CONNECT go nowhere. */
function fieldsLeak(gate: Gate, exchange: Exchange): FieldLeak | Promise<FieldLeak> | null {
  const { decision, order, tenant, task, host } = exchange;
  if (decision?.effect !== 'allow' || order.kind === 'tunnel' || grantsWrites(exchange, decision)) return null;
  return gate.fieldLeaks.of({ tenant, task, host, headers: order.headers });
}

function mayGoOn(
  exchange: Exchange,
  opened: Awaited<ReturnType<BudgetBook['open']>>,
  fields: FieldLeak | null,
): undefined {
  if (typeof opened !== 'number') throw refusalOfBudget(opened);
  fields?.keep();
  exchange.spending = true;
  exchange.wallEnd = opened;
}

/** One resolution; the very addresses found are checked and dialled (T-20). */
export function resolve(gate: Gate, exchange: Exchange): Wait {
  const host = exchange.order.ask.target?.host;
  if (!host) throw new Refusal('target_invalid');
  const found = host.kind === 'name' ? gate.resolver.resolve(host.name) : { addresses: [host.name], cnames: [] };
  return found instanceof Promise ? found.then((known) => goTo(exchange, known)) : goTo(exchange, found);
}

function goTo(exchange: Exchange, resolved: Resolution): undefined {
  exchange.resolved = resolved;
}

/** URL and headers, before the first byte leaves. */
export function scanRequest(gate: Gate, exchange: Exchange): Wait {
  screenCredentials(gate, exchange);
  return scanOutbound(gate, exchange);
}

/** The record of the allow is durable before any byte leaves; without a record nothing may leave. */
export function recordAllow(gate: Gate, exchange: Exchange): Promise<void> {
  const { decision } = exchange;
  if (decision?.effect !== 'allow') throw new Refusal('internal_error', 'no_allow');
  const { reason } = decision;
  try {
    lookAtPath(gate, exchange);
    return gate.audit.record(decisionEvent(exchange, { reason, detail: null, decision }, gate.pathKey)).then(
      () => {
        exchange.allowed = decision;
      },
      () => {
        throw new Refusal('audit_unavailable');
      },
    );
  } catch {
    throw new Refusal('audit_unavailable');
  }
}

/** Hangs the flow on the facts of its decision; null when one of them ended meanwhile. */
export function hold(gate: Gate, exchange: Exchange): Lease | Promise<Lease> {
  const { allowed, asked } = exchange;
  const lease = allowed && asked && gate.leases.hold(exchange, allowed.facts, asked);
  if (lease instanceof Promise) return lease.then((held) => endAtExpiry(gate, exchange, held));
  return endAtExpiry(gate, exchange, lease);
}

/** An allow ends by itself with its pass or override, and with the wall time of its task. */
function endAtExpiry(gate: Gate, exchange: Exchange, lease: Lease | null): Lease {
  if (!lease) throw new Refusal('lease_ended', 'fact_ended');
  const ending = endings.add(gate.clock, exchange);
  if (ending === null) {
    lease.release();
    throw new Refusal('lease_ended', 'expired');
  }
  return {
    release: () => {
      endings.delete(ending);
      lease.release();
    },
  };
}

const endings = new Endings();

/** The one way to say no: recorded, then answered. After the allow is on record, the close record tells of it. */
export async function refuse(gate: Gate, exchange: Exchange, refusal: Refusal): Promise<void> {
  const reason = exchange.isCut ? (exchange.reason ?? refusal.reason) : refusal.reason;
  const decision = refusal.decision ?? exchange.decision;
  if (reason === 'internal_error')
    gate.log.error({ decision: exchange.id, detail: refusal.detail }, 'egress walk failed');
  if (exchange.allowed) {
    exchange.reason = reason;
    exchange.cause ??= causeOf(reason);
  } else await recordDenial(gate, exchange, { reason, detail: refusal.detail, decision });
  exchange.status ??= reasonRow(reason).status;
  exchange.order.refuse({
    reason,
    decision: exchange.id,
    capability: decision?.capability ?? null,
    categories: decision?.categories ?? [],
    wouldAllow: decision?.effect === 'deny' ? decision.wouldAllow : [],
    budget: refusal.budget ?? exchange.budget,
  });
}

async function recordDenial(
  gate: Gate,
  exchange: Exchange,
  outcome: Parameters<typeof decisionEvent>[1],
): Promise<void> {
  const { reason } = outcome;
  try {
    lookAtPath(gate, exchange);
    await gate.audit.record(decisionEvent(exchange, outcome, gate.pathKey));
  } catch {
    gate.log.error({ decision: exchange.id, reason }, 'denial could not be recorded');
  }
}

/** The close record and the end of what the walk held. */
export async function closeOff(gate: Gate, exchange: Exchange): Promise<void> {
  if (exchange.spending && exchange.principal) gate.budgets.close(exchange.principal);
  exchange.order.over?.();
  if (exchange.allowed === null) return;
  const event = closedEvent(exchange, gate.clock.now());
  try {
    await gate.audit.record(event);
  } catch {
    gate.log.error({ decision: exchange.id }, 'close could not be recorded');
  }
}

function decide(gate: Gate, exchange: Exchange): Allow {
  const request = decisionRequest(exchange);
  if (request === null) throw new Refusal('target_invalid');
  const decision = gate.decide(request, exchange.snapshot);
  exchange.asked = request;
  exchange.decision = decision;
  if (decision.effect === 'deny') throw new Refusal(decision.reason, null, decision);
  return decision;
}

function causeOf(reason: Refusal['reason']): NonNullable<Exchange['cause']> {
  switch (reasonRow(reason).source) {
    case 'upstream':
      return reasonRow(reason).status === 504 ? 'timeout' : 'upstream_error';
    case 'budget':
      return 'budget';
    case 'guard':
      return 'guard_blocked';
    case 'tls':
      return 'client_closed';
    case 'request':
      return reasonRow(reason).status === 408 ? 'timeout' : 'client_closed';
    default:
      if (reason === 'lease_ended') return 'lease_ended';
      return reason === 'draining' ? 'draining' : 'internal_error';
  }
}

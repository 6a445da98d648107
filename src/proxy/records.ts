/** Exchanges as events. What is recorded is every input of the decision and its result, never a secret. */

import { randomFillSync } from 'node:crypto';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import type { DecisionInput, EventBody } from '../core/event.ts';
import { idMaker } from '../core/ids.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { decisionInput } from '../policy/decision-input.ts';
import type { Exchange } from './exchange.ts';
import { keyedHash } from './keyed-hash.ts';

/** A new id: prefix and epoch ms. */
export const newId = idMaker(randomFillSync);

export interface Outcome {
  readonly reason: ReasonCode;
  readonly detail: string | null;
  readonly decision: Decision | null;
}

/** The key for hashes of paths: each tenant's own, so that it can be shredded; the gate's where no tenant is known. */
export type PathKey = (tenant: string | null) => Uint8Array;

/** The decision event of an exchange. */
export function decisionEvent(exchange: Exchange, outcome: Outcome, pathKey: PathKey): EventBody {
  const { decision } = outcome;
  const allow = decision?.effect === 'allow' && decision.reason === outcome.reason ? decision : null;
  return {
    capability: decision?.capability ?? null,
    categories: decision?.categories ?? [],
    detail: outcome.detail,
    door: exchange.order.door,
    effect: allow ? 'allow' : 'deny',
    facts: decision?.facts ?? [],
    id: exchange.id,
    input: inputOf(exchange, decision, pathKey),
    method_enforced: allow?.methodEnforced ?? false,
    mode: allow?.mode ?? null,
    parent: exchange.order.parent,
    reason: outcome.reason,
    rule: decision?.rule ?? null,
    step: decision?.step ?? null,
    task: exchange.principal?.task ?? null,
    tenant: exchange.principal?.tenant ?? null,
    type: 'decision',
  };
}

/** Policy's own input where there was a question; what is known of the request where there was none. */
function inputOf(exchange: Exchange, decided: Decision | null, pathKey: PathKey): DecisionInput {
  const request = decisionRequest(exchange);
  const { ask } = exchange.order;
  const pathHashed = ask.path === '' ? null : pathHash(ask, pathKey(exchange.principal?.tenant ?? null));
  if (request !== null)
    return decisionInput(request, exchange.snapshot, { pathHash: pathHashed, clearPath: exchange.clearPath, decided });
  const { principal, snapshot } = exchange;
  return {
    addresses: null,
    bundle: snapshot.bundle.digest,
    capabilities: principal?.capabilities ?? null,
    categories: [],
    category_index: snapshot.categories.digest,
    class: principal?.class ?? null,
    cnames: null,
    content_type: null,
    controls: snapshot.controls.version,
    expires_at: principal?.expiresAt ?? null,
    host: null,
    matched: [],
    method: ask.method,
    now: exchange.since,
    pass: principal?.pass ?? null,
    pass_problem: exchange.passProblem,
    path: null,
    path_hash: pathHashed,
    port: null,
    profile: principal?.profile ?? null,
    risk: principal?.risk ?? null,
    scheme: null,
    upgrade: null,
  };
}

/** The question for policy; null while the target could not be read. */
export function decisionRequest(exchange: Exchange): DecisionRequest | null {
  const { ask } = exchange.order;
  if (ask.target === null) return null;
  return {
    principal: exchange.principal,
    passProblem: exchange.passProblem,
    method: ask.method,
    target: ask.target,
    path: ask.path,
    query: ask.query,
    contentType: ask.contentType,
    ...(ask.hasBody && { hasBody: true }),
    ...(ask.readOnlyTool === true && { readOnlyTool: true }),
    upgrade: ask.upgrade,
    resolved: exchange.resolved,
    now: exchange.since,
  };
}

function pathHash(ask: { readonly path: string; readonly query: string }, key: Uint8Array): string {
  return keyedHash(key, `${ask.path}?${ask.query}`).slice(0, 32);
}

/** The close of an allowed exchange. */
export function closedEvent(exchange: Exchange, now: number): EventBody {
  return {
    bytes_down: exchange.down,
    bytes_up: exchange.up,
    cause: exchange.cause ?? 'completed',
    change: exchange.change,
    decision: exchange.id,
    duration_ms: Math.max(0, now - exchange.since),
    id: newId('f', now),
    reason: exchange.reason,
    status: exchange.status,
    task: exchange.task,
    tenant: exchange.tenant,
    type: 'flow.closed',
  };
}

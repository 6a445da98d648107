/** Exchanges as events. What is recorded is every input of the decision and its result, never a secret. */

import { createHmac, randomFillSync } from 'node:crypto';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import type { DecisionInput, EventBody } from '../core/event.ts';
import { type IdPrefix, ulid } from '../core/ids.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { decisionInput } from '../policy/decision-input.ts';
import type { Exchange } from './exchange.ts';

const random = new Uint8Array(10 * 256);
let used = random.length;

/** A new id; randomness is drawn in blocks, one system call for 256 ids. */
export function newId(prefix: IdPrefix, now: number): string {
  if (used >= random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += 10;
  return ulid(prefix, now, random.subarray(used - 10, used));
}

export interface Outcome {
  readonly reason: ReasonCode;
  readonly detail: string | null;
  readonly decision: Decision | null;
}

/** The decision event of an exchange. */
export function decisionEvent(exchange: Exchange, outcome: Outcome, pathKey: Uint8Array): EventBody {
  const { decision } = outcome;
  const allow = decision?.effect === 'allow' && decision.reason === outcome.reason ? decision : null;
  return {
    type: 'decision',
    id: exchange.id,
    tenant: exchange.principal?.tenant ?? null,
    task: exchange.principal?.task ?? null,
    door: exchange.order.door,
    parent: exchange.order.parent,
    input: inputOf(exchange, pathKey),
    effect: allow ? 'allow' : 'deny',
    reason: outcome.reason,
    step: decision?.step ?? null,
    mode: allow?.mode ?? null,
    method_enforced: allow?.methodEnforced ?? false,
    rule: decision?.rule ?? null,
    capability: decision?.capability ?? null,
    categories: decision?.categories ?? [],
    facts: decision?.facts ?? [],
    detail: outcome.detail,
  };
}

/** Policy's own input where there was a question; what is known of the request where there was none. */
function inputOf(exchange: Exchange, pathKey: Uint8Array): DecisionInput {
  const request = decisionRequest(exchange);
  const { ask } = exchange.order;
  const pathHashed = ask.path === '' ? null : pathHash(ask, pathKey);
  if (request !== null) return decisionInput(request, exchange.snapshot, { pathHash: pathHashed });
  const { principal, snapshot } = exchange;
  return {
    pass: principal?.pass ?? null,
    class: principal?.class ?? null,
    profile: principal?.profile ?? null,
    risk: principal?.risk ?? null,
    capabilities: principal?.capabilities ?? null,
    expires_at: principal?.expiresAt ?? null,
    pass_problem: exchange.passProblem,
    method: ask.method,
    scheme: null,
    host: null,
    port: null,
    path_hash: pathHashed,
    path: null,
    matched: [],
    content_type: null,
    upgrade: null,
    addresses: null,
    cnames: null,
    categories: [],
    now: exchange.since,
    bundle: snapshot.bundle.digest,
    controls: snapshot.controls.version,
    category_index: snapshot.categories.digest,
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
    upgrade: ask.upgrade,
    resolved: exchange.resolved,
    now: exchange.since,
  };
}

function pathHash(ask: { readonly path: string; readonly query: string }, key: Uint8Array): string {
  return createHmac('sha256', key).update(`${ask.path}?${ask.query}`).digest('hex').slice(0, 32);
}

/** The close of an allowed exchange. */
export function closedEvent(exchange: Exchange, now: number): EventBody {
  return {
    type: 'flow.closed',
    id: newId('f', now),
    tenant: exchange.tenant,
    task: exchange.task,
    decision: exchange.id,
    cause: exchange.cause ?? 'completed',
    change: exchange.change,
    reason: exchange.reason,
    status: exchange.status,
    bytes_up: exchange.up,
    bytes_down: exchange.down,
    duration_ms: Math.max(0, now - exchange.since),
  };
}

/** Exchanges as events. What is recorded is every input of the decision and its result, never a secret. */

import { createHmac, randomFillSync } from 'node:crypto';
import type { Decision } from '../core/decision.ts';
import type { DecisionInput, EventBody } from '../core/event.ts';
import { type IdPrefix, ulid } from '../core/ids.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { shapePredicates } from '../policy/read-equivalents.ts';
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
    input: decisionInput(exchange, decision, pathKey),
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

function decisionInput(exchange: Exchange, decision: Decision | null, pathKey: Uint8Array): DecisionInput {
  const { principal, order, snapshot } = exchange;
  const { ask } = order;
  return {
    pass: principal?.pass ?? null,
    class: principal?.class ?? null,
    profile: principal?.profile ?? null,
    risk: principal?.risk ?? null,
    capabilities: principal?.capabilities ?? null,
    expires_at: principal?.expiresAt ?? null,
    pass_problem: exchange.passProblem,
    method: ask.method,
    scheme: ask.target?.scheme ?? null,
    host: ask.target?.host.name ?? null,
    port: ask.target?.port ?? null,
    path_hash: ask.path === '' ? null : pathHash(ask, pathKey),
    path: exchange.profile?.recordPaths === 'clear' && ask.path !== '' ? ask.path : null,
    matched: ask.path === '' ? [] : shapePredicates(ask),
    content_type: ask.contentType === '' ? null : ask.contentType,
    upgrade: ask.upgrade === '' ? null : ask.upgrade,
    addresses: exchange.resolved?.addresses ?? null,
    cnames: exchange.resolved?.cnames ?? null,
    categories: decision?.categories ?? [],
    now: exchange.since,
    bundle: snapshot.bundle.digest,
    controls: snapshot.controls.version,
    category_index: snapshot.categories.digest,
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

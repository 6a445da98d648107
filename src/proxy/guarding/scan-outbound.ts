/** The guard on what leaves in the request head: path, query and fields (T-36, T-37). */

import type { EventBody } from '../../core/event.ts';
import type { Verdict } from '../../core/finding.ts';
import { FieldParts } from '../../guard/field-parts.ts';
import { isRemarkable, recordOf, whyBlocked } from '../../guard/judge.ts';
import type { Ask, Exchange, HeaderList } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { newId } from '../records.ts';
import { Refusal } from '../refusal.ts';
import type { GuardContext, GuardPart } from './guarding.ts';

/** Undefined where nothing was found: then there is nothing to wait for. */
export function scanOutbound(gate: Gate, exchange: Exchange): Promise<void> | undefined {
  const guard = gate.guard();
  const context = guardContext(exchange, 'request', { contentType: '', contentEncoding: '' });
  if (guard === null || context === null || exchange.order.ask.path === '') return undefined;
  const { ask, headers, fieldParts: fields = outboundFields(headers) } = exchange.order;
  const verdict = guard.scanParts(urlParts(ask), context, fields);
  exchange.clearPath =
    verdict.unread !== true && verdict.more === 0 && !verdict.findings.some(({ path }) => path === PATH_PART);
  // Redacting a URL or a field would send the origin another request than was asked; only sending nothing is honest.
  const blocked = verdict.action !== 'pass' && context.settings.request === 'enforce';
  const stop = blocked ? new Refusal(whyBlocked(verdict), 'request_head') : null;
  if (isRemarkable(verdict))
    return recordVerdict(gate, exchange, { direction: 'request', verdict, bytes: 0 }).then(() => stopBy(stop));
  return stopBy(stop);
}

function stopBy(refusal: Refusal | null): undefined {
  if (refusal !== null) throw refusal;
}

/** Before a record that would hold the path in clear: nobody looked at it yet when the refusal came early (T-85). */
export function lookAtPath(gate: Gate, exchange: Exchange): void {
  const guard = gate.guard();
  const context = guardContext(exchange, 'request', { contentType: '', contentEncoding: '' });
  const { path } = exchange.order.ask;
  if (exchange.clearPath || exchange.profile?.recordPaths !== 'clear' || guard === null || context === null) return;
  try {
    const { findings, unread } = guard.scanParts([{ name: PATH_PART, text: path }], context);
    exchange.clearPath = findings.length === 0 && unread !== true;
  } catch (error) {
    // A guard that fails has found nothing out: the path stays a hash, and the record is made.
    gate.log.error({ error, decision: exchange.id }, 'the guard failed on a path');
  }
}

/** Null when nobody is identified. */
export function guardContext(
  exchange: Exchange,
  direction: GuardContext['direction'],
  body: Pick<GuardContext, 'contentType' | 'contentEncoding' | 'isSized' | 'isLive'>,
): GuardContext | null {
  const { profile, tenant, task, host } = exchange;
  return profile === null ? null : { direction, settings: profile.guard, tenant, task, host, ...body };
}

const PATH_PART = 'url.path';

/** Fields that are the transport's own and never hold what a task made up. */
const UNSCANNED = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'proxy-authorization', 'te']);

function urlParts({ path, query }: Ask): GuardPart[] {
  const parts: GuardPart[] = [{ name: PATH_PART, text: path }];
  if (query !== '') parts.push({ name: 'url.query', text: query });
  return parts;
}

/** What the guard looks at of a request's fields. */
export function outboundFields(headers: HeaderList): FieldParts {
  const parts: GuardPart[] = [];
  let names = '';
  for (const [name, text] of headers) {
    const lower = name.toLowerCase();
    if (UNSCANNED.has(lower)) continue;
    parts.push({ name: lower, text });
    if (name.length >= LONG_NAME) names = names === '' ? name : `${names}\n${name}`;
  }
  // A name, too, can be what should not leave.
  if (names !== '') parts.push({ name: NAMES_PART, text: names });
  return new FieldParts(parts);
}

const NAMES_PART = 'field names';
/** Keys are not shorter; most names are. */
const LONG_NAME = 16;

export interface GuardOutcome {
  readonly direction: GuardContext['direction'];
  readonly verdict: Verdict;
  readonly bytes: number;
}

/** Records what the guard found; without the record nothing may pass. */
export async function recordVerdict(gate: Gate, exchange: Exchange, outcome: GuardOutcome): Promise<void> {
  const { verdict, direction, bytes } = outcome;
  const event: EventBody = {
    type: 'guard.verdict',
    id: newId('e', gate.clock.now()),
    tenant: exchange.tenant,
    task: exchange.task,
    decision: exchange.id,
    direction,
    ...recordOf(verdict),
    rules: gate.guard()?.digest ?? '',
    bytes,
  };
  try {
    await gate.audit.record(event);
  } catch {
    throw new Refusal('audit_unavailable');
  }
}

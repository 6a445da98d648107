/**
 * `POST /v1/guard`. A JSON order is answered with its verdict and what is left of it; any other body is filtered as it
 * streams, its verdict in trailers. INVARIANT: once something was found that may not pass, nothing more goes out.
 */

import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { drained } from '../core/drained.ts';
import type { Verdict } from '../core/finding.ts';
import { outlined } from '../core/json-outline.ts';
import type { AuditSink, Clock } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { BodyStream } from '../guard/body-filter.ts';
import type { Guard } from '../guard/guard.ts';
import type { GuardContext } from '../guard/guard-context.ts';
import { recordOf, whyBlocked } from '../guard/judge.ts';
import { QUIET_MS, STEADY_MS } from '../guard/quiet-end.ts';
import type { Doubts } from '../guard/second-stage/doubts.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import type { PolicySource } from '../policy/snapshot.ts';
import { type GuardQuery, guardOrder, guardSettings } from './contract.ts';
import {
  answerFault,
  answerText,
  contentCoding,
  type GatewayExchange,
  isGone,
  mediaType,
  openStream,
  queryOf,
  readJsonBody,
  tenantFor,
  validated,
} from './exchange.ts';
import { type Fault, fault } from './fault.ts';
import { newId } from './new-id.ts';

export interface GuardRouteParts {
  readonly guard: () => Guard;
  readonly secondStage?: SecondStage | null;
  readonly source: PolicySource;
  readonly audit: AuditSink;
  readonly clock: Pick<Clock, 'now'>;
}

const ACTION = 'locktender-guard-action';
const FINDINGS = 'locktender-guard-findings';
/** Findings that a trailer names; the record has all. */
const IN_TRAILER = 20;

export function guardBody(exchange: GatewayExchange, parts: GuardRouteParts): Promise<void> {
  return mediaType(exchange.request) === 'application/json' ? whole(exchange, parts) : streaming(exchange, parts);
}

async function whole(exchange: GatewayExchange, parts: GuardRouteParts): Promise<void> {
  const { response } = exchange;
  const order = await orderOf(exchange);
  if (!order.ok) return answerFault(response, order.error);
  const { payload } = order.value;
  const context = contextOf(exchange, parts, {
    query: order.value.settings,
    contentType: payload.type,
    contentEncoding: '',
  });
  if (!context.ok) return answerFault(response, context.error);
  const scan = async (doubts?: Doubts) => {
    const filter = parts.guard().stream({ ...context.value, ...(doubts && { doubts }) });
    const first = await filter.push(payload.bytes);
    return { filter, out: Buffer.concat([...first, ...(await filter.end())]) };
  };
  const { looked, said } = parts.secondStage
    ? await parts.secondStage.look(scan)
    : { looked: await scan(), said: undefined };
  const { filter, out } = looked;
  const verdict = { ...filter.verdict(), ...said };
  await record(parts, context.value, { verdict, bytes: payload.bytes.length });
  const told = JSON.stringify(verdict);
  answerText(response, filter.blocked ? told : `${told.slice(0, -1)},${await payload.back(out)}}`);
}

/** The settings in the query and in the body are one; none stands in both. */
async function orderOf(
  exchange: GatewayExchange,
): Promise<Result<{ readonly settings: GuardQuery; readonly payload: Payload }, Fault>> {
  const query = queryOf(exchange);
  if (!query.ok) return query;
  // What is to be looked at is looked at as it stands, and given back so.
  const body = await readJsonBody(exchange, { free: 'json', levels: 1 });
  if (!body.ok) return body;
  const { value } = body;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const both =
    isObject && Object.keys(query.value).find((name) => name in value && value[name as never] !== query.value[name]);
  if (both) return err(fault('bad_request', `\`${both}\` is in the query and in the body; give it once`));
  const order = validated(isObject ? { ...value, ...query.value } : value, guardOrder);
  return order.ok ? ok({ settings: order.value, payload: payloadOf(order.value) }) : order;
}

interface Payload {
  readonly type: string;
  readonly bytes: Buffer;
  /** What is left of it, as a member of the answer. */
  readonly back: (out: Buffer) => string | Promise<string>;
}

function payloadOf({ text, bytes, json }: z.output<typeof guardOrder>): Payload {
  if (text !== undefined) {
    const back = (out: Buffer) => `"text":${JSON.stringify(out.toString('utf8'))}`;
    return { type: 'text/plain', bytes: Buffer.from(text), back };
  }
  if (bytes !== undefined) {
    const back = (out: Buffer) => `"bytes":"${out.toString('base64')}"`;
    return { type: 'application/octet-stream', bytes: Buffer.from(bytes, 'base64'), back };
  }
  // As it was sent, and as the guard left it: read and written by us, long numbers would lose their last digits.
  const sent = Buffer.from(json?.text ?? '');
  const back = async (out: Buffer) => {
    const left = out.toString('utf8');
    if (!out.equals(sent) && !(await outlined(left, ANY_JSON, setImmediate)).ok) {
      throw new Error('the guard left no JSON of the value');
    }
    return `"json":${left}`;
  };
  return { type: 'application/json', bytes: sent, back };
}

const NO_END = Number.POSITIVE_INFINITY;
const ANY_JSON = { levels: 0, deepest: NO_END, members: NO_END };

async function streaming(exchange: GatewayExchange, parts: GuardRouteParts): Promise<void> {
  const { request, response } = exchange;
  const said = queryOf(exchange);
  const query = said.ok ? validated(said.value, guardSettings) : said;
  if (!query.ok) return answerFault(response, query.error);
  const content = {
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    contentEncoding: contentCoding(request),
  };
  const context = contextOf(exchange, parts, { query: query.value, ...content });
  if (!context.ok) return answerFault(response, context.error);
  const doubts = parts.secondStage?.begin();
  const filter = parts.guard().stream({ ...context.value, ...(doubts && { doubts }) });
  const { bytes, isWhole, send } = await filtered(exchange, filter, content);
  if (!isWhole) {
    // Its caller left; what went out by then is on record all the same.
    await record(parts, context.value, { verdict: filter.verdict(), bytes });
    return;
  }
  const last = await filter.end();
  // What is confirmed only now has gone in part: the last bytes are kept back, and the body is cut.
  const isConfirmed = !filter.blocked && (await doubts?.ask()) === true;
  if (!isConfirmed) await send(last);
  const verdict: Verdict = {
    ...filter.verdict(),
    ...(isConfirmed && { action: 'block' as const }),
    ...doubts?.said,
  };
  await record(parts, context.value, { verdict, bytes });
  finish(response, { verdict, blocked: filter.blocked || isConfirmed }, content);
}

/** Lets through the filter what comes, until it ends, is blocked, or its caller is gone. */
async function filtered({ request, response }: GatewayExchange, filter: BodyStream, content: Content) {
  let bytes = 0;
  const send = async (pieces: readonly Uint8Array[]) => {
    if (pieces.length === 0) return;
    begin(response, content);
    for (const piece of pieces) if (!response.write(piece)) await drained(response);
  };
  /** A flush that is under way: the filter does one thing at a time. */
  let flushed: Promise<void> = Promise.resolve();
  const flush = () => {
    flushed = Promise.resolve(filter.idle()).then(send);
    // Whoever waits for it is told.
    flushed.catch(() => undefined);
  };
  let quiet: NodeJS.Timeout | undefined;
  let heldSince = performance.now();
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      clearTimeout(quiet);
      bytes += chunk.length;
      await flushed;
      const out = await filter.push(chunk);
      if (out.length > 0) heldSince = performance.now();
      await send(out);
      if (filter.blocked) break;
      // A stream that goes on without a pause is let go on all the same.
      if (performance.now() - heldSince >= STEADY_MS) {
        heldSince = performance.now();
        flush();
        await flushed;
      }
      quiet = setTimeout(flush, QUIET_MS);
    }
  } catch (error) {
    if (!isGone(error)) throw error;
    return { bytes, isWhole: false, send };
  } finally {
    clearTimeout(quiet);
    await flushed;
  }
  return { bytes, isWhole: true, send };
}

type Content = Pick<GuardContext, 'contentType' | 'contentEncoding'>;

/** What goes out stands in the encoding that it came in. */
function begin(response: ServerResponse, { contentType, contentEncoding }: Content): void {
  if (response.headersSent) return;
  const coding = contentEncoding === '' ? {} : { 'content-encoding': contentEncoding };
  openStream(response, contentType, { ...coding, trailer: `${ACTION}, ${FINDINGS}` });
}

interface Ended {
  readonly verdict: Verdict;
  readonly blocked: boolean;
}

function finish(response: ServerResponse, { verdict, blocked }: Ended, content: Content): void {
  const { action, findings } = verdict;
  if (blocked && !response.headersSent) {
    answerFault(response, stopped(verdict));
    return;
  }
  if (blocked) {
    // The client must not take the beginning for the whole.
    response.destroy();
    return;
  }
  begin(response, content);
  const short = findings.slice(0, IN_TRAILER).map(({ rule, action: did }) => `${rule}=${did}`);
  response.addTrailers({ [ACTION]: action, [FINDINGS]: short.join(', ') });
  response.end();
}

function stopped(verdict: Verdict): Fault {
  const code = whyBlocked(verdict);
  if (code === 'guard_unscannable') return fault(code, 'not all of it could be looked into; send it decoded, or less');
  return fault(
    code,
    `blocked by ${verdict.findings.findLast(({ action }) => action === 'block')?.rule ?? 'the guard'}`,
  );
}

function contextOf(
  { caller }: GatewayExchange,
  { source }: GuardRouteParts,
  { query, ...content }: Content & { readonly query: GuardQuery },
): Result<GuardContext, Fault> {
  const tenant = tenantFor(caller, query.tenant);
  if (!tenant.ok) return tenant;
  const { bundle } = source.current();
  const name = query.profile ?? bundle.classes.byName.get(bundle.classes.fallback)?.profile ?? '';
  const profile = bundle.profiles.get(name);
  if (!profile) return err(fault('bad_request', `profile \`${name}\` is not defined; leave it out or name another`));
  const { direction, host, tool } = query;
  // What comes here was handed over to be looked at: compressed bytes are, whether a header says so or not.
  const about = { tenant: tenant.value, task: '', host, ...content, sniff: true };
  return ok({ direction, settings: profile.guard, ...about, ...(tool !== undefined && { tool }) });
}

async function record(
  { audit, guard, clock }: GuardRouteParts,
  { direction, tenant }: GuardContext,
  { verdict, bytes }: { readonly verdict: Verdict; readonly bytes: number },
): Promise<void> {
  const id = newId('e', clock.now());
  const what = {
    direction,
    ...recordOf(verdict),
    rules: guard().digest,
    bytes,
    decision: null,
  };
  await audit.record({ type: 'guard.verdict', id, tenant, task: null, ...what });
}

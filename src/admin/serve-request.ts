/** One request of the admin API, as a list of stops: door, route, caller, rate, input, act, record, answer. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { ulid } from '../core/ids.ts';
import type { Clock, Log } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import { answerFault, answerJson, answerText, etagOf } from './answer.ts';
import { CONTROL_ROUTES } from './contract/control-routes.ts';
import type { Caller, RouteId } from './contract.ts';
import { type DoorNames, doorFault } from './door-check.ts';
import { type Fault, fault, faultStatus, tooMany } from './fault.ts';
import type { HandledRoute, Handlers } from './handlers.ts';
import type { OpenStreams } from './open-streams.ts';
import { CERTIFICATE_TYPE } from './openapi.ts';
import type { AdminPorts } from './ports.ts';
import type { RateLimit } from './rate-limit.ts';
import { type Matched, matchRoute, readInput } from './request-input.ts';
import { serveEvents, serveLines } from './serve-stream.ts';
import type { Tokens } from './tokens.ts';

export interface Desk {
  readonly ports: AdminPorts;
  readonly handlers: Handlers;
  readonly tokens: Tokens;
  readonly names: () => DoorNames;
  readonly rate: RateLimit;
  /** Failed authentications, by address. */
  readonly failures: RateLimit;
  readonly streams: OpenStreams;
  readonly metricsPublic: boolean;
  /** One change of controls at a time, so that `If-Match` and the change are one step. */
  readonly controlsInTurn: <T>(act: () => Promise<T>) => Promise<T>;
  /** One of the other changes at a time. */
  readonly othersInTurn: <T>(act: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
}

export async function serveRequest(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const door = doorFault(request.headers, desk.names());
  if (door) return answerFault(response, door);
  const url = URL.parse(request.url ?? '/', 'http://admin');
  if (!url) return answerFault(response, fault('bad_request', 'the request target is not valid'));
  const matched = matchRoute(request.method ?? '', url.pathname);
  if (!matched.ok) return answerFault(response, matched.error);
  const caller = identify(desk, request, matched.value);
  if (!caller.ok) return answerFault(response, caller.error);
  const wait = desk.rate.take(bucketOf(caller.value, matched.value));
  if (wait > 0) return answerFault(response, tooMany('wait, then try again', wait));
  const barred = barredFault(caller.value, matched.value);
  if (barred) return refuse(desk, { response, caller: caller.value, matched: matched.value }, barred);
  const input = await readInput(request, matched.value, url.searchParams);
  if (!input.ok) return answerFault(response, input.error);
  const call = { request, response, matched: matched.value, caller: caller.value, input: input.value };
  if (matched.value.route.answers === 'events') return serveEvents(desk, call);
  if (matched.value.route.answers === 'lines') return serveLines(desk, call);
  const result = await act(desk, call);
  return result.ok ? answer(desk, call, result.value) : answerFault(response, result.error);
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly matched: Matched;
  readonly caller: Caller;
  readonly input: { readonly params: unknown; readonly query: unknown; readonly body: unknown };
}

function identify(desk: Desk, request: IncomingMessage, { id, route }: Matched): Result<Caller, Fault> {
  const from = request.socket.remoteAddress ?? '';
  const open = route.access === 'public' && (id !== 'metrics' || desk.metricsPublic);
  if (open) return ok({ id: `address:${from}`, name: 'anyone', role: 'viewer', expiresAt: null });
  const token = /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  const caller = token === undefined ? null : desk.tokens.verify(token);
  if (!caller) {
    const wait = desk.failures.take(from);
    if (wait > 0) return err(tooMany('too many wrong tokens; wait', wait));
    return err(fault('not_authenticated', 'send `authorization: Bearer` with a token of this appliance'));
  }
  return ok(caller);
}

/** Changes have a rate of their own: pages that poll must not use up what it takes to cut. */
function bucketOf({ id }: Caller, { route }: Matched): string {
  return route.changes ? `${id} changes` : id;
}

function barredFault({ role }: Caller, { route }: Matched): Fault | null {
  if (route.access === 'public' || route.access.includes(role)) return null;
  return fault('not_allowed', `needs the role ${route.access.join(' or ')}; this token is ${role}`);
}

/** Whoever tries a change that its role does not allow stands in the record too. */
async function refuse(desk: Desk, call: Omit<Call, 'request' | 'input'>, barred: Fault): Promise<void> {
  if (call.matched.route.changes) await recordAccess(desk, { ...call, input: null }, faultStatus(barred));
  answerFault(call.response, barred);
}

/** Changes run one at a time and are recorded whether they were made or refused. */
function act(desk: Desk, call: Call): Promise<Result<unknown, Fault>> {
  const { id, route } = call.matched;
  const handler = desk.handlers[id as HandledRoute] as (input: unknown) => Promise<Result<unknown, Fault>>;
  const run = async () => handler({ ...call.input, actor: call.caller.name, caller: call.caller });
  if (!route.changes) return run();
  // What cuts never waits behind what takes its time: a reload, an edit of rules, retention.
  const inTurn = Object.hasOwn(CONTROL_ROUTES, id) ? desk.controlsInTurn : desk.othersInTurn;
  return inTurn(async () => {
    const stale = staleFault(call.request.headers['if-match'], desk.ports.controls().version);
    const result = stale ? err(stale) : await run();
    await recordAccess(desk, call, result.ok ? 200 : faultStatus(result.error));
    return result;
  });
}

function staleFault(ifMatch: string | undefined, version: number): Fault | null {
  // RFC 9110, 13.1.1: a list holds when one of them does; a weak one never does.
  const named = ifMatch?.split(',').map((tag) => tag.trim());
  if (named === undefined || named.includes('*') || named.includes(etagOf(version))) return null;
  return fault('changed_meanwhile', 'read the list again, then decide again');
}

async function recordAccess(
  desk: Desk,
  { caller, matched, input }: Pick<Call, 'caller' | 'matched'> & { readonly input: Call['input'] | null },
  status: number,
): Promise<void> {
  const id = ulid('e', desk.clock.now(), desk.random(10));
  const { method, path: route } = matched.route;
  const event = {
    type: 'admin.access',
    id,
    tenant: null,
    task: null,
    actor: caller.name,
    method,
    route,
    status,
    ...saidOf(matched, input),
  } as const;
  // The change itself was recorded by control before it was acknowledged; losing this one must not hide its receipt.
  await desk.ports.record.sink.record(event).catch((error: unknown) => {
    desk.log.error({ error, route }, 'an admin access could not be recorded');
  });
}

/** What it was done to, and the reason that was given. */
function saidOf({ params }: Matched, input: Call['input'] | null): { on?: string; why?: string } {
  const on = Object.values(params).join(' ').slice(0, MOST_ON);
  const why = (input?.body as { readonly why?: unknown } | null | undefined)?.why;
  return { ...(on === '' ? {} : { on }), ...(typeof why === 'string' ? { why } : {}) };
}

const MOST_ON = 253;

function answer(desk: Desk, { response, matched }: Call, value: unknown): void {
  const { id, route } = matched;
  if (route.answers === 'text') {
    answerText(response, String(value), TEXT_TYPES[id] ?? 'text/plain');
    return;
  }
  const status = id === 'readyz' && (value as { ok: boolean }).ok === false ? 503 : 200;
  const version = route.access === 'public' ? undefined : desk.ports.controls().version;
  answerJson(response, value, version === undefined ? { status } : { status, version });
}

const TEXT_TYPES: Partial<Record<RouteId, string>> = {
  caCertificate: CERTIFICATE_TYPE,
  metrics: 'text/plain; version=0.0.4',
};

/** One request of the admin API, as a list of stops: door, route, caller, rate, input, act, record, answer. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { ulid } from '../core/ids.ts';
import type { Clock, Log } from '../core/ports.ts';
import { err, ok, type Result } from '../core/result.ts';
import { answerFault, answerJson, answerText, etagOf, openEventStream } from './answer.ts';
import type { RouteId } from './contract.ts';
import { type DoorNames, doorFault } from './door-check.ts';
import { streamEntries } from './event-stream.ts';
import { type Fault, fault, faultStatus } from './fault.ts';
import type { HandledRoute, Handlers } from './handlers.ts';
import type { AdminPorts } from './ports.ts';
import type { RateLimit } from './rate-limit.ts';
import { type Matched, matchRoute, readInput } from './request-input.ts';
import type { Caller, Tokens } from './tokens.ts';

export interface Desk {
  readonly ports: AdminPorts;
  readonly handlers: Handlers;
  readonly tokens: Tokens;
  readonly names: () => DoorNames;
  readonly rate: RateLimit;
  /** Failed authentications, by address. */
  readonly failures: RateLimit;
  readonly metricsPublic: boolean;
  /** One change at a time, so that `If-Match` and the change are one step. */
  readonly inTurn: <T>(act: () => Promise<T>) => Promise<T>;
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
  if (!desk.rate.take(caller.value.id)) return answerFault(response, fault('too_many', 'wait, then try again'));
  const input = await readInput(request, matched.value, url.searchParams);
  if (!input.ok) return answerFault(response, input.error);
  const call = { request, response, matched: matched.value, caller: caller.value, input: input.value };
  if (matched.value.route.answers === 'events') return stream(desk, call);
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
  if (open) return ok({ id: `address:${from}`, name: 'anyone', role: 'viewer' });
  const token = /^Bearer ([\w.~+/-]{1,512}=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  const caller = token === undefined ? null : desk.tokens.verify(token);
  if (!caller) {
    if (!desk.failures.take(from)) return err(fault('too_many', 'too many wrong tokens; wait a minute'));
    return err(fault('not_authenticated', 'send `authorization: Bearer` with a token of this appliance'));
  }
  if (route.access === 'public' || route.access.includes(caller.role)) return ok(caller);
  return err(fault('not_allowed', `needs the role ${route.access.join(' or ')}; this token is ${caller.role}`));
}

/** Changes run one at a time and are recorded whether they were made or refused. */
function act(desk: Desk, call: Call): Promise<Result<unknown, Fault>> {
  const { id, route } = call.matched;
  const handler = desk.handlers[id as HandledRoute] as (input: unknown) => Promise<Result<unknown, Fault>>;
  const run = async () => handler({ ...call.input, actor: call.caller.name });
  if (!route.changes) return run();
  return desk.inTurn(async () => {
    const stale = staleFault(call.request.headers['if-match'], desk.ports.controls().version);
    const result = stale ? err(stale) : await run();
    await recordAccess(desk, call, result.ok ? 200 : faultStatus(result.error));
    return result;
  });
}

function staleFault(ifMatch: string | undefined, version: number): Fault | null {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === etagOf(version)) return null;
  return fault('changed_meanwhile', 'read the list again, then decide again');
}

async function recordAccess(desk: Desk, { caller, matched }: Call, status: number): Promise<void> {
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
  } as const;
  // The change itself was recorded by control before it was acknowledged; losing this one must not hide its receipt.
  await desk.ports.record.sink.record(event).catch((error: unknown) => {
    desk.log.error({ error, route }, 'an admin access could not be recorded');
  });
}

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
  caCertificate: 'application/x-pem-file',
  metrics: 'text/plain; version=0.0.4',
};

async function stream(desk: Desk, { request, response, matched, input, caller }: Call): Promise<void> {
  const query = input.query as { after?: number; tenant?: string };
  const header = request.headers['last-event-id'];
  const resumed = typeof header === 'string' && /^[0-9]{1,15}$/.test(header) ? Number(header) : null;
  const wants = (event: Readonly<Record<string, unknown>>) =>
    (matched.id === 'auditTail' || event['type'] === 'decision') &&
    (query.tenant === undefined || event['tenant'] === query.tenant);
  openEventStream(response);
  await streamEntries(response, desk.ports.record, {
    after: resumed ?? query.after ?? null,
    wants,
    stillAllowed: () => desk.tokens.list().some((row) => row.id === caller.id),
  });
}

/** The gateway's door: who calls, within which limits, to which route. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  AuditSink,
  Clock,
  ControlPlane,
  Egress,
  LeaseBook,
  LiveTask,
  Log,
  Meter,
  PassIssuer,
  TaskAdmitter,
} from '../core/ports.ts';
import type { Guard } from '../guard/guard.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import type { IsolatePool } from '../isolates/pool.ts';
import type { PolicySource } from '../policy/snapshot.ts';
import { AnswerMemory } from './answer-memory.ts';
import { type CallerLimitSettings, CallerLimits } from './caller-limits.ts';
import { type CallerIssuer, createCallers } from './callers.ts';
import { taskId } from './contract.ts';
import { answerFault, answerJson, answerPage, answerUnknown, type GatewayExchange, isGone } from './exchange.ts';
import { fault, faultOf, wrongMethod } from './fault.ts';
import { guardBody } from './guard-route.ts';
import { createListener, type ListenerTls } from './listener.ts';
import { openApiDocument } from './openapi.ts';
import { openApiPage } from './openapi-page.ts';
import { issuePass } from './pass-route.ts';
import { TaskBook } from './task-book.ts';
import { killTask, showTask, submitTask, type TaskRouteParts } from './task-routes.ts';
import { createTaskService, type TaskService } from './tasks.ts';
import type { Tool } from './tool-file.ts';

export interface GatewaySettings {
  /** Address to listen on; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly issuers?: readonly CallerIssuer[];
  readonly devKey?: string;
  readonly devTenant?: string;
  readonly maxBodyBytes?: number;
  readonly defaultTtlMs?: number;
  readonly tls?: ListenerTls;
  readonly limits?: Partial<CallerLimitSettings>;
}

export interface GatewayParts {
  readonly settings: GatewaySettings;
  readonly version: string;
  readonly issuer: PassIssuer & TaskAdmitter;
  readonly source: PolicySource;
  /** Null: the pool is off, and tasks are refused. */
  readonly pool: IsolatePool | null;
  readonly guard: () => Guard;
  /** Asked about what the rules are not sure of; absent for nobody. */
  readonly secondStage?: SecondStage | null;
  readonly audit: AuditSink;
  readonly egress: Egress;
  readonly leases: LeaseBook;
  readonly control: ControlPlane | null;
  /** Tasks that live under an id, of whichever tenant; absent where nobody else admits any. */
  readonly named?: (task: string) => readonly LiveTask[];
  /** Tools of `rules/tools`, as `parseTools` reads them. */
  readonly tools?: () => ReadonlyMap<string, Tool>;
  readonly clock: Clock;
  readonly log?: Log;
  readonly meter?: Meter;
}

export interface Gateway {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  /** Takes nothing new, lets what runs end within the time, then ends it. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

type Route = (exchange: GatewayExchange) => void | Promise<void>;

const MAX_BODY = 8 * 1024 * 1024;

export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { settings } = parts;
  const callers = createCallers({
    issuers: settings.issuers ?? [],
    clock: parts.clock,
    ...(parts.log && { log: parts.log }),
    ...(settings.devKey !== undefined && { devKey: settings.devKey }),
    ...(settings.devTenant !== undefined && { devTenant: settings.devTenant }),
  });
  const memory = new AnswerMemory();
  const limits = new CallerLimits(settings.limits ?? {}, parts.clock);
  const find = routesOf(parts);
  const answerOpen = openPages(parts.version);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = URL.parse(request.url ?? '/', 'http://gateway');
    if (!url) return answerFault(response, fault('bad_request', 'the path is not valid'));
    if (answerOpen(request.method ?? '', url.pathname, response)) return;
    const found = find(request.method ?? '', url.pathname);
    if ('code' in found) return answerFault(response, found);
    const caller = await callers.identify(request);
    if (!caller.ok) return answerUnknown(response, caller.error);
    const release = limits.enter(caller.value);
    if (!release) return answerFault(response, fault('too_many', 'too many calls at once; try again later'));
    response.once('close', release);
    const maxBody = settings.maxBodyBytes ?? MAX_BODY;
    const who = { caller: caller.value, id: found.id, query: url.searchParams };
    await found.route({ request, response, ...who, maxBody, memory });
  };
  const server = createListener(settings.tls, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (isGone(error)) return void response.destroy();
      parts.log?.error({ err: error }, 'the gateway failed to answer');
      answerFault(response, faultOf(error, parts.audit, 'the gateway failed to answer; try again'));
    });
  });
  return opened(server, settings);
}

/** What anybody may read; false for every other path. */
function openPages(version: string): (method: string, path: string, response: ServerResponse) => boolean {
  const document = openApiDocument(version);
  const page = openApiPage(document);
  return (method, path, response) => {
    if (path !== '/openapi.json' && path !== '/docs') return false;
    if (method !== 'GET' && method !== 'HEAD') answerFault(response, wrongMethod(['GET', 'HEAD']));
    else if (path === '/docs') answerPage(response, page);
    else answerJson(response, document);
    return true;
  };
}

type Found = { readonly route: Route; readonly id: string } | ReturnType<typeof fault>;

function routesOf(parts: GatewayParts): (method: string, path: string) => Found {
  const { pool, issuer, control, named = () => [] } = parts;
  const tasks: TaskService | null = pool && createTaskService({ ...parts, pool });
  const passes = {
    issuer,
    book: tasks?.book ?? new TaskBook(),
    defaultTtlMs: parts.settings.defaultTtlMs ?? 3_600_000,
  };
  const withTasks =
    (route: (exchange: GatewayExchange, of: TaskRouteParts) => void | Promise<void>): Route =>
    (exchange) =>
      tasks
        ? route(exchange, { tasks, control, named })
        : answerFault(exchange.response, fault('pool_off', 'set `isolates.hosts` to run tasks here'));
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/v1/tasks': { POST: withTasks(submitTask) },
    '/v1/tasks/{id}': { GET: withTasks(showTask), HEAD: withTasks(showTask), DELETE: withTasks(killTask) },
    '/v1/passes': { POST: (exchange) => issuePass(exchange, passes) },
    '/v1/guard': { POST: (exchange) => guardBody(exchange, parts) },
  };
  return (method, path) => {
    const [, last = ''] = /^\/v1\/tasks\/([^/]+)$/.exec(path) ?? [];
    const id = last === '' ? '' : idIn(last);
    if (id === null) return fault('not_found', 'no task can have this id; see `/openapi.json`');
    const name = id === '' ? path : '/v1/tasks/{id}';
    if (!Object.hasOwn(routes, name)) return fault('not_found', 'no route has this path; see `/openapi.json`');
    const methods = routes[name] ?? {};
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
    return route ? { route, id } : wrongMethod(Object.keys(methods));
  };
}

/** The id that a part of a path names, however its letters are written. */
function idIn(part: string): string | null {
  try {
    const id = taskId.safeParse(decodeURIComponent(part));
    return id.success ? id.data : null;
  } catch {
    return null;
  }
}

async function opened(server: Server, { host, port, tls }: GatewaySettings): Promise<Gateway> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const at = server.address() as AddressInfo;
  const shown = at.family === 'IPv6' ? `[${at.address}]` : at.address;
  return {
    address: { host: at.address, port: at.port },
    url: `${tls ? 'https' : 'http'}://${shown}:${at.port}`,
    close: ({ drainMs = 0 } = {}) =>
      new Promise((resolve) => {
        const end = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(end);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

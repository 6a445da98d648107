/** Calls the admin API of a running appliance, by its contract. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../admin/contract/fault-codes.ts';
import { type AnswerOf, pathOf, type RequestOf, ROUTES, type RouteId } from '../admin/contract.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { configOf } from './given-config.ts';

export interface Doors {
  readonly proxy: string;
  readonly admin: string;
  readonly gateway: string;
  /** Demonstration origin to try requests on; null where the appliance has none. */
  readonly demo: string | null;
}

export interface AdminClient {
  readonly doors: Doors;
  readonly state: string;
  /** What the gateway knows callers on this machine by; read when it is asked for. */
  gatewayKey(): string;
  call<K extends RouteId>(route: K, request?: RequestOf<K>): Promise<AnswerOf<K>>;
  /** Text routes (`/ca.pem`, `/metrics`). */
  text(route: RouteId): Promise<string>;
  /** Events as they come; ends when the appliance goes. */
  events(route: RouteId, query: Readonly<Record<string, unknown>>): AsyncGenerator<unknown>;
}

/** The appliance of the state directory, or the one that `--admin` or `LOCKTENDER_ADMIN` names. */
export function adminClient(options: CommonOptions, io: CliIo): AdminClient {
  const config = configOf(options, io);
  const file = doorsFile(config.state);
  const at = ({ host, port }: { host: string; port: number }) =>
    host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const doors: Doors = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Doors)
    : {
        proxy: at(config.proxy.listen),
        admin: `http://${at(config.admin.listen)}`,
        gateway: `http://${at(config.gateway.listen)}`,
        demo: null,
      };
  const base = originOf(options.admin ?? io.env['LOCKTENDER_ADMIN'] ?? doors.admin);
  const send = (route: RouteId, request: AnyRequest): Promise<Response> =>
    request_(base, tokenOf(config.state, io), route, request);
  return {
    doors,
    state: config.state,
    // Where the configuration has a key of its own, the appliance makes none.
    gatewayKey: () => config.gateway.dev_key ?? secretFile(join(config.state, 'gateway-key')),
    call: async (route, request = {}) => {
      const response = await send(route, request as AnyRequest);
      return (await response.json().catch(wentAway)) as never;
    },
    text: async (route) => (await send(route, {})).text(),
    events: (route, query) => eventsOf(send(route, { query })),
  };
}

/** There only while an appliance runs with the state directory, or after one was killed. */
export const doorsFile = (state: string): string => join(state, 'doors.json');

interface AnyRequest {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

function tokenOf(state: string, io: CliIo): string {
  return io.env['LOCKTENDER_ADMIN_TOKEN'] ?? secretFile(join(state, 'admin-token'));
}

function secretFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new CliFailure(
      EXIT.unreachable,
      `no appliance has run with this state directory (\`${file}\` is missing); start \`locktender serve\`, or name it with --state`,
    );
  }
}

async function request_(base: URL, token: string, route: RouteId, request: AnyRequest): Promise<Response> {
  const spec = ROUTES[route];
  const url = new URL(pathOf(spec, request.params ?? {}), base);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const response = await fetch(url, { method: spec.method, headers, body, redirect: 'error' }).catch(
    (error: unknown) => {
      throw new CliFailure(
        EXIT.unreachable,
        `cannot reach the appliance at ${url.host} (${causeOf(error)}); is \`locktender serve\` running?`,
      );
    },
  );
  if (response.ok || spec.path === '/readyz') return response;
  throw await failure(response);
}

function originOf(base: string): URL {
  const url = URL.canParse(base) ? new URL(base) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new CliFailure(
    EXIT.usage,
    `\`${base}\` is not the URL of an admin API; write for example \`http://127.0.0.1:9128\``,
  );
}

/** Why a connection failed, as the system says it. */
export function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer';
}

async function failure(response: Response): Promise<CliFailure> {
  const said = (await response.json().catch(() => null)) as Partial<Fault> | null;
  const message = said?.detail ?? said?.title ?? `the appliance answered ${response.status}`;
  const usage = response.status === 400 || response.status === 404;
  const failed = response.status < 500 || said?.code === 'record_harmed';
  return new CliFailure(usage ? EXIT.usage : failed ? EXIT.failed : EXIT.internal, message, said);
}

async function* eventsOf(answer: Promise<Response>): AsyncGenerator<unknown> {
  const { body } = await answer;
  if (!body) return;
  let held = '';
  for await (const text of untilBroken(body.pipeThrough(new TextDecoderStream()))) {
    held += text;
    const blocks = held.split('\n\n');
    held = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n');
      if (data !== '') yield JSON.parse(data);
    }
  }
}

/** What breaks off is an appliance that has gone, not a fault of this program. */
async function* untilBroken(texts: ReadableStream<string>): AsyncGenerator<string> {
  try {
    yield* texts;
  } catch (error) {
    wentAway(error);
  }
}

function wentAway(error: unknown): never {
  throw new CliFailure(EXIT.unreachable, `the appliance went away in the middle of its answer (${causeOf(error)})`);
}

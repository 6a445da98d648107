/** The admin door: starts, serves, stops. A separate door from the gate, never a destination of it. */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Log } from '../core/ports.ts';
import { answerFault } from './answer.ts';
import { doorNames } from './door-check.ts';
import { entered } from './entry.ts';
import { faultOf } from './fault.ts';
import { createHandlers } from './handlers.ts';
import { lanes } from './lanes.ts';
import { createLogin, type LoginSettings } from './oidc/login.ts';
import { serveLogin } from './oidc/pages.ts';
import { openStreams } from './open-streams.ts';
import type { AdminPorts } from './ports.ts';
import { createRateLimit } from './rate-limit.ts';
import { type Desk, serveRequest } from './serve-request.ts';
import { openTokens, type TokenDocuments } from './tokens.ts';

const { createServer } = process.getBuiltinModule('node:http');

export interface AdminOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Further names under which this door may be reached. */
  readonly hosts: readonly string[];
  readonly requestsPerMinute: number;
  readonly metricsPublic: boolean;
  readonly documents: TokenDocuments;
  /** `<state>/admin-token`: the token of the command line on this machine. */
  readonly tokenFile: string;
  readonly ports: AdminPorts;
  /** Signing in at an identity provider; absent: by tokens only. */
  readonly login?: LoginSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Serves what no route has (the console); returns false when it has no such page either. */
  readonly pages?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Operators, their tabs, and what scrapes: connections that do nothing are closed by the time-outs. */
const MOST_CONNECTIONS = 4096;

export interface AdminDoor {
  readonly address: { readonly host: string; readonly port: number };
  /** Ends live streams and idle connections at once; waits for requests that run. */
  close(): Promise<void>;
}

/** Rejects with the system's error when the address cannot be had. */
export async function startAdmin(options: AdminOptions): Promise<AdminDoor> {
  const { listen, clock, log, ports } = options;
  const tokens = await openTokens({ documents: options.documents, file: options.tokenFile, clock });
  let names = doorNames(listen, options.hosts);
  const login = options.login ? createLogin(options.login, { clock, log }) : null;
  const logins = createRateLimit(60, clock);
  const desk: Desk = {
    ports,
    tokens,
    handlers: createHandlers({ ports, tokens, login, clock }),
    names: () => names,
    rate: createRateLimit(options.requestsPerMinute, clock),
    failures: createRateLimit(30, clock),
    streams: openStreams(),
    metricsPublic: options.metricsPublic,
    ...lanes(),
    clock,
    random: (bytes) => randomBytes(bytes),
    log,
  };
  const server = createServer({
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 5000,
    maxHeaderSize: 16_384,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const streams = new Set<ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    streams.add(response);
    response.once('close', () => streams.delete(response));
    // A link to the console may stand on any site: its files say nothing, may be framed by nobody, and act on nothing.
    const page = () => options.pages !== undefined && isPage(request) && options.pages(request, response);
    const serve = async () => {
      const entry = entered(request, names);
      if ('refused' in entry) return answerFault(response, entry.refused);
      request.url = entry.target;
      if (login && (await serveLogin({ login, names: () => names, rate: logins }, request, response))) return;
      if (!page()) await serveRequest(desk, request, response);
    };
    serve().catch((error: unknown) => {
      // Whoever left before the end is not answered, and is nothing that anybody has to look after.
      if (request.destroyed && response.destroyed) return;
      log.error({ error }, 'an admin request failed');
      answerFault(response, faultOf(error));
    });
  });
  await listening(server, listen);
  const { address: host, port } = server.address() as AddressInfo;
  names = doorNames({ host: listen.host, port }, options.hosts);
  return { address: { host, port }, close: () => close(server, streams) };
}

/** Paths of the API and of probes; anything else may be a page of the console. */
function isPage(request: IncomingMessage): boolean {
  return !/^\/(v1\/|openapi\.json|ca\.pem|healthz|readyz|metrics)/.test(request.url ?? '');
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server, streams: ReadonlySet<ServerResponse>): Promise<void> {
  for (const response of streams) {
    if (String(response.getHeader('content-type') ?? '').startsWith('text/event-stream')) response.destroy();
  }
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

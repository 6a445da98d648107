/**
 * HTTP/1.x requests, at the door and inside inspected TLS, read by Node's parser in its strict mode.
 *
 * One request of a connection is walked at a time: what is pipelined behind a refused request is never looked at,
 * because the connection closes with the refusal (T-24).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Door } from '../core/event.ts';
import { type Denial, denialMessage, renderDenial } from './denial.ts';
import type { Ask, HeaderList, Order } from './exchange.ts';
import { field } from './fields.ts';
import { forward } from './forward.ts';
import type { Gate } from './gate.ts';
import { type ReadRequest, rawOf, readAsk, unreadable } from './http-ask.ts';
import { Http1Reply } from './http1-reply.ts';
import type { Inner } from './inner.ts';
import { relayUpgrade } from './upgrade.ts';

export type Walk = (order: Order) => Promise<void>;

/** What this server knows of one connection. */
interface Connection {
  readonly door: Door;
  readonly from: string | undefined;
  readonly inner: Inner | null;
  /** The walk in progress, and those queued behind it. */
  tail: Promise<void>;
  waiting: number;
  refused: boolean;
}

export interface Http1Options {
  readonly gate: Gate;
  readonly walk: Walk;
  /** A CONNECT that came on a connection this server already reads. */
  readonly onConnect: (request: IncomingMessage, socket: Duplex, rest: Buffer) => void;
}

export class Http1Server {
  readonly #gate: Gate;
  readonly #walk: Walk;
  readonly #server: Server;
  readonly #connections = new WeakMap<Duplex, Connection>();

  constructor({ gate, walk, onConnect }: Http1Options) {
    this.#gate = gate;
    this.#walk = walk;
    const { settings } = gate;
    this.#server = createServer({
      insecureHTTPParser: false,
      requireHostHeader: false,
      maxHeaderSize: settings.maxHeadBytes,
      headersTimeout: settings.headTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      keepAliveTimeout: settings.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, settings.headTimeoutMs),
      noDelay: true,
    });
    // INVARIANT: no field is dropped unseen; their number is bounded by our own check.
    this.#server.maxHeadersCount = 0;
    this.#server.on('request', (req, res) => this.#request(req, res, () => undefined));
    this.#server.on('checkContinue', (req, res) => this.#request(req, res, () => res.writeContinue()));
    this.#server.on('checkExpectation', (req, res) => this.#expectation(req, res));
    this.#server.on('upgrade', (req, socket, rest) => this.#upgrade(req, socket, rest));
    this.#server.on('connect', (req: IncomingMessage, socket: Duplex, rest: Buffer) => {
      const connection = this.#connections.get(socket);
      if (connection?.inner)
        this.#refuseRaw(socket, readAsk(rawOf(req), connection.inner.target, settings.maxHeaderCount));
      else onConnect(req, socket, rest);
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket));
  }

  /** Takes over a connection whose bytes were not consumed. */
  serve(socket: Duplex, door: Door, inner: Inner | null): void {
    const from = (socket as Partial<Socket>).remoteAddress;
    this.#connections.set(socket, { door, from, inner, tail: Promise.resolve(), waiting: 0, refused: false });
    this.#server.emit('connection', socket);
    socket.resume();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #request(req: IncomingMessage, res: ServerResponse, proceed: () => void): void {
    const connection = this.#connections.get(req.socket);
    if (!connection) {
      req.socket.destroy();
      return;
    }
    this.#queue(
      connection,
      () => {
        const raw = rawOf(req);
        const read = readAsk(raw, connection.inner?.target ?? null, this.#gate.settings.maxHeaderCount);
        return this.#turn(this.#order(connection, { req, res, read, headers: raw.headers, proceed }));
      },
      () => res.destroy(),
    );
  }

  #expectation(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connections.get(req.socket);
    const read = unreadable('request_malformed', 'expectation', req.method);
    if (!connection) req.socket.destroy();
    else
      this.#queue(
        connection,
        () => this.#turn(this.#order(connection, { req, res, read, headers: [], proceed: () => undefined })),
        () => res.destroy(),
      );
  }

  /** Resolves once the exchange is over; its close record may still be on its way to the disk. */
  #turn(order: Order): Promise<void> {
    return new Promise((over) => void this.#walk({ ...order, over }));
  }

  /** In turn; what stands behind a refusal is dropped with the connection. */
  #queue(connection: Connection, work: () => Promise<void>, drop: () => void): void {
    const run = async (): Promise<void> => {
      if (connection.refused) drop();
      else await work();
      connection.waiting -= 1;
    };
    connection.waiting += 1;
    connection.tail = connection.waiting === 1 ? run() : connection.tail.then(run);
  }

  #order(connection: Connection, { req, res, read, headers, proceed }: Incoming): Order {
    const reply = new Http1Reply(res, connection.inner?.carrier ?? null);
    const gate = this.#gate;
    return {
      ...orderOf(connection, read, headers),
      relay: (exchange) => {
        const body = read.ask.hasBody ? req : null;
        if (body === null) req.resume();
        return forward(gate, exchange, { headers, body, reply, h2: false, proceed });
      },
      refuse: (denial) => {
        connection.refused = true;
        answer(req, res, denial);
      },
    };
  }

  #upgrade(req: IncomingMessage, socket: Duplex, rest: Buffer): void {
    const connection = this.#connections.get(socket);
    if (!connection) {
      socket.destroy();
      return;
    }
    const raw = rawOf(req);
    const read = readAsk(raw, connection.inner?.target ?? null, this.#gate.settings.maxHeaderCount);
    socket.on('error', () => undefined);
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    const order: Order = {
      ...orderOf(connection, read, raw.headers),
      kind: 'websocket',
      relay: (exchange) => relayUpgrade(this.#gate, exchange, { client: socket, headers: raw.headers }),
      refuse: (denial) => refuseSocket(socket, denial, field(raw.headers, 'accept')),
    };
    void this.#walk(order);
  }

  #clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    const { bytesRead = 0 } = socket as { bytesRead?: number };
    const began = (error as { rawPacket?: Buffer }).rawPacket !== undefined || bytesRead > 0;
    const idle = error.code === 'ECONNRESET' || error.code === 'EPIPE' || !began;
    if (!connection || idle || connection.refused) {
      socket.destroy();
      return;
    }
    this.#refuseRaw(socket, parserProblem(error.code ?? ''));
  }

  /** Refuses without Node's response object: there is no request. An answer in progress is broken off instead. */
  #refuseRaw(socket: Duplex, read: ReadRequest): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    const busy = connection.waiting > 0;
    connection.refused = true;
    void this.#walk({
      ...orderOf(connection, read, []),
      relay: () => Promise.resolve(),
      refuse: (denial) => (busy ? socket.destroy() : refuseSocket(socket, denial, '')),
    });
  }
}

interface Incoming {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly read: ReadRequest;
  readonly headers: HeaderList;
  readonly proceed: () => void;
}

type Common = Pick<Order, 'door' | 'from' | 'kind' | 'parent' | 'principal' | 'credential' | 'problem' | 'headers'> & {
  ask: Ask;
};

function orderOf(
  { door, from, inner }: Pick<Connection, 'door' | 'from' | 'inner'>,
  read: ReadRequest,
  headers: HeaderList,
): Common {
  return {
    door,
    from,
    kind: 'exchange',
    parent: inner?.parent ?? null,
    principal: inner?.principal ?? null,
    credential: read.credential,
    problem: read.problem,
    ask: read.ask,
    headers,
  };
}

function answer(req: IncomingMessage, res: ServerResponse, denial: Denial): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const rendered = renderDenial(denial, String(req.headers.accept ?? ''));
  res.writeHead(rendered.status, rendered.headers.flat() as string[]);
  res.end(rendered.body);
  // A body that is still coming is not read: the connection closes with the answer.
  req.resume();
}

/** Answers on the bare socket and closes it. */
export function refuseSocket(socket: Duplex, denial: Denial, accept: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(denialMessage(renderDenial(denial, accept), false));
  // Lets the client read the answer before a reset can overtake it.
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  late.unref();
  socket.once('close', () => clearTimeout(late));
  socket.resume();
}

const LINGER_MS = 2_000;

function parserProblem(code: string): ReadRequest {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return unreadable('headers_too_large', 'too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return unreadable('request_timeout', 'head');
    case 'HPE_INVALID_METHOD':
      return unreadable('method_not_allowed', 'unknown_method');
    default:
      return unreadable('request_malformed', /^HPE_[A-Z_]{3,50}$/.test(code) ? code.toLowerCase() : 'parser');
  }
}

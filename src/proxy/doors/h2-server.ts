/** HTTP/2 inside inspected TLS: each stream is an exchange of its own, decided by its own authority, method and path. */

import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { type Denial, renderDenial } from '../denial.ts';
import type { HeaderList, Order } from '../exchange.ts';
import { field, pairs } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { letGo } from '../let-go.ts';
import { forward } from '../relay/forward.ts';
import { Crumbs, watchCrumbs } from './h2-crumbs.ts';
import { H2Reply, h2Fields, stopLater } from './h2-reply.ts';
import { type ReadRequest, readAsk, unreadable } from './http-ask.ts';
import type { Walk } from './http1-connection.ts';
import type { Inner } from './inner.ts';

export class H2Server {
  readonly #gate: Gate;
  readonly #walk: Walk;
  readonly #server: Http2Server;
  readonly #inner = new WeakMap<object, Inner>();

  constructor(gate: Gate, walk: Walk) {
    this.#gate = gate;
    this.#walk = walk;
    // Bounds of T-45: streams at once, resets (CVE-2023-44487), invalid frames, rejected streams, memory. nghttp2 bounds
    // acknowledgements and continuations by itself.
    this.#server = createServer({
      settings: { maxConcurrentStreams: 128, enablePush: false, maxHeaderListSize: gate.settings.maxHeadBytes },
      maxSessionInvalidFrames: 16,
      maxSessionRejectedStreams: 16,
      maxSessionMemory: 16,
      streamResetBurst: 200,
      streamResetRate: 50,
      maxHeaderListPairs: gate.settings.maxHeaderCount + 4,
      unknownProtocolTimeout: gate.settings.headTimeoutMs,
      // What an origin says twice is passed on as it is, as over HTTP/1.1: many say `nosniff` so.
      strictSingleValueFields: false,
    });
    this.#server.on('stream', (stream, headers, _flags, raw) => this.#stream(stream, headers, raw));
    this.#server.on('sessionError', () => undefined);
  }

  serve(socket: Duplex, inner: Inner): void {
    this.#inner.set(socket, inner);
    this.#server.once('session', (session) => {
      this.#inner.set(session, inner);
      const crumbs = new Crumbs();
      let isOver = false;
      const left = (): void =>
        void setImmediate(() => {
          if (isOver || !session.destroyed) return;
          isOver = true;
          endCarrier(inner.carrier);
        });
      session.on('stream', (stream) => {
        watchCrumbs(session, stream, crumbs);
        stream.once('close', left);
      });
      session.on('goaway', left);
      session.setTimeout(this.#gate.settings.idleMs, () => endSession(session, inner.carrier));
      session.on('error', () => {
        session.destroy();
        inner.carrier.destroy();
      });
      // The doors allow half-open sockets, so nobody else answers the client's end: without this its flow lives on.
      socket.once('end', () => {
        session.destroy();
        left();
      });
    });
    this.#server.emit('connection', socket);
  }

  #stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]): void {
    const inner = stream.session ? this.#inner.get(stream.session) : undefined;
    stream.on('error', () => undefined);
    letGo(stream);
    if (!inner) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    const list = pairs(raw).filter(([name]) => !name.startsWith(':'));
    void this.#walk(this.#order(stream, { inner, list, read: this.#read(headers, list, { inner, stream }) }));
  }

  #read(
    headers: IncomingHttpHeaders,
    list: HeaderList,
    { inner, stream }: { inner: Inner; stream: ServerHttp2Stream },
  ): ReadRequest {
    const { ':method': method = '', ':path': target = '', ':authority': name, ':scheme': scheme } = headers;
    const host = field(list, 'host');
    if (scheme !== 'https') return unreadable('request_malformed', 'scheme', method);
    if (name === undefined && host === '') return unreadable('request_malformed', 'no_authority', method);
    if (name !== undefined && host !== '' && host.toLowerCase() !== name.toLowerCase())
      return unreadable('host_mismatch', 'host_field', method);
    const fields: HeaderList = name === undefined ? list : [...list.filter(([n]) => n !== 'host'), ['host', name]];
    const read = readAsk(
      { method, target, version: '2', headers: fields },
      inner.target,
      this.#gate.settings.maxHeaderCount,
    );
    return stream.endAfterHeaders ? read : { ...read, ask: { ...read.ask, hasBody: true } };
  }

  #order(stream: ServerHttp2Stream, parts: { inner: Inner; list: HeaderList; read: ReadRequest }): Order {
    const { inner, list, read } = parts;
    const reply = new H2Reply(stream, /\btrailers\b/i.test(field(list, 'te')), this.#gate.settings.idleMs);
    return {
      door: inner.door,
      kind: 'exchange',
      parent: inner.within.id,
      within: inner.within,
      principal: inner.principal,
      credential: null,
      problem: read.problem,
      ask: read.ask,
      headers: list,
      relay: (exchange) => {
        // A body that is not read to its end is no reason to break off the answer.
        const body = read.ask.hasBody ? stream.iterator({ destroyOnReturn: false }) : null;
        const waits = body !== null && field(list, 'expect') !== '';
        const proceed = () => (waits && !stream.destroyed ? stream.additionalHeaders({ ':status': 100 }) : undefined);
        return forward(this.#gate, exchange, { headers: list, body, reply, h2: true, proceed });
      },
      refuse: (denial) => refuseStream(stream, denial, field(list, 'accept')),
    };
  }
}

/** Gracefully, but not for ever: a peer that reads nothing would never let the session close. */
function endSession(session: ServerHttp2Session, carrier: Duplex): void {
  session.close();
  const late = setTimeout(() => carrier.destroy(), GRACE_MS);
  carrier.once('close', () => clearTimeout(late));
}

/**
 * Of a session that its client has closed, Node ends the socket behind its last stream and waits for the client to end it too. By
 * then nghttp2 reads no more, so that a client that has left is not noticed: its flow would stay for good.
 */
function endCarrier(carrier: Duplex): void {
  if (carrier.destroyed) return;
  const late = setTimeout(() => carrier.destroy(), GRACE_MS);
  carrier.once('close', () => clearTimeout(late));
}

/** For the streams that were open when a session turned idle, and for what waits to be taken when it is over. */
const GRACE_MS = 2_000;

function refuseStream(stream: ServerHttp2Stream, denial: Denial, accept: string): void {
  if (stream.destroyed) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const rendered = renderDenial(denial, accept);
  stream.respond(h2Fields(rendered.status, rendered.headers));
  stopLater(stream);
  stream.end(rendered.body);
  stream.resume();
}

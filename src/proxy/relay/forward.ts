/** One HTTP exchange with its origin: request out, response back, counted, guarded, with back-pressure both ways. */

import type { Dispatcher } from 'undici';
import { authority, defaultPort } from '../../core/target.ts';
import { namesMethod } from '../../policy/bundle/disguised-writes.ts';
import { isReadMethod } from '../../policy/bundle/read-equivalents.ts';
import { UNKNOWN } from '../budget/budgets.ts';
import { MOST_INTERIM, NOT_SENDABLE, upstreamRefusal } from '../dial/upstream-errors.ts';
import { urlHost } from '../dial/upstreams.ts';
import { Crumbs } from '../doors/h2-crumbs.ts';
import { type FieldList, PHRASE, type Reply } from '../doors/reply.ts';
import { type OutboundBody, outboundBody } from '../doors/request-body.ts';
import { Upload } from '../doors/upload.ts';
import type { Exchange, HeaderList, Sealing } from '../exchange.ts';
import { clientFields, field, trailerFields, upstreamFields } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { answerFields } from '../guarding/answer-fields.ts';
import { exchangedHead, scrubbedFields } from '../guarding/brokering.ts';
import { ResponseGuard } from '../guarding/response-guard.ts';
import { headerPairs } from '../header-pairs.ts';
import { Refusal, refusalOf, refusalOfBudget, stopped } from '../refusal.ts';
import type { Forwarding } from './forwarding.ts';

/** Resolves when the exchange is over. Throws a `Refusal` when it failed. */
export async function forward(gate: Gate, exchange: Exchange, forwarding: Forwarding): Promise<void> {
  forwarding.proceed();
  if (forwarding.body === null) {
    await send(gate, exchange, { forwarding, sent: null });
    return;
  }
  const upload = new Upload(forwarding.body, gate.settings.idleMs);
  exchange.onCut(() => upload.stop(stopped(exchange)));
  forwarding.reply.onGone(() => exchange.end('client_closed', null));
  try {
    await send(gate, exchange, { forwarding, sent: upload });
  } catch (error) {
    // Who would be told has left.
    if (exchange.cause !== 'client_closed') throw error;
  } finally {
    // An origin may answer before it has all; whatever its transport would still send then stands on no lease.
    upload.stop(new Refusal('upstream_protocol', 'answered'));
  }
}

interface Sending {
  readonly forwarding: Forwarding;
  readonly sent: Upload | null;
}

async function send(gate: Gate, exchange: Exchange, { forwarding, sent }: Sending): Promise<void> {
  const made = outboundBody(gate, exchange, { headers: forwarding.headers, sent });
  const body = made instanceof Promise ? await made : made;
  try {
    await attempt(gate, exchange, { forwarding, body, fresh: false });
  } catch (error) {
    if (!mayRetry(exchange, forwarding, error)) throw error;
    // Others that were kept may be as dead as that one.
    await attempt(gate, exchange, { forwarding, body, fresh: true });
  }
}

/** A pooled connection may die just as it is used (RFC 9110 section 9.2.2): a read without body goes once more. */
function mayRetry(exchange: Exchange, { body, reply }: Forwarding, error: unknown): boolean {
  if (!(error instanceof Refusal) || error.detail !== 'stale_connection') return false;
  const { method, query } = exchange.order.ask;
  return body === null && !reply.begun && !exchange.isCut && isReadMethod(method) && !namesMethod(query);
}

interface Attempt {
  readonly forwarding: Forwarding;
  readonly body: OutboundBody;
  /** On a connection of its own. */
  readonly fresh: boolean;
}

function attempt(gate: Gate, exchange: Exchange, { forwarding, body, fresh }: Attempt): Promise<void> {
  const { ask } = exchange.order;
  const { target } = ask;
  if (!target || !exchange.principal || !exchange.resolved) throw new Refusal('internal_error', 'no_target');
  const scheme = target.scheme === 'https' ? 'https' : 'http';
  const origin = {
    pass: exchange.principal.pass,
    scheme,
    host: target.host,
    port: target.port,
    addresses: exchange.resolved.addresses,
    h2: forwarding.h2,
  } as const;
  const headers = upstreamFields(forwarding.headers, { narrowEncodings: gate.guard() !== null });
  headers.push('host', target.port === defaultPort(scheme) ? urlHost(target.host) : authority(target));
  if (body.length !== null) headers.push('content-length', String(body.length));
  // Some gRPC servers refuse a call that does not say it, to find proxies out that drop trailers. This one does not.
  if (forwarding.h2 && readsTrailers(forwarding.headers)) headers.push('te', 'trailers');
  const head = exchangedHead(gate, exchange, {
    headers,
    path: ask.query === '' ? ask.path : `${ask.path}?${ask.query}`,
  });
  return new Promise((resolve, reject) => {
    let pool: Dispatcher | null = null;
    const refused = (error: unknown): void => {
      if (pool !== null && error instanceof Refusal && error.detail === NOT_SENDABLE) gate.upstreams.discard(pool);
      reject(error);
    };
    const relay = new Relay(gate, exchange, forwarding.reply, { resolve, reject: refused });
    // What goes up is told of once it is gone, so a request that has a body is closed at once.
    if (body.stream === null) exchange.onSeal(relay);
    // undici has no way to ask for a server as a whole.
    if (!forwarding.h2 || ask.path === '*') {
      const { headers: fields, path } = head;
      const sent = { path, method: ask.method, headers: fields, body: body.stream, mayGo: relay.mayGo };
      gate.upstreams.h1(origin).dispatch(sent, relay, fresh);
      return;
    }
    const options: Dispatcher.DispatchOptions = {
      path: head.path,
      method: ask.method,
      headers: [...head.headers],
      body: (body.stream === null || body.length === 0 ? body.stream : paid(body.stream, relay)) as never,
      ...(body.stream === null ? {} : { idempotent: false }),
    };
    const chosen = gate.upstreams.pool(origin);
    pool = chosen;
    relay.isH2 = () => gate.upstreams.speaksH2(chosen);
    chosen.dispatch(options, relay);
  });
}

/** undici tells of a piece when it has handed it to the session: too late for one that is beyond the budget. */
async function* paid(body: NonNullable<OutboundBody['stream']>, { mayGo }: Relay): AsyncGenerator<Uint8Array> {
  for await (const piece of body instanceof Uint8Array ? [body] : body) {
    // What ended it has broken off the request, and says why.
    if (!mayGo(piece.length)) throw new Refusal('lease_ended');
    yield piece;
  }
}

/** Said over HTTP/2 alone, where it is no word of the connection; and an origin of HTTP/1.1 serves no gRPC. */
function readsTrailers(headers: HeaderList): boolean {
  return /\btrailers\b/i.test(field(headers, 'te')) && field(headers, 'content-type').startsWith('application/grpc');
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** undici's view of the exchange: its events become the client's response. */
export class Relay implements Dispatcher.DispatchHandler, Sealing {
  readonly #gate: Gate;
  readonly #exchange: Exchange;
  readonly #reply: Reply;
  readonly #settle: Settle;
  #controller: Dispatcher.DispatchController | null = null;
  #guard: ResponseGuard | null = null;
  #interim = 0;
  readonly #crumbs = new Crumbs();
  /** Whether what comes is in frames of the origin's own cutting. */
  isH2: () => boolean = () => false;
  /** What was found in fields is on record; null where nothing was found. */
  #recorded: Promise<unknown> | null = null;

  constructor(gate: Gate, exchange: Exchange, reply: Reply, settle: Settle) {
    this.#gate = gate;
    this.#exchange = exchange;
    this.#reply = reply;
    this.#settle = settle;
  }

  /** The head of the request is on its way until an answer comes. */
  queued(): number {
    return this.#exchange.status === null ? Number.POSITIVE_INFINITY : this.#reply.queued;
  }

  pause(): void {
    this.#controller?.pause();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { reply, exchange } = { reply: this.#reply, exchange: this.#exchange };
    exchange.onCut(() => {
      controller.abort(stopped(exchange));
      if (reply.begun) reply.destroy();
    });
    reply.onGone(() => exchange.end('client_closed', null));
    reply.onDrain(() => (this.#guard === null ? controller.resume() : this.#guard.drained()));
  }

  /** Asked before each piece of the request's body. */
  readonly mayGo = (bytes: number): boolean => this.#count('up', bytes);

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _parsed?: unknown, phrase?: string): void {
    // Interim responses are the origin's own business with us; unsolicited ones end here (T-29).
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) controller.abort(new Refusal('upstream_protocol', 'interim'));
      return;
    }
    if (!this.#exchange.mayMove()) return;
    const raw = headerPairs(controller.rawHeaders);
    this.#exchange.status = status;
    const bodiless = this.#exchange.order.ask.method === 'HEAD' || status === 204 || status === 304;
    this.#guard = bodiless ? null : ResponseGuard.of(this.#gate, this.#exchange, raw);
    // RFC 9110 section 8.6: a 204 has no length, and a client that believed one would wait for the next answer's bytes.
    const own = clientFields(raw, this.#guard !== null || status === 204);
    if (this.#reply.takesPhrase && phrase) own.push([PHRASE, phrase]);
    const fields = this.#fields(own);
    if (fields instanceof Refusal) {
      controller.abort(fields);
      return;
    }
    if (this.#guard === null) this.#reply.head(status, fields);
    else
      this.#guard.begin(this.#reply, {
        status,
        fields,
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        abort: (e) => controller.abort(e),
      });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#count('down', chunk.length)) return;
    if (this.#crumbs.isTooMany(chunk.length) && this.isH2()) {
      controller.abort(new Refusal('upstream_protocol', 'crumbs'));
      return;
    }
    if (this.#guard !== null) this.#guard.push(chunk);
    else if (!this.#reply.write(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (!this.#exchange.mayMove()) {
      this.#guard?.abandon();
      this.#settle.reject(stopped(this.#exchange));
      return;
    }
    const trailers = this.#fields(trailerFields(headerPairs(controller.rawTrailers)));
    if (trailers instanceof Refusal || this.#recorded !== null) {
      this.#endLater(trailers);
      return;
    }
    if (this.#guard === null) {
      this.#reply.end(trailers);
      this.#settle.resolve();
      return;
    }
    this.#endGuarded(this.#guard, trailers);
  }

  #endGuarded(guard: ResponseGuard, trailers: FieldList): void {
    const failed = (error: unknown): void => {
      guard.abandon();
      this.#settle.reject(error);
    };
    try {
      const ending = guard.end(trailers);
      if (ending === undefined) this.#settle.resolve();
      else ending.then(this.#settle.resolve, failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Something was found in fields: the answer does not end before that is on record. */
  #endLater(trailers: FieldList | Refusal): void {
    const ended = async (): Promise<void> => {
      await this.#recorded;
      if (trailers instanceof Refusal) throw trailers;
      if (!this.#exchange.mayMove()) throw stopped(this.#exchange);
      if (this.#guard === null) this.#reply.end(trailers);
      else await this.#guard.end(trailers);
    };
    ended().then(this.#settle.resolve, (error: unknown) => {
      this.#guard?.abandon();
      this.#settle.reject(error);
    });
  }

  /** As they go on, or why they may not. */
  #fields(from: [string, string][]): FieldList | Refusal {
    try {
      const { fields, recorded } = answerFields(this.#gate, this.#exchange, scrubbedFields(this.#exchange, from));
      if (recorded !== null) this.#recorded = both(this.#recorded, recorded);
      return fields;
    } catch (error) {
      return refusalOf(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const over = () => {
      if (this.#exchange.cause === 'client_closed') this.#settle.resolve();
      else this.#settle.reject(upstreamRefusal(error, this.#reply.begun));
    };
    // A refusal is of our own making: nothing more may go on.
    if (this.#guard === null || error instanceof Refusal || !this.#reply.begun) {
      this.#guard?.abandon();
      over();
    } else void this.#guard.breakOff().then(over);
  }

  #count(direction: 'up' | 'down', bytes: number): boolean {
    const exchange = this.#exchange;
    if (!exchange.mayMove()) return false;
    exchange[direction] += bytes;
    const { principal, profile } = exchange;
    const denial =
      principal && profile ? this.#gate.budgets.spend(principal, profile.limits, direction, bytes) : UNKNOWN;
    if (denial === null) return true;
    exchange.endFor(denial);
    this.#controller?.abort(refusalOfBudget(denial));
    return false;
  }
}

/** One that nobody waits for any more may fail. */
function both(one: Promise<unknown> | null, other: Promise<unknown>): Promise<unknown> {
  const all = Promise.all([one, other]);
  all.catch(() => undefined);
  return all;
}

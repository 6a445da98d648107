/**
 * One HTTP/1.1 connection to an origin, one exchange at a time: the request written whole, the answer read strictly, both
 * with back-pressure. What an origin says unasked, or behind an answer, ends the connection and reaches nobody.
 */

import type { Socket } from 'node:net';
import type { Seat } from '../../core/bag.ts';
import { drained } from '../../core/drained.ts';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import { type BodyReader, bodyReader } from '../../wire/http-body.ts';
import { type HeadLimits, HeadScan } from '../../wire/http-head.ts';
import { type ResponseHead, readResponseHead } from '../../wire/http-response.ts';
import type { Deadlines, Due } from '../deadlines.ts';
import type { HeaderList } from '../exchange.ts';
import { field } from '../fields.ts';
import { Refusal } from '../refusal.ts';
import type { Carrying, OriginAsk, OriginTurn } from './origin-turn.ts';
import { endedShort, TlsCutShort } from './tls-end.ts';
import { MOST_INTERIM } from './upstream-errors.ts';

export interface OriginTimes {
  /** Until the response head. */
  readonly responseTimeoutMs: number;
  /** Between two pieces of a body. */
  readonly idleMs: number;
}

export interface OriginPlace {
  readonly times: OriginTimes;
  readonly deadlines: Deadlines;
  /** The connection is free again. */
  free(connection: OriginConnection): void;
  /** The connection is no more. */
  gone(connection: OriginConnection): void;
}

const LIMITS: HeadLimits = { maxBytes: 64 * 1024, maxFields: 1_000 };
/** How long an idle connection is kept unless the origin says, and at most. */
const IDLE_KEPT_MS = 15_000;
const LONGEST_KEPT_MS = 60_000;
/** The origin's own bound is undercut by this, so that a request does not meet its close. */
const KEPT_MARGIN_MS = 2_000;

export class OriginConnection implements Carrying, Due {
  due = Number.POSITIVE_INFINITY;
  seat: Seat<Due> | null = null;
  /** Where it stands in its pool; the pool's alone. */
  place: Seat<OriginConnection> | null = null;
  readonly #socket: Socket;
  readonly #pool: OriginPlace;
  #turn: OriginTurn | null = null;
  readonly #held = new GrowingBytes();
  readonly #limits: HeadLimits = { ...LIMITS, scan: new HeadScan() };
  #head: ResponseHead | null = null;
  #body: BodyReader | null = null;
  #interim = 0;
  #sending = false;
  #keptMs = IDLE_KEPT_MS;
  #closed = false;

  constructor(socket: Socket, pool: OriginPlace) {
    this.#socket = socket;
    this.#pool = pool;
    pool.deadlines.add(this);
    socket.on('data', this.#onData);
    socket.once('end', this.#onEnd);
    socket.on('error', (error) => this.#break(error));
    socket.once('close', () => this.#break(new Error('closed')));
    // One that came through a parent was paused behind the parent's answer.
    socket.resume();
  }

  get usable(): boolean {
    return !this.#closed && this.#turn === null && this.#socket.writable;
  }

  /** Carries a turn; the connection must be usable. */
  carry(turn: OriginTurn): void {
    this.#turn = turn;
    this.#head = null;
    this.#body = null;
    this.#interim = 0;
    this.due = performance.now() + this.#pool.times.responseTimeoutMs;
    turn.carriedBy(this);
    try {
      if (turn.ask.body === null) this.#socket.write(requestHead(turn.ask, false), 'latin1');
      else this.#send(turn.ask, turn.ask.body).catch((error: Error) => this.#break(error));
    } catch (error) {
      this.#break(error as Error);
    }
  }

  /** Waits for its next turn. */
  rest(): void {
    this.due = performance.now() + this.#keptMs;
    this.#pool.free(this);
  }

  abort(error: Error): void {
    this.#break(error);
  }

  pause(): void {
    this.#socket.pause();
    this.due = Number.POSITIVE_INFINITY;
  }

  resume(): void {
    this.#socket.resume();
    this.#waitForBody();
  }

  late(): void {
    if (this.#turn === null) this.#break(new Error('idle'));
    else this.#break(new Refusal('upstream_timeout', this.#head === null ? 'head' : 'body'));
  }

  destroy(): void {
    this.#break(new Error('closed'));
  }

  async #send(ask: OriginAsk, body: NonNullable<OriginAsk['body']>): Promise<void> {
    const chunked = !hasLength(ask.headers);
    const head = requestHead(ask, chunked);
    const socket = this.#socket;
    this.#sending = true;
    socket.cork();
    socket.write(head, 'latin1');
    // Held until the first piece is there, so that a small request is one packet.
    process.nextTick(() => socket.uncork());
    const turn = this.#turn;
    if (body instanceof Uint8Array) await this.#piece(body, chunked);
    else
      for await (const piece of body) {
        if (this.#closed || this.#turn !== turn) return;
        await this.#piece(piece, chunked);
      }
    if (chunked) socket.write('0\r\n\r\n', 'latin1');
    this.#sending = false;
  }

  async #piece(bytes: Uint8Array, chunked: boolean): Promise<void> {
    if (bytes.length === 0) return;
    const socket = this.#socket;
    if (this.#turn?.ask.mayGo(bytes.length) !== true || this.#closed) return;
    if (chunked) socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    let room = socket.write(bytes);
    if (chunked) room = socket.write('\r\n', 'latin1');
    if (!room) await drained(socket);
  }

  readonly #onData = (chunk: Buffer): void => {
    const turn = this.#turn;
    if (turn === null) {
      this.#break(new Error('unasked'));
      return;
    }
    try {
      const rest = this.#body === null ? this.#readHead(turn, chunk) : chunk;
      if (rest !== null) this.#readBody(turn, rest);
    } catch (error) {
      this.#break(error as Error);
    }
  };

  /** Bytes behind the head; null while there is no head, or no turn any more. */
  #readHead(turn: OriginTurn, chunk: Buffer): Buffer | null {
    this.#held.append(chunk);
    for (;;) {
      const read = readResponseHead(this.#held.bytes, turn.ask.method, this.#limits, latin1);
      if (read === null) return null;
      if (!read.ok) return this.#refuse(read.error);
      this.#held.drop(read.value.length);
      if (read.value.status >= 200) return this.#begin(turn, read.value, this.#held.release());
      this.#interim += 1;
      // An origin that switches to what nobody asked for has left HTTP (T-29).
      if (read.value.status === 101 || this.#interim > MOST_INTERIM) return this.#refuse('interim');
      if (this.#held.length === 0) return null;
    }
  }

  #begin(turn: OriginTurn, head: ResponseHead, rest: Buffer): Buffer | null {
    this.#head = head;
    this.#body = bodyReader(head.framing);
    this.#waitForBody();
    turn.head(head.status, head.headers);
    return turn.over ? null : rest;
  }

  #readBody(turn: OriginTurn, bytes: Buffer): void {
    const body = this.#body;
    if (body === null) return;
    if (this.due !== Number.POSITIVE_INFINITY) this.#waitForBody();
    const taken = body.read(bytes, (piece) => turn.data(piece));
    if (turn.over) return;
    if (typeof taken === 'string') this.#refuse(taken);
    else if (body.done) this.#finish(turn, body, taken === bytes.length);
  }

  #waitForBody(): void {
    if (this.#turn !== null && this.#head !== null) this.due = performance.now() + this.#pool.times.idleMs;
  }

  /** The answer is whole. `clean`: nothing came behind it. */
  #finish(turn: OriginTurn, body: BodyReader, clean: boolean): void {
    const head = this.#head as ResponseHead;
    this.#turn = null;
    this.#keptMs = keptFor(head.headers);
    if (clean && head.persistent && !this.#sending && this.#keptMs > 0) {
      if (turn.paused) this.#socket.resume();
      this.rest();
    } else this.#close();
    turn.end(body.trailers);
  }

  readonly #onEnd = (): void => {
    const turn = this.#turn;
    const body = this.#body;
    if (turn === null || body === null || this.#head?.framing.kind !== 'close') this.#break(new Error('ended'));
    else if (endedShort(this.#socket)) this.#break(new TlsCutShort());
    else this.#finish(turn, body, false);
  };

  #refuse(problem: string): null {
    this.#break(new Refusal('upstream_protocol', problem));
    return null;
  }

  #break(error: Error): void {
    const turn = this.#turn;
    this.#turn = null;
    this.#close();
    turn?.fail(error);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.deadlines.delete(this);
    this.#socket.destroy();
    this.#pool.gone(this);
  }
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PATH = /^[\x21-\x7e\x80-\xff]+$/;

/** Parts were read strictly, but values may have been put in since: none may end its line (T-33). */
function requestHead({ method, path, headers }: OriginAsk, chunked: boolean): string {
  if (!TOKEN.test(method) || !PATH.test(path)) throw new Refusal('internal_error', 'request_line');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (!TOKEN.test(name) || !VALUE.test(value)) throw new Refusal('internal_error', 'request_field');
    text += `${name}: ${value}\r\n`;
  }
  return `${text}connection: keep-alive\r\n${chunked ? 'transfer-encoding: chunked\r\n' : ''}\r\n`;
}

function hasLength(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'content-length') return true;
  return false;
}

/** How long the connection may idle; 0: not at all. */
function keptFor(headers: HeaderList): number {
  const hint = /(?:^|,)\s*timeout=([0-9]{1,6})/i.exec(field(headers, 'keep-alive'))?.[1];
  if (hint === undefined) return IDLE_KEPT_MS;
  return Math.min(LONGEST_KEPT_MS, Math.max(0, Number(hint) * 1000 - KEPT_MARGIN_MS));
}

function latin1(bytes: Uint8Array, end: number): string {
  return (bytes as Buffer).toString('latin1', 0, end);
}

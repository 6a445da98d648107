/**
 * One HTTP/1.x connection of a client, at the door or inside inspected TLS. Every head is read by our own strict reader,
 * the first like the last, and every body by our own strict framing.
 *
 * One request is walked at a time: what is pipelined behind it waits unread, and what stands behind a refused one is
 * never looked at, because the connection closes with the refusal (T-24).
 */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Seat } from '../../core/bag.ts';
import type { Door } from '../../core/event.ts';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import { bodyReader } from '../../wire/http-body.ts';
import type { RequestHead } from '../../wire/http-head.ts';
import type { Deadlines, Due } from '../deadlines.ts';
import type { Denial } from '../denial.ts';
import type { HeaderList, Order } from '../exchange.ts';
import { field, staysOpen } from '../fields.ts';
import type { Gate } from '../gate.ts';
import { Refusal } from '../refusal.ts';
import { forward } from '../relay/forward.ts';
import { relayUpgrade } from '../relay/upgrade.ts';
import type { AskedFields } from './asked-fields.ts';
import { certificateReader } from './client-certificate.ts';
import type { ConnectAsk, ConnectHeads } from './connect-heads.ts';
import { HeadReader } from './head-reader.ts';
import { type ReadRequest, readAsk, unreadable, unreadableHead } from './http-ask.ts';
import { Http1Reply } from './http1-reply.ts';
import type { Inner } from './inner.ts';
import { lingering, refuseSocket } from './last-words.ts';
import { RequestStream } from './request-stream.ts';

export type Walk = (order: Order) => Promise<void>;

export interface ConnectionParts {
  readonly gate: Gate;
  readonly walk: Walk;
  readonly deadlines: Deadlines;
  readonly keepLine: string;
  /** A CONNECT at the door; the socket holds what follows its head. */
  readonly onConnect: (read: ConnectAsk, socket: Duplex, door: Door) => void;
  readonly connects: ConnectHeads;
  /** The connection is no longer this one's. */
  readonly left: (connection: Http1Connection) => void;
}

export interface Accepted {
  readonly socket: Duplex;
  readonly door: Door;
  /** Null at the door itself. */
  readonly inner: Inner | null;
}

type State = 'head' | 'busy' | 'over';

/**
 * What may wait behind an exchange. Up to here the socket is read on: the end of a client that has left stands behind all that
 * it sent, and unseen its flow would stay live until the origin is given up (T-48).
 */
const READ_AHEAD = 64 * 1024;

const CUT_SHORT = (): Refusal => new Refusal('request_malformed', 'cut_short');

export class Http1Connection implements Due {
  due: number;
  seat: Seat<Due> | null = null;
  /** Where it stands among the connections of its server; the server's alone. */
  place: Seat<Http1Connection> | null = null;
  readonly #parts: ConnectionParts;
  readonly #at: Accepted;
  /** A system call, so asked only where it counts; a socket that is gone has none, and then it is from nowhere. */
  readonly #from = (): string | undefined => (this.#at.socket as Partial<Socket>).remoteAddress;
  readonly #certificate: Order['certificate'];
  #state: State = 'head';
  readonly #held = new GrowingBytes();
  readonly #heads: HeadReader;
  #ended = false;
  #stopped = false;
  #body: RequestStream | null = null;
  #reply: Http1Reply | null = null;
  #keep = false;
  /** An exchange has been here before. */
  #kept = false;

  constructor(parts: ConnectionParts, at: Accepted) {
    this.#parts = parts;
    this.#at = at;
    this.#heads = new HeadReader(parts.gate.settings);
    if (at.inner === null) this.#certificate = certificateReader(parts.gate, at.socket);
    this.due = performance.now() + parts.gate.settings.headTimeoutMs;
    parts.deadlines.add(this);
    const { socket } = at;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    // Of an error the close that follows says enough.
    socket.on('drain', this.#onDrain).on('error', () => undefined);
    if (socket.destroyed) this.#onClose();
    else socket.resume();
  }

  late(): void {
    const { socket } = this.#at;
    if (this.#state === 'busy') {
      this.due = Number.POSITIVE_INFINITY;
      if ((this.#ended || this.#stopped) && this.#reply?.begun === false) socket.destroy();
      else this.#body?.fail(new Refusal('request_timeout', 'body'));
      return;
    }
    if (this.#state === 'head' && this.#held.length > 0) this.#refuse(unreadable('request_timeout', 'head'), []);
    else socket.destroy();
  }

  destroy(): void {
    this.#at.socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === 'over') return;
    let rest = chunk;
    if (this.#body !== null && !this.#body.done) {
      const taken = this.#body.take(chunk);
      if (typeof taken === 'string') {
        this.#breakBody(taken);
        return;
      }
      rest = chunk.subarray(taken);
    }
    if (rest.length === 0) return;
    if (this.#held.length === 0 && this.#state === 'head') {
      // The first head must come within its time from the start of the connection, the others from their first byte.
      if (this.#kept) this.due = performance.now() + this.#parts.gate.settings.headTimeoutMs;
      if (this.#takesConnect(rest)) return;
    }
    this.#held.append(rest);
    if (this.#state === 'head') this.#readHead();
    else if (this.#held.length > READ_AHEAD) {
      this.#wait();
      this.#waitForLeft();
    }
  };

  /** True where these bytes are a CONNECT that need not be read: then it has gone on. */
  #takesConnect(bytes: Buffer): boolean {
    const { socket, inner } = this.#at;
    if (inner !== null || socket.writableNeedDrain) return false;
    const known = this.#parts.connects.recall(bytes);
    if (known === null) return false;
    this.#connect(known);
    return true;
  }

  #connect(read: ConnectAsk): void {
    this.#handOver();
    this.#parts.onConnect(read, this.#at.socket, this.#at.door);
  }

  /** What else comes stays in the socket, and so does word of its end. */
  #wait(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#at.socket.pause();
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (this.#state === 'head') {
      if (this.#held.length === 0) this.#leaveBehindAnswers();
      else this.#readHead();
      return;
    }
    this.#body?.fail(CUT_SHORT());
    // Nobody ends one side of TLS to wait for an answer: who ends it has left, and must not hold a flow until an origin that
    // is slow has spoken.
    if (this.#state === 'busy' && this.#at.inner !== null) this.#at.socket.destroy();
    else this.#waitForLeft();
  };

  /** What was answered may still be on its way. */
  #leaveBehindAnswers(): void {
    const { socket, inner } = this.#at;
    if (inner !== null || socket.writableLength === 0) socket.destroy();
    else this.#finish();
  }

  #finish(): void {
    this.#leave();
    lingering(this.#at.socket, this.#parts.gate.settings.idleMs);
  }

  /**
   * In the clear nobody can tell a client that has left from one that has said all and waits, and of one that has sent more than
   * is read nobody can tell anything. It may wait for its answer to begin as long as its request may have taken, and not until
   * the origin gives up, with a flow held all the while.
   */
  #waitForLeft(): void {
    if (this.#ended || this.#stopped) this.due = performance.now() + this.#parts.gate.settings.headTimeoutMs;
  }

  readonly #onClose = (): void => {
    const { state, held } = { state: this.#state, held: this.#held.length };
    this.#leave();
    if (state === 'head' && held > 0) this.#refuse(unreadable('request_malformed', 'cut_short'), []);
    this.#body?.fail(CUT_SHORT());
    this.#reply?.close();
  };

  readonly #onDrain = (): void => {
    this.#reply?.drain();
    if (this.#state !== 'head' || this.#held.length === 0) return;
    this.due = performance.now() + this.#parts.gate.settings.headTimeoutMs;
    this.#goOn();
  };

  #goOn(): void {
    if (this.#stopped) {
      this.#stopped = false;
      this.#at.socket.resume();
    }
    if (this.#held.length > 0) this.#readHead();
  }

  /** Takes its listeners along; the socket goes to somebody else or to its end. */
  #leave(): void {
    this.#state = 'over';
    this.#parts.deadlines.delete(this);
    this.#parts.left(this);
  }

  #readHead(): void {
    const held = this.#held.bytes;
    // A client that does not take its answers gets no more of them, and what else it sends stays in its socket (T-45).
    if (this.#at.socket.writableNeedDrain) {
      this.due = performance.now() + this.#parts.gate.settings.idleMs;
      this.#wait();
      return;
    }
    const head = this.#heads.read(held);
    if (head === null) {
      // More than whole requests came before the client's end.
      if (this.#ended) this.#refuse(unreadable('request_malformed', 'cut_short'), []);
      return;
    }
    if (!head.ok) {
      this.#refuse(unreadableHead(head.error), []);
      return;
    }
    this.#held.drop(head.value.length);
    this.#begin(head.value, held);
  }

  /** `bytes`: of the head, and what came behind it. */
  #begin(head: RequestHead, bytes: Buffer): void {
    const { gate, connects } = this.#parts;
    const { inner } = this.#at;
    const { method, headers } = head;
    const asked = this.#heads.askedBy(head);
    const read = readAsk(head, inner?.target ?? null, gate.settings.maxHeaderCount, asked);
    if (method === 'CONNECT' && inner === null) {
      const connect = { ...read, accept: field(headers, 'accept') };
      connects.keep(bytes, head, connect);
      this.#connect(connect);
    } else if (read.problem === null && read.ask.upgrade !== '') this.#upgrade(read, headers);
    else this.#exchange(head, read, asked);
  }

  #exchange(head: RequestHead, read: ReadRequest, asked: AskedFields): void {
    const { gate, walk, keepLine } = this.#parts;
    const { socket, inner } = this.#at;
    const { headers, method, version, framing } = head;
    this.#state = 'busy';
    this.#keep = staysOpen(headers, version);
    this.#body = read.ask.hasBody ? this.#stream(framing) : null;
    const requestMs = gate.settings.requestTimeoutMs;
    this.due = requestMs > 0 && this.#body !== null ? performance.now() + requestMs : Number.POSITIVE_INFINITY;
    this.#waitForLeft();
    const body = this.#body;
    const reply = new Http1Reply({
      socket,
      carrier: inner?.carrier ?? null,
      method,
      version,
      keep: () => this.#keep && (body === null || body.done),
      keepLine,
      idleMs: gate.settings.idleMs,
    });
    this.#reply = reply;
    // One of HTTP/1.0 knows no interim answers (RFC 9110 section 10.1.1).
    const waits = body !== null && version === '1.1' && field(headers, 'expect') !== '';
    void walk({
      ...this.#common(read, headers),
      kind: 'exchange',
      fieldParts: asked.parts,
      relay: (exchange) => {
        const proceed = () => void (waits && socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1'));
        return forward(gate, exchange, { headers, body, reply, h2: false, proceed });
      },
      refuse: (denial) => this.#answer(reply, denial, { method, accept: field(headers, 'accept') }),
      over: () => this.#over(reply),
    });
  }

  #stream(framing: RequestHead['framing']): RequestStream {
    const { socket } = this.#at;
    const stream = new RequestStream(bodyReader(framing), {
      pause: () => socket.pause(),
      resume: () => void (!this.#stopped && socket.resume()),
    });
    if (this.#held.length === 0) return stream;
    const taken = stream.take(this.#held.bytes);
    if (typeof taken === 'string') stream.fail(new Refusal('request_malformed', taken));
    else this.#held.drop(taken);
    return stream;
  }

  /** A body that turns bad ends its exchange and the connection. */
  #breakBody(problem: string): void {
    this.#keep = false;
    this.#wait();
    this.#body?.fail(new Refusal('request_malformed', problem));
  }

  /** The exchange is over; its close record may still be on its way to the disk. */
  #over(reply: Http1Reply): void {
    if (this.#state !== 'busy') return;
    const again = reply.reusable && !(this.#ended && this.#held.length === 0);
    // Whoever still waits for the rest of it, behind an answer that came early, waits for nothing.
    this.#body?.fail(CUT_SHORT());
    this.#reply = null;
    this.#body = null;
    if (!again) {
      this.#finish();
      return;
    }
    // In a turn of its own: the exchange before is still on its way out.
    queueMicrotask(() => this.#next());
  }

  #next(): void {
    if (this.#state !== 'busy') return;
    const { settings } = this.#parts.gate;
    this.#state = 'head';
    this.#kept = true;
    this.#heads.goOn();
    this.due = performance.now() + (this.#held.length === 0 ? settings.keepAliveMs : settings.headTimeoutMs);
    this.#goOn();
  }

  #upgrade(read: ReadRequest, headers: HeaderList): void {
    const { gate, walk } = this.#parts;
    const { socket } = this.#at;
    this.#handOver();
    void walk({
      ...this.#common(read, headers),
      kind: 'websocket',
      relay: (exchange) => relayUpgrade(gate, exchange, { client: socket, headers }),
      refuse: (denial) => refuseSocket(socket, denial, field(headers, 'accept')),
    });
  }

  /** The socket is somebody else's now, paused, with what came behind the head put back. */
  #handOver(): void {
    const { socket } = this.#at;
    this.#leave();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('drain', this.#onDrain);
    socket.pause();
    if (this.#held.length > 0) socket.unshift(this.#held.release());
  }

  /** What could not be read: recorded, answered, and the connection closes. */
  #refuse(read: ReadRequest, headers: HeaderList): void {
    const { socket } = this.#at;
    if (this.#state !== 'over') this.#leave();
    this.#held.release();
    void this.#parts.walk({
      ...this.#common(read, headers),
      kind: 'exchange',
      relay: () => Promise.resolve(),
      refuse: (denial) => refuseSocket(socket, denial, ''),
    });
  }

  #answer(reply: Http1Reply, denial: Denial, asked: { readonly method: string; readonly accept: string }): void {
    const { socket } = this.#at;
    if (this.#state === 'busy') this.#leave();
    if (reply.begun || socket.destroyed) reply.destroy();
    else refuseSocket(socket, denial, asked.accept, asked.method === 'HEAD');
  }

  #common(read: ReadRequest, headers: HeaderList): Omit<Order, 'kind' | 'relay' | 'refuse'> {
    const { door, inner } = this.#at;
    const { ask, problem, credential } = read;
    const common = { door, from: this.#from, credential, problem, ask, headers };
    if (inner === null) {
      return { ...common, parent: null, principal: null, certificate: this.#certificate };
    }
    return { ...common, parent: inner.within.id, within: inner.within, principal: inner.principal };
  }
}

/**
 * The SOCKS5 door: the password is the pass, and a CONNECT walks as one of the HTTP door does.
 *
 * A login is always taken here; whether the pass is good is decided, and recorded, by the walk of the request.
 * A password holds at most 255 bytes (RFC 1929), so the reference of a pass stands here for its token.
 */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ReasonCode } from '../../core/reasons.ts';
import { reasonRow } from '../../core/reasons.ts';
import {
  CHOOSE_PASSWORD,
  LOGIN_TAKEN,
  NO_METHOD,
  type Read,
  readGreeting,
  readLogin,
  readSocksRequest,
  SOCKS_REPLY,
  type SocksProblem,
  type SocksReply,
  socksReply,
} from '../../wire/socks5.ts';
import type { Credential, Order, RequestProblem } from '../exchange.ts';
import { refusalOf } from '../refusal.ts';
import { relayConnect } from './connect.ts';
import { type ReadRequest, unreadable } from './http-ask.ts';
import type { DoorParts } from './http-door.ts';
import { lingering } from './last-words.ts';

/** Serves one accepted connection. */
export async function serveSocks(parts: DoorParts, socket: Duplex): Promise<void> {
  socket.on('error', () => undefined);
  const input = new Input(socket, parts.gate.settings.headTimeoutMs);
  let credential: Credential | null = null;
  try {
    const greeting = await input.read(readGreeting);
    if (!greeting.password) throw new SocksFault({ reason: 'pass_missing', detail: 'no_password_method' }, NO_METHOD);
    socket.write(CHOOSE_PASSWORD);
    const { user, password } = await input.read(readLogin);
    credential = { user, token: password };
    socket.write(LOGIN_TAKEN);
    const { target } = await input.read(readSocksRequest);
    input.release();
    const ask = { ...unreadable('request_malformed', '').ask, method: 'CONNECT', target };
    await connect(parts, socket, { ask, problem: null, credential });
  } catch (error) {
    input.release();
    if (error instanceof Gone) socket.destroy();
    else await refuse(parts, socket, { fault: faultOf(error), credential });
  }
}

async function connect({ gate, walk, inner }: DoorParts, socket: Duplex, read: ReadRequest): Promise<void> {
  let accepted = false;
  const accept = (): void => {
    accepted = true;
    socket.write(socksReply(SOCKS_REPLY.succeeded));
  };
  await walk({
    ...common(socket, read),
    kind: 'tunnel',
    relay: (exchange) => relayConnect(gate, exchange, { client: socket, door: 'socks5', accept, inner }),
    refuse: ({ reason }) => {
      if (accepted) socket.destroy();
      else endWith(socket, socksReply(replyFor(reason)));
    },
  });
}

interface Refusing {
  readonly fault: SocksFault;
  readonly credential: Credential | null;
}

/** What could not be read is on record too. */
async function refuse({ walk }: DoorParts, socket: Duplex, { fault, credential }: Refusing): Promise<void> {
  const { reason, detail } = fault.problem;
  await walk({
    ...common(socket, { ...unreadable(reason, detail), credential }),
    kind: 'exchange',
    relay: () => Promise.resolve(),
    refuse: () => (fault.answer === null ? socket.destroy() : endWith(socket, fault.answer)),
  });
}

function common(socket: Duplex, { ask, problem, credential }: ReadRequest): Omit<Order, 'kind' | 'relay' | 'refuse'> {
  const from = (): string | undefined => (socket as Partial<Socket>).remoteAddress;
  return { door: 'socks5', from, parent: null, principal: null, credential, problem, ask, headers: [] };
}

/** RFC 1928 section 6: 2 for what the rules refuse, 4 and 5 for what the origin or its name did. */
function replyFor(reason: ReasonCode): SocksReply {
  if (reason === 'upstream_refused') return SOCKS_REPLY.refused;
  const { source, status } = reasonRow(reason);
  if (reason === 'resolve_failed' || status === 504) return SOCKS_REPLY.hostUnreachable;
  return source === 'upstream' || status >= 500 ? SOCKS_REPLY.failure : SOCKS_REPLY.notAllowed;
}

function endWith(socket: Duplex, answer: Uint8Array): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(answer);
  lingering(socket);
}

/** What a client did wrong in the handshake, and the bytes that tell it; null to say nothing. */
class SocksFault extends Error {
  readonly problem: RequestProblem;
  readonly answer: Uint8Array | null;

  constructor(problem: RequestProblem, answer: Uint8Array | null) {
    super(problem.detail);
    this.problem = problem;
    this.answer = answer;
  }
}

/** The client left without having said anything. */
class Gone extends Error {}

function faultOf(error: unknown): SocksFault {
  if (error instanceof SocksFault) return error;
  const { reason, detail } = refusalOf(error);
  return new SocksFault({ reason, detail: detail ?? reason }, socksReply(SOCKS_REPLY.failure));
}

function problemFault(problem: SocksProblem): SocksFault {
  switch (problem) {
    case 'not_socks5':
      return new SocksFault({ reason: 'request_malformed', detail: problem }, null);
    case 'no_methods':
      return new SocksFault({ reason: 'request_malformed', detail: problem }, NO_METHOD);
    case 'bad_login':
      return new SocksFault({ reason: 'pass_malformed', detail: problem }, Uint8Array.of(1, 1));
    case 'bad_request':
      return new SocksFault({ reason: 'request_malformed', detail: problem }, socksReply(SOCKS_REPLY.failure));
    case 'bad_command':
      return new SocksFault({ reason: 'method_not_allowed', detail: problem }, socksReply(SOCKS_REPLY.badCommand));
    case 'bad_address_type':
      return new SocksFault({ reason: 'target_invalid', detail: problem }, socksReply(SOCKS_REPLY.badAddressType));
    default:
      return new SocksFault({ reason: 'target_invalid', detail: problem }, socksReply(SOCKS_REPLY.notAllowed));
  }
}

/** The handshake's bytes under one deadline; what is left over when it ends goes back to the socket. */
class Input {
  readonly #socket: Duplex;
  readonly #late: NodeJS.Timeout;
  #held: Buffer = Buffer.alloc(0);
  #began = false;
  #over: Error | null = null;
  #wake: () => void = () => undefined;

  constructor(socket: Duplex, timeoutMs: number) {
    this.#socket = socket;
    this.#late = setTimeout(() => this.#stop('request_timeout', 'handshake'), timeoutMs);
    socket.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onEnd);
  }

  /** Rejects with a `SocksFault` or `Gone`. */
  async read<T, P extends SocksProblem>(reader: (bytes: Uint8Array) => Read<T, P>): Promise<T> {
    for (;;) {
      const read = reader(this.#held);
      if (read !== null) {
        if (!read.ok) throw problemFault(read.error);
        this.#held = this.#held.subarray(read.value.length);
        return read.value;
      }
      if (this.#over !== null) throw this.#over;
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  release(): void {
    clearTimeout(this.#late);
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#socket.pause();
    if (this.#held.length > 0 && !this.#socket.readableEnded) this.#socket.unshift(this.#held);
    this.#held = Buffer.alloc(0);
  }

  // Paused between two pieces: whatever the client sends ahead stays in the kernel.
  readonly #onData = (chunk: Buffer): void => {
    this.#began = true;
    this.#socket.pause();
    this.#held = Buffer.concat([this.#held, chunk]);
    this.#wake();
  };

  readonly #onEnd = (): void => this.#stop('request_malformed', 'cut_short');

  #stop(reason: ReasonCode, detail: string): void {
    this.#over ??= this.#began ? new SocksFault({ reason, detail }, null) : new Gone();
    this.#wake();
  }
}

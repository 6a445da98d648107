/**
 * Whether TLS from an origin was ended by the origin (`close_notify`) or cut off below it by whoever can write to the connection
 * (RFC 8446 section 6.1): an answer that ends with its connection is whole in the first case alone (RFC 9112 section 9.8).
 *
 * Node tells both as the same `end`. What differs is the connection below at that instant: at a `close_notify` it is still
 * read, while libuv has stopped reading one that ended before it says so. So where reading can be started anew, it had ended.
 * Where it had been stopped for back-pressure, nothing but what was read before can have ended it: a `close_notify`.
 */

import type { Socket } from 'node:net';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** The libuv stream of a socket. */
interface Handle {
  /** Whether it is read; false where it was stopped for back-pressure. */
  readonly reading?: boolean;
  readStart?(): number;
}

/** The code of the error that ends a connection which `mustEndWhole`. */
export const TLS_CUT_SHORT = 'ERR_TLS_CUT_SHORT';

const belows = new WeakMap<TLSSocket, Socket>();
const short = new WeakSet<Socket>();
const strict = new WeakSet<Duplex>();

/** From now on it is known how `tls` ends, which runs over `below`. */
export function watchEnd(tls: TLSSocket, below: Socket): void {
  belows.set(tls, below);
  tls.push = watchedPush;
}

/** Its end, which has come, was not the origin's. Of a connection without TLS nobody can tell. */
export function endedShort(socket: Socket): boolean {
  return short.has(socket);
}

/** For readers that take every end for the origin's: one that is not is an error from now on. */
export function mustEndWhole(socket: Socket): void {
  strict.add(socket);
}

/** It carries messages that say by themselves where they end. */
export function mayEndAnyhow(socket: Duplex): void {
  strict.delete(socket);
}

export class TlsCutShort extends Error {
  readonly code = TLS_CUT_SHORT;

  constructor() {
    super('the connection ended without close_notify');
  }
}

/** One function for all sockets: one of its own would keep each until the next collection of everything (`let-go.ts`). */
function watchedPush(this: TLSSocket, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && isCutBelow(this)) {
    short.add(this);
    if (strict.has(this)) {
      this.destroy(new TlsCutShort());
      return false;
    }
  }
  return Object.getPrototypeOf(this).push.call(this, chunk, encoding);
}

function isCutBelow(tls: TLSSocket): boolean {
  if (handleOf(tls)?.reading === false) return false;
  return handleOf(belows.get(tls))?.readStart?.() !== -constants.errno.EALREADY;
}

function handleOf(socket: Socket | undefined): Handle | null {
  return (socket as { readonly _handle?: Handle | null } | undefined)?._handle ?? null;
}

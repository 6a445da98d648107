/**
 * The second ClientHello of a TLS 1.3 handshake (RFC 8446 section 4.1.4): a server that asks for another key share is sent
 * a whole new one, in clear, and OpenSSL takes the name that stands in that. So it is held against the host like the
 * first (T-01).
 *
 * Sans-io: it is given what the client sends behind its first ClientHello, and says what may go on. Only the client's side
 * is looked at. Passed over are ChangeCipherSpec and alerts; anything but a handshake record, and a handshake message
 * that is no ClientHello, ends the watch, because no server takes a ClientHello behind it.
 */

import { err, ok, type Result } from '../core/result.ts';
import { CLIENT_HELLO_LIMIT, type ClientHello, type ClientHelloProblem, readClientHello } from './client-hello.ts';

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** Type, length and the first byte of the version: what tells a ClientHello from a Finished of TLS 1.2, which is random. */
const TELLING = 5;

const NOTHING = new Uint8Array(0);

export interface Watched {
  /** What may go on now. */
  readonly pass: Uint8Array;
  /** To be checked before `pass` goes on; null while there is none. */
  readonly hello: ClientHello | null;
}

export class SecondHello {
  #held: Uint8Array = NOTHING;
  #done = false;

  /** Nothing more needs to be looked at. */
  get done(): boolean {
    return this.#done;
  }

  push(bytes: Uint8Array): Result<Watched, ClientHelloProblem> {
    const all = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
    const at = pastOthers(all);
    if (at === null) return this.#wait(all, 0);
    const kind = at < all.length ? kindAt(all, at) : 'more';
    if (kind === 'more') return this.#wait(all, at);
    if (kind === 'other') return this.#end(all, null);
    const read = readClientHello(all.subarray(at));
    if (read === null) return this.#wait(all, at);
    return read.ok ? this.#end(all, read.value) : read;
  }

  #wait(all: Uint8Array, passed: number): Result<Watched, ClientHelloProblem> {
    this.#held = all.slice(passed);
    return this.#held.length > CLIENT_HELLO_LIMIT
      ? err('too_large')
      : ok({ pass: all.subarray(0, passed), hello: null });
  }

  #end(all: Uint8Array, hello: ClientHello | null): Result<Watched, ClientHelloProblem> {
    this.#done = true;
    this.#held = NOTHING;
    return ok({ pass: all, hello });
  }
}

/** Where the first record begins that is neither ChangeCipherSpec nor alert; null while one of those is not whole. */
function pastOthers(bytes: Uint8Array): number | null {
  let at = 0;
  while (bytes[at] === CHANGE_CIPHER_SPEC || bytes[at] === ALERT) {
    const end = recordEnd(bytes, at);
    if (end === null || end > bytes.length) return null;
    at = end;
  }
  return at;
}

/** By as many bytes of the handshake message as tell, put together from as many records as they take. */
function kindAt(bytes: Uint8Array, from: number): 'hello' | 'other' | 'more' {
  const message: number[] = [];
  let at = from;
  while (message.length < TELLING) {
    if (at >= bytes.length) return 'more';
    if (bytes[at] !== HANDSHAKE) return 'other';
    const end = recordEnd(bytes, at);
    if (end === null) return 'more';
    message.push(...bytes.subarray(at + 5, Math.min(end, at + 5 + TELLING)));
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return 'other';
    at = end;
  }
  return message[4] === 3 ? 'hello' : 'other';
}

function recordEnd(bytes: Uint8Array, at: number): number | null {
  const [high, low] = [bytes[at + 3], bytes[at + 4]];
  return high === undefined || low === undefined ? null : at + 5 + ((high << 8) | low);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/**
 * The second ClientHello of a TLS 1.3 handshake (RFC 8446 section 4.1.4): a server that asks for another key share is sent
 * a whole new one, in clear, and OpenSSL takes the name that stands in that. So it is held against the host like the
 * first (T-01).
 *
 * Sans-io: it is given what the client sends behind its first ClientHello, and says what may go on. Only the client's side
 * is looked at. Passed over are ChangeCipherSpec and alerts; anything but a handshake record, and a handshake message
 * that is no ClientHello, ends the watch, because no server takes a ClientHello behind it.
 */

import { GrowingBytes } from '../core/growing-bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { CLIENT_HELLO_LIMIT, type ClientHello, type ClientHelloProblem, ClientHelloReader } from './client-hello.ts';

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** Type, length and the first byte of the version: what tells a ClientHello from a Finished of TLS 1.2, which is random. */
const TELLING = 5;

export interface Watched {
  /** What may go on now. */
  readonly pass: Uint8Array;
  /** To be checked before `pass` goes on; null while there is none. */
  readonly hello: ClientHello | null;
}

export class SecondHello {
  readonly #held = new GrowingBytes();
  /** Once it is known to be one. */
  #reader: ClientHelloReader | null = null;
  #done = false;

  /** Nothing more needs to be looked at. */
  get done(): boolean {
    return this.#done;
  }

  push(bytes: Uint8Array): Result<Watched, ClientHelloProblem> {
    this.#held.append(bytes);
    if (this.#reader !== null) return this.#read(this.#reader, 0);
    const held = this.#held.bytes;
    const at = pastOthers(held);
    const kind = kindAt(held, at);
    if (kind === 'more') return this.#wait(at);
    if (kind === 'other') return this.#end(null);
    this.#reader = new ClientHelloReader();
    return this.#read(this.#reader, at);
  }

  /** The hello begins behind so many bytes that may go on. */
  #read(reader: ClientHelloReader, passed: number): Result<Watched, ClientHelloProblem> {
    const read = reader.read(this.#held.bytes.subarray(passed));
    if (read === null) return this.#wait(passed);
    return read.ok ? this.#end(read.value) : read;
  }

  #wait(passed: number): Result<Watched, ClientHelloProblem> {
    const pass = this.#held.bytes.subarray(0, passed);
    this.#held.drop(passed);
    return this.#held.length > CLIENT_HELLO_LIMIT ? err('too_large') : ok({ pass, hello: null });
  }

  #end(hello: ClientHello | null): Result<Watched, ClientHelloProblem> {
    this.#done = true;
    return ok({ pass: this.#held.release(), hello });
  }
}

/** Behind the whole records of ChangeCipherSpec and alerts at the beginning. */
function pastOthers(bytes: Uint8Array): number {
  let at = 0;
  while (isOther(bytes[at])) {
    const end = recordEnd(bytes, at);
    if (end === null || end > bytes.length) break;
    at = end;
  }
  return at;
}

function isOther(type: number | undefined): boolean {
  return type === CHANGE_CIPHER_SPEC || type === ALERT;
}

/** By as many bytes of the handshake message as tell, put together from as many records as they take. */
function kindAt(bytes: Uint8Array, from: number): 'hello' | 'other' | 'more' {
  const message: number[] = [];
  let at = from;
  if (isOther(bytes[at])) return 'more';
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

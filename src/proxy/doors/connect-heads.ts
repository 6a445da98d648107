/**
 * Heads of CONNECT that were read before. For each connection to one host a client says the same, byte for byte, but for its
 * credential: so what was read is kept with the bytes around that, and the next such head is compared instead of read.
 *
 * INVARIANT: what is recalled is what `readRequestHead` and `readAsk` would read of the same bytes. It follows from nothing but
 * them and settings that do not change, so it cannot grow old; who asks, and whether they may, is found out each time. No
 * credential is kept: it is taken from each head anew, and what is kept is in memory of its own.
 */

import { ownText } from '../../core/own-text.ts';
import type { RequestHead } from '../../wire/http-head.ts';
import type { Ask, Credential } from '../exchange.ts';
import { field } from '../fields.ts';
import { credentialFrom } from './asked-fields.ts';
import type { ReadRequest } from './http-ask.ts';

/** A CONNECT as it was read. */
export interface ConnectAsk extends ReadRequest {
  /** Value of `Accept`, for the form of a denial; empty when absent. */
  readonly accept: string;
}

interface Known {
  /** The head up to its credential, and behind it. */
  readonly before: Buffer;
  readonly after: Buffer;
  /** Scheme of the credential; null where there is none, and then nothing stands between the two. */
  readonly scheme: string | null;
  readonly ask: Ask;
  readonly accept: string;
}

const MOST = 512;
const LONGEST = 4096;
const C = 0x43;
const CR = 0x0d;
/** Base64 and `token68` (RFC 9110 section 11.2): nothing that would end a field, or the credential in it. */
const CREDENTIAL = /^[\w+/=.~-]+$/;

export class ConnectHeads {
  readonly #byLine = new Map<string, Known>();
  readonly #longest: number;

  /** `maxBytes`: of a head that may be read. */
  constructor(maxBytes: number) {
    this.#longest = Math.min(LONGEST, maxBytes);
  }

  /** Null where `bytes` are no head that was kept, and nothing else. */
  recall(bytes: Buffer): ConnectAsk | null {
    if (bytes[0] !== C || bytes.length > this.#longest) return null;
    const known = this.#byLine.get(bytes.toString('latin1', 0, bytes.indexOf(CR)));
    if (known === undefined) return null;
    const { before, after, scheme, ask, accept } = known;
    const end = bytes.length - after.length;
    if (before.length > end || before.compare(bytes, 0, before.length) !== 0 || after.compare(bytes, end) !== 0)
      return null;
    const credential = credentialAt(bytes.toString('latin1', before.length, end), scheme);
    return credential === undefined ? null : { ask, problem: null, credential, accept };
  }

  /** Keeps what was read of `bytes`, where they are this head and nothing else. */
  keep(bytes: Buffer, head: RequestHead, { ask, problem, accept }: ConnectAsk): void {
    if (problem !== null || bytes.length !== head.length || bytes.length > this.#longest) return;
    const text = bytes.toString('latin1');
    const value = field(head.headers, 'proxy-authorization');
    const [scheme = '', secret = ''] = value.split(' ', 2);
    const at = value === '' ? text.length : text.indexOf(secret);
    // Elsewhere in the head it could be anything, and would be kept.
    if (value !== '' && (!CREDENTIAL.test(secret) || text.indexOf(secret, at + 1) >= 0)) return;
    this.#set(bytes.toString('latin1', 0, bytes.indexOf(CR)), {
      ...around(bytes, at, at + secret.length),
      scheme: value === '' ? null : ownText(scheme),
      ask: owned(ask),
      accept: ownText(accept),
    });
  }

  #set(line: string, known: Known): void {
    this.#byLine.set(line, known);
    if (this.#byLine.size <= MOST) return;
    for (const oldest of this.#byLine.keys()) {
      this.#byLine.delete(oldest);
      return;
    }
  }
}

/** Of a CONNECT; its host stands in memory of its own already, and it has no path. */
function owned(ask: Ask): Ask {
  const { method, contentType, upgrade } = ask;
  const texts = { method: ownText(method), contentType: ownText(contentType), upgrade: ownText(upgrade) };
  return Object.freeze({ ...ask, ...texts });
}

/** A piece of Node's pool would keep what was given out beside it, such as what credentials were decoded to. */
function around(bytes: Buffer, start: number, end: number): Pick<Known, 'before' | 'after'> {
  const own = Buffer.allocUnsafeSlow(bytes.length - (end - start));
  bytes.copy(own, 0, 0, start);
  bytes.copy(own, start, end);
  return { before: own.subarray(0, start), after: own.subarray(start) };
}

/** Undefined where what stands in its place is none that could be told from what stands around it. */
function credentialAt(text: string, scheme: string | null): Credential | null | undefined {
  if (scheme === null) return text === '' ? null : undefined;
  return CREDENTIAL.test(text) ? credentialFrom(scheme, text) : undefined;
}

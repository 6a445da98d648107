/**
 * The TLS ClientHello, read without decrypting anything (RFC 8446 section 4.1.2, RFC 6066 section 3).
 *
 * Sans-io and bounded: give it all bytes received so far. Records may be fragmented over packets, and the handshake
 * message over records (T-03); both are reassembled here up to a limit. Two names or two SNI extensions are refused
 * (T-04). Anything that does not begin like TLS is refused at its first byte (T-08).
 */

import { GrowingBytes } from '../core/growing-bytes.ts';
import { err, ok, type Result } from '../core/result.ts';

export interface ClientHello {
  /** As sent, not yet canonical; null when there is no SNI (T-02). */
  readonly sni: string | null;
  readonly alpn: readonly string[];
  /**
   * Whether an `encrypted_client_hello` extension is present (RFC 9849), or one of the drafts before it, which encrypted another
   * name than stands in the clear as well. A GREASE one cannot be told from a real one by reading, so the policy decides about
   * both (T-05).
   */
  readonly ech: boolean;
  /** 0-RTT data would follow (T-07). */
  readonly earlyData: boolean;
}

export type ClientHelloProblem =
  | 'not_tls'
  | 'too_large'
  | 'malformed'
  | 'not_client_hello'
  | 'two_sni'
  | 'duplicate_extension';

/** A ClientHello with post-quantum key shares is about 2 KB; 16 KB leaves room and bounds memory. */
export const CLIENT_HELLO_LIMIT = 16_384;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXT_SERVER_NAME = 0;
const EXT_ALPN = 16;
const EXT_EARLY_DATA = 42;
/** RFC 9849, and draft-ietf-tls-esni: encrypted_server_name until -06, then encrypted_client_hello of -07 to -12. */
const EXT_ECH = new Set([0xfe0d, 0xffce, 0xff02, 0xfe08, 0xfe09, 0xfe0a, 0xfe0b, 0xfe0c]);

/**
 * Reads one. It goes on where it was when more bytes come: in records of one byte, each of them in a packet of its own, a
 * hello is no more work than in one (T-45).
 */
export class ClientHelloReader {
  /** Where the next record begins. */
  #at = 0;
  /** The handshake message, out of as many records as it spans. */
  readonly #message = new GrowingBytes();

  /** Where the records of a whole ClientHello end; what follows is another message. */
  get end(): number {
    return this.#at;
  }

  /** `bytes`: all that were received, those of before included. `null` means that more are needed. */
  read(bytes: Uint8Array): Result<ClientHello, ClientHelloProblem> | null {
    for (;;) {
      const record = recordAt(bytes, this.#at);
      if (record === null) return bytes.length > CLIENT_HELLO_LIMIT ? err('too_large') : null;
      if (!record.ok) return record;
      this.#at += 5 + record.value.length;
      if (this.#at > CLIENT_HELLO_LIMIT) return err('too_large');
      this.#message.append(record.value, CLIENT_HELLO_LIMIT);
      const whole = wholeMessage(this.#message);
      if (whole !== null) return whole.ok ? readBody(whole.value) : whole;
    }
  }
}

/** Its body; `null` while it is not whole. */
function wholeMessage(message: GrowingBytes): Result<Uint8Array, ClientHelloProblem> | null {
  if (message.length < 4) return null;
  const { bytes } = message;
  const length = messageLength(bytes);
  if (!length.ok) return length;
  if (bytes.length > length.value) return err('malformed');
  return bytes.length < length.value ? null : ok(bytes.subarray(4));
}

/** Length of the handshake message, its four-byte head included. */
function messageLength(head: Uint8Array): Result<number, ClientHelloProblem> {
  if (head[0] !== CLIENT_HELLO) return err('not_client_hello');
  const length = 4 + (((head[1] ?? 0) << 16) | ((head[2] ?? 0) << 8) | (head[3] ?? 0));
  return length > CLIENT_HELLO_LIMIT ? err('too_large') : ok(length);
}

/** One record's payload; refuses at the first byte that TLS would not have sent. */
function recordAt(bytes: Uint8Array, at: number): Result<Uint8Array, ClientHelloProblem> | null {
  const [type, major, minor] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  if (type !== undefined && type !== HANDSHAKE) return err('not_tls');
  if (major !== undefined && major !== 3) return err('not_tls');
  if (minor !== undefined && minor > 4) return err('not_tls');
  if (bytes.length < at + 5) return null;
  const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
  if (length === 0) return err('malformed');
  if (length > CLIENT_HELLO_LIMIT) return err('too_large');
  if (bytes.length < at + 5 + length) return null;
  return ok(bytes.subarray(at + 5, at + 5 + length));
}

class Truncated extends Error {}

/** Reads on between two places of the same bytes; a vector inside is a cursor of its own, and nothing is copied. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  uint(size: 1 | 2): number {
    const at = this.skip(size);
    const first = this.#bytes[at] as number;
    return size === 1 ? first : (first << 8) | (this.#bytes[at + 1] as number);
  }

  /** Where what was passed over began. */
  skip(size: number): number {
    const at = this.#at;
    if (at + size > this.#end) throw new Truncated();
    this.#at = at + size;
    return at;
  }

  /** A vector with a length prefix of `size` bytes. */
  vector(size: 1 | 2): Cursor {
    const length = this.uint(size);
    const at = this.skip(length);
    return new Cursor(this.#bytes, at, at + length);
  }

  /** All that is left, as ASCII or whatever it is. */
  text(): string {
    let out = '';
    while (!this.done) out += String.fromCharCode(this.uint(1));
    return out;
  }
}

function readBody(bytes: Uint8Array): Result<ClientHello, ClientHelloProblem> {
  try {
    return readFields(new Cursor(bytes));
  } catch (problem) {
    if (problem instanceof Truncated) return err('malformed');
    throw problem;
  }
}

function readFields(body: Cursor): Result<ClientHello, ClientHelloProblem> {
  body.skip(2 + 32);
  body.vector(1);
  body.vector(2);
  body.vector(1);
  const hello: ClientHello = { sni: null, alpn: [], ech: false, earlyData: false };
  if (body.done) return ok(hello);
  const extensions = body.vector(2);
  if (!body.done) return err('malformed');
  const seen = new Set<number>();
  while (!extensions.done) {
    const type = extensions.uint(2);
    const data = extensions.vector(2);
    if (seen.has(type)) return err(type === EXT_SERVER_NAME ? 'two_sni' : 'duplicate_extension');
    seen.add(type);
    const problem = readExtension(hello, type, data);
    if (problem !== null) return err(problem);
  }
  return ok(hello);
}

/** What it says is put down in `hello`. */
function readExtension(
  hello: { -readonly [K in keyof ClientHello]: ClientHello[K] },
  type: number,
  data: Cursor,
): ClientHelloProblem | null {
  if (type === EXT_SERVER_NAME) {
    const sni = readServerName(data);
    if (!sni.ok) return sni.error;
    hello.sni = sni.value;
  } else if (type === EXT_ALPN) hello.alpn = readProtocols(data);
  else if (EXT_ECH.has(type)) hello.ech = true;
  else if (type === EXT_EARLY_DATA) hello.earlyData = true;
  return null;
}

function readProtocols(data: Cursor): string[] {
  const list = data.vector(2);
  const out: string[] = [];
  while (!list.done) out.push(list.vector(1).text());
  return out;
}

function readServerName(data: Cursor): Result<string, ClientHelloProblem> {
  const list = data.vector(2);
  let name: string | null = null;
  while (!list.done) {
    const type = list.uint(1);
    const value = list.vector(2);
    if (type !== 0) return err('malformed');
    if (name !== null) return err('two_sni');
    name = value.text();
  }
  return name === null || !data.done ? err('malformed') : ok(name);
}

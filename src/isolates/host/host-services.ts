/**
 * What the runtime inside an isolate may ask of its host, without the supervisor: URL parsing, hashes, randomness.
 * Only strings, numbers and copied bytes cross, and nothing here ever throws: an error object of this realm would be a
 * host object inside the isolate (T-63).
 */

import { createHash, createHmac, randomFillSync } from 'node:crypto';
import { Iso2022Jp } from './iso-2022-jp.ts';
import { isMultiByte, MultiByte } from './multi-byte.ts';

/** Parts of a parsed URL, in this order: href, origin, protocol, username, password, host, hostname, port, pathname, search, hash. */
export type UrlParts = readonly string[];

const SETTABLE = new Set([
  'href',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const);
type Settable = typeof SETTABLE extends Set<infer T> ? T : never;

const HASHES: Readonly<Record<string, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
/** `getRandomValues` refuses more (Web Cryptography, section 10.1.1). */
const MAX_RANDOM = 65_536;

/** Null when the input is no URL. */
export function parseUrl(input: string, base: string | null): UrlParts | null {
  const url = base === null ? URL.parse(input) : URL.parse(input, base);
  return url === null ? null : partsOf(url);
}

/** The URL after one of its setters ran; null when that setter throws (`href` alone does). */
export function setUrl(href: string, part: string, value: string): UrlParts | null {
  const url = URL.parse(href);
  if (url === null || !SETTABLE.has(part as Settable)) return null;
  try {
    url[part as Settable] = value;
  } catch {
    return null;
  }
  return partsOf(url);
}

function partsOf(u: URL): UrlParts {
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = u;
  return [href, origin, protocol, username, password, host, hostname, port, pathname, search, hash];
}

/** Null for an algorithm that is not known. */
export function digest(algorithm: string, data: Uint8Array): ArrayBuffer | null {
  const name = HASHES[algorithm];
  return name === undefined ? null : owned(createHash(name).update(data).digest());
}

export function hmac(algorithm: string, key: Uint8Array, data: Uint8Array): ArrayBuffer | null {
  const name = HASHES[algorithm];
  return name === undefined ? null : owned(createHmac(name, key).update(data).digest());
}

export function random(count: number): ArrayBuffer {
  const bounded = Number.isInteger(count) && count > 0 ? Math.min(count, MAX_RANDOM) : 0;
  return randomFillSync(new Uint8Array(bounded)).buffer;
}

/** A buffer of its own: Node's small ones are views of a shared pool, which must not cross. */
function owned(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** The standard's name of an encoding, by any of its labels; null when there is none. */
export function encodingName(label: string): string | null {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}

const MAX_DECODERS = 1000;

type Decoder = Pick<InstanceType<typeof TextDecoder>, 'decode'>;

function decoderOf(encoding: string, fatal: boolean): Decoder {
  if (encoding === 'iso-2022-jp') return new Iso2022Jp(fatal);
  return isMultiByte(encoding) ? new MultiByte(encoding, fatal) : new TextDecoder(encoding, { fatal, ignoreBOM: true });
}

/** Decoders of one isolate that are in the middle of a stream. */
export class Decoders {
  readonly #open = new Map<number, Decoder>();
  #last = 0;

  /** 0 when the encoding is not known; the oldest goes when there are too many. */
  open(encoding: string, fatal: boolean): number {
    try {
      const made = decoderOf(encoding, fatal);
      this.#last += 1;
      this.#open.set(this.#last, made);
      if (this.#open.size > MAX_DECODERS) this.#open.delete(this.#last - MAX_DECODERS);
      return this.#last;
    } catch {
      return 0;
    }
  }

  /** Null bytes end the stream. Null when the bytes are not valid, or the decoder is gone. */
  decode(id: number, bytes: Uint8Array | null): string | null {
    const decoder = this.#open.get(id);
    if (!decoder) return null;
    if (bytes === null) this.#open.delete(id);
    try {
      return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      this.#open.delete(id);
      return null;
    }
  }
}

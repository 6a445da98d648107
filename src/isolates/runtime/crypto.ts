/** `crypto`: randomness, UUIDs, digests and HMAC, computed by the host. */

import { bridge } from './bridge.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { DOMException, QuotaExceededError } from './dom-exception.ts';

type Algorithm = string | { readonly name?: unknown; readonly hash?: Algorithm; readonly length?: unknown };

interface KeyData {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

const MAX_RANDOM = 65_536;
const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const making = Symbol('making');
const keys = new WeakMap<CryptoKey, KeyData>();

export class Crypto {
  readonly #subtle: SubtleCrypto;

  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('use `crypto`');
    this.#subtle = new SubtleCrypto(making);
  }

  get subtle(): SubtleCrypto {
    return this.#subtle;
  }

  getRandomValues<T>(view: T): T {
    if (!ArrayBuffer.isView(view) || view instanceof DataView || /^Float/.test(view.constructor.name)) {
      throw new DOMException('the value is no array of integers', 'TypeMismatchError');
    }
    if (view.byteLength > MAX_RANDOM) throw new QuotaExceededError('at most 65536 bytes at once');
    if (view.byteLength > 0)
      bytesOf(view).set(new Uint8Array(bridge.current.serve('random', view.byteLength) as ArrayBuffer));
    return view;
  }

  randomUUID(): string {
    const bytes = new Uint8Array(bridge.current.serve('random', 16) as ArrayBuffer);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const text = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

export class CryptoKey {
  readonly #algorithm: object;
  readonly #extractable: boolean;
  readonly #usages: readonly string[];

  constructor(key?: unknown, algorithm: object = {}, extractable = false, usages: readonly string[] = []) {
    if (key !== making) throw new TypeError('keys are made by `crypto.subtle`');
    this.#algorithm = algorithm;
    this.#extractable = extractable;
    this.#usages = usages;
  }

  get type(): string {
    return 'secret';
  }
  get extractable(): boolean {
    return this.#extractable;
  }
  get algorithm(): object {
    return this.#algorithm;
  }
  get usages(): string[] {
    return [...this.#usages];
  }
}

export class SubtleCrypto {
  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('use `crypto.subtle`');
  }

  async digest(algorithm: Algorithm, data: unknown): Promise<ArrayBuffer> {
    const name = hashName(algorithm);
    return bridge.current.serve('digest', name, ownBuffer(bytesOf(data))) as ArrayBuffer;
  }

  async importKey(
    format: unknown,
    data: unknown,
    algorithm: Algorithm,
    ...rest: [unknown, Iterable<unknown>]
  ): Promise<CryptoKey> {
    const [extractable, usages] = rest;
    const hash = hmacHash(algorithm);
    const bytes = String(format) === 'jwk' ? jwkBytes(data) : bytesOf(data).slice();
    if (!['raw', 'jwk'].includes(String(format)))
      throw new DOMException('the format is `raw` or `jwk`', 'NotSupportedError');
    if (bytes.length === 0) throw new DOMException('the key is empty', 'DataError');
    return madeKey({ bytes, hash }, Boolean(extractable), usages);
  }

  async generateKey(algorithm: Algorithm, extractable: unknown, usages: Iterable<unknown>): Promise<CryptoKey> {
    const hash = hmacHash(algorithm);
    const asked = typeof algorithm === 'object' ? algorithm.length : undefined;
    const bits = asked === undefined ? (/^SHA-(?:384|512)$/.test(hash) ? 1024 : 512) : Number(asked);
    if (!(bits > 0 && bits <= 8 * MAX_RANDOM)) throw new DOMException('the length is not valid', 'OperationError');
    const bytes = new Uint8Array(bridge.current.serve('random', Math.ceil(bits / 8)) as ArrayBuffer);
    return madeKey({ bytes, hash }, Boolean(extractable), usages);
  }

  async exportKey(format: unknown, key: CryptoKey): Promise<unknown> {
    if (!key.extractable) throw new DOMException('the key is not extractable', 'InvalidAccessError');
    const { bytes, hash } = dataOf(key);
    if (String(format) === 'raw') return ownBuffer(bytes);
    if (String(format) !== 'jwk') throw new DOMException('the format is `raw` or `jwk`', 'NotSupportedError');
    const k = btoa64(bytes);
    return { kty: 'oct', k, alg: `HS${hash.slice(4)}`, key_ops: key.usages, ext: true };
  }

  async sign(algorithm: Algorithm, key: CryptoKey, data: unknown): Promise<ArrayBuffer> {
    return mac(algorithm, { key, usage: 'sign', data });
  }

  async verify(algorithm: Algorithm, key: CryptoKey, signature: unknown, data: unknown): Promise<boolean> {
    const given = bytesOf(signature);
    const made = new Uint8Array(mac(algorithm, { key, usage: 'verify', data }));
    let differs = given.length ^ made.length;
    for (let i = 0; i < made.length; i += 1) differs |= (given[i] ?? 0) ^ (made[i] as number);
    return differs === 0;
  }
}

export function makeCrypto(): Crypto {
  return new Crypto(making);
}

function nameOf(algorithm: Algorithm): string {
  if (typeof algorithm !== 'object' || algorithm === null) return String(algorithm).toUpperCase();
  const { name } = algorithm;
  if (name === undefined) throw new TypeError('an algorithm has a name');
  return String(name).toUpperCase();
}

function hashName(algorithm: Algorithm): string {
  const name = nameOf(algorithm);
  if (!HASHES.includes(name)) throw new DOMException('this algorithm is not known', 'NotSupportedError');
  return name;
}

function hmacHash(algorithm: Algorithm): string {
  if (nameOf(algorithm) !== 'HMAC') throw new DOMException('this algorithm is not known', 'NotSupportedError');
  const hash = typeof algorithm === 'object' ? algorithm.hash : undefined;
  if (hash === undefined) throw new TypeError('HMAC needs a hash');
  return hashName(hash);
}

function madeKey(data: KeyData, extractable: boolean, usages: Iterable<unknown>): CryptoKey {
  const wanted = [...usages].map(String);
  if (wanted.length === 0 || wanted.some((u) => u !== 'sign' && u !== 'verify')) {
    throw new DOMException('the usages of HMAC are `sign` and `verify`', 'SyntaxError');
  }
  const algorithm = { name: 'HMAC', hash: { name: data.hash }, length: data.bytes.length * 8 };
  const made = new CryptoKey(making, algorithm, extractable, [...new Set(wanted)].sort());
  keys.set(made, data);
  return made;
}

function dataOf(key: CryptoKey): KeyData {
  const data = keys.get(key);
  if (!data) throw new TypeError('the value is no CryptoKey');
  return data;
}

function mac(
  algorithm: Algorithm,
  { key, usage, data }: { key: CryptoKey; usage: string; data: unknown },
): ArrayBuffer {
  const { bytes, hash } = dataOf(key);
  if (nameOf(algorithm) !== 'HMAC' || !key.usages.includes(usage)) {
    throw new DOMException(`the key is not for this`, 'InvalidAccessError');
  }
  return bridge.current.serve('hmac', hash, ownBuffer(bytes), ownBuffer(bytesOf(data))) as ArrayBuffer;
}

function jwkBytes(jwk: unknown): Uint8Array {
  const { kty, k } = (jwk ?? {}) as { kty?: unknown; k?: unknown };
  if (kty !== 'oct' || typeof k !== 'string') throw new DOMException('the key is no octet sequence', 'DataError');
  return Uint8Array.from(fromBase64(k));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function btoa64(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = Math.min(3, bytes.length - i) + 1;
    for (let n = 0; n < left; n += 1) out += ALPHABET[(bits >> (18 - 6 * n)) & 63];
  }
  return out;
}

function fromBase64(text: string): number[] {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const char of text) {
    held = ((held << 6) | ALPHABET.indexOf(char)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 255);
    }
  }
  return out;
}

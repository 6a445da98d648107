/**
 * `crypto.subtle`: the host computes. Digests and HMAC, which small tools need most, are answered at once; all else is
 * asked for and waited for.
 */

import { askHost } from './bindings.ts';
import { bridge } from './bridge.ts';
import { bytesOf, isBufferSource, ownBuffer } from './buffer-source.ts';
import { type CryptoKey, isCryptoKey, keyState, packed, unpacked, type Wire } from './crypto-key.ts';
import { DOMException } from './dom-exception.ts';

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
/** What the parameters of any algorithm may have. */
const MEMBERS = [
  ...['additionalData', 'counter', 'hash', 'info', 'iterations', 'iv', 'label', 'length', 'modulusLength'],
  ...['namedCurve', 'public', 'publicExponent', 'salt', 'saltLength', 'tagLength'],
];
const JWK_TEXTS = ['kty', 'use', 'alg', 'crv', 'x', 'y', 'd', 'n', 'e', 'p', 'q', 'dp', 'dq', 'qi', 'k'];
const making = Symbol('making');

export class SubtleCrypto {
  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('use `crypto.subtle`');
  }

  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    const name = nameOf(algorithm);
    const bytes = ownBuffer(bytesOf(data));
    if (!HASHES.includes(name)) throw new DOMException('this algorithm is not known', 'NotSupportedError');
    return bridge.current.serve('digest', name, bytes) as ArrayBuffer;
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<unknown> {
    return computed('encrypt', [algorithmOf(algorithm), keyOf(key), bytesOf(data)]);
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<unknown> {
    return computed('decrypt', [algorithmOf(algorithm), keyOf(key), bytesOf(data)]);
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<unknown> {
    const args = [algorithmOf(algorithm), keyOf(key), bytesOf(data)] as const;
    return mac(args[0], args[1], args[2], 'sign') ?? computed('sign', args);
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<unknown> {
    const args = [algorithmOf(algorithm), keyOf(key), bytesOf(signature), bytesOf(data)] as const;
    const own = mac(args[0], args[1], args[3], 'verify');
    return own === null ? computed('verify', args) : same(args[2], new Uint8Array(own));
  }

  async deriveKey(...args: unknown[]): Promise<unknown> {
    const [algorithm, key, derived, extractable, usages] = args;
    const given = [algorithmOf(algorithm), keyOf(key), algorithmOf(derived), Boolean(extractable), textsOf(usages)];
    return computed('deriveKey', given);
  }

  async deriveBits(algorithm: unknown, key: unknown, length: unknown = null): Promise<unknown> {
    const bits = length === null ? null : numberOf(Number(length));
    return computed('deriveBits', [algorithmOf(algorithm), keyOf(key), bits]);
  }

  async generateKey(algorithm: unknown, extractable: unknown, usages: unknown): Promise<unknown> {
    return computed('generateKey', [algorithmOf(algorithm), Boolean(extractable), textsOf(usages)]);
  }

  async importKey(...args: unknown[]): Promise<unknown> {
    const [format, data, algorithm, extractable, usages] = args;
    const material = isBufferSource(data) ? bytesOf(data) : jwkOf(data);
    const given = [String(format), material, algorithmOf(algorithm), Boolean(extractable), textsOf(usages)];
    return computed('importKey', given);
  }

  async exportKey(format: unknown, key: unknown): Promise<unknown> {
    return computed('exportKey', [String(format), keyOf(key)]);
  }

  async wrapKey(format: unknown, key: unknown, by: unknown, algorithm: unknown): Promise<unknown> {
    return computed('wrapKey', [String(format), keyOf(key), keyOf(by), algorithmOf(algorithm)]);
  }

  async unwrapKey(...args: unknown[]): Promise<unknown> {
    const [format, data, by, algorithm, made, extractable, usages] = args;
    const front = [String(format), bytesOf(data), keyOf(by), algorithmOf(algorithm)];
    return computed('unwrapKey', [...front, algorithmOf(made), Boolean(extractable), textsOf(usages)]);
  }
}

export function makeSubtle(): SubtleCrypto {
  return new SubtleCrypto(making);
}

async function computed(op: string, args: readonly Wire[]): Promise<unknown> {
  const { text, bytes } = packed(op, args);
  const answer = await askHost('crypto', text, bytes);
  const value = unpacked(answer.value, answer.bytes);
  return value instanceof Uint8Array ? value.buffer : value;
}

function nameOf(algorithm: unknown): string {
  if ((typeof algorithm !== 'object' && typeof algorithm !== 'function') || algorithm === null) {
    return String(algorithm).toUpperCase();
  }
  const { name } = algorithm as { name?: unknown };
  if (name === undefined) throw new TypeError('an algorithm has a name');
  return String(name).toUpperCase();
}

function algorithmOf(algorithm: unknown): Wire {
  if ((typeof algorithm !== 'object' && typeof algorithm !== 'function') || algorithm === null)
    return String(algorithm);
  const given = algorithm as Readonly<Record<string, unknown>>;
  const { name } = given;
  if (name === undefined) throw new TypeError('an algorithm has a name');
  const made: Record<string, Wire> = { name: String(name) };
  for (const member of MEMBERS) {
    const value = given[member];
    if (value !== undefined) made[member] = memberOf(member, value);
  }
  return made;
}

function memberOf(member: string, value: unknown): Wire {
  if (isBufferSource(value)) return bytesOf(value).slice();
  if (isCryptoKey(value)) return value;
  if (member === 'hash') return algorithmOf(value);
  if (typeof value === 'number') return numberOf(value);
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'object' && member !== 'namedCurve') return {};
  return String(value);
}

/** Web IDL, `[EnforceRange] unsigned long`: none of the standard's numbers may be more. */
function numberOf(value: number): number {
  const whole = Math.trunc(value);
  if (!(whole >= 0 && whole <= 0xffff_ffff)) throw new TypeError('the value is no number of that range');
  return whole;
}

function keyOf(key: unknown): CryptoKey {
  keyState(key);
  return key as CryptoKey;
}

function textsOf(values: unknown): string[] {
  const make = (values as { [Symbol.iterator]?: unknown } | null | undefined)?.[Symbol.iterator];
  if (typeof values !== 'object' || typeof make !== 'function') throw new TypeError('the usages are a sequence');
  return [...(values as Iterable<unknown>)].map(String);
}

function jwkOf(data: unknown): Wire {
  if (typeof data !== 'object' || data === null) throw new TypeError('the key is neither bytes nor an object');
  const given = data as Readonly<Record<string, unknown>>;
  const made: Record<string, Wire> = {};
  for (const member of JWK_TEXTS) if (given[member] !== undefined) made[member] = String(given[member]);
  if (given['ext'] !== undefined) made['ext'] = Boolean(given['ext']);
  if (given['key_ops'] !== undefined) made['key_ops'] = textsOf(given['key_ops']);
  return made;
}

/** Null for what is no HMAC, or not to be done: the host says why. */
function mac(algorithm: Wire, key: CryptoKey, data: Uint8Array, usage: string): ArrayBuffer | null {
  const state = keyState(key);
  const { name, hash } = state.algorithm as { name: string; hash?: { name: string } };
  if (name !== 'HMAC' || nameOf(algorithm) !== 'HMAC' || !state.usages.includes(usage)) return null;
  return bridge.current.serve('hmac', hash?.name, ownBuffer(state.material), ownBuffer(data)) as ArrayBuffer;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  let differs = a.length ^ b.length;
  for (let i = 0; i < b.length; i += 1) differs |= (a[i] ?? 0) ^ (b[i] as number);
  return differs === 0;
}

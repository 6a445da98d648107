/**
 * One operation of Web Cryptography, done by Node's own for an isolate. Keys cross as what they are made of and are made
 * again for each operation, so the host keeps nothing of a task; what crosses is copied plain data, both ways. What an
 * operation may cost is bounded before it begins: it runs on a thread that nobody can interrupt (T-60).
 */

import { KeyObject, webcrypto } from 'node:crypto';
import type { JobReply } from './host-jobs.ts';

/** Bytes stand beside the text: `$b` says where. `$k` is a key. */
type Wire = null | boolean | number | string | readonly Wire[] | { readonly [member: string]: Wire };

/** For each operation, which of its arguments are algorithms. */
const OPERATIONS: Readonly<Record<string, readonly number[]>> = {
  encrypt: [0],
  decrypt: [0],
  sign: [0],
  verify: [0],
  deriveKey: [0, 2],
  deriveBits: [0],
  generateKey: [0],
  importKey: [2],
  exportKey: [],
  wrapKey: [3],
  unwrapKey: [3, 4],
};
/** May take a thread for more than a moment; so may whatever a private key does. */
const LONG = new Set(['generateKey', 'deriveBits', 'deriveKey']);
const ALGORITHMS = new Set([
  ...['HMAC', 'AES-CBC', 'AES-CTR', 'AES-GCM', 'AES-KW', 'HKDF', 'PBKDF2', 'ECDSA', 'ECDH', 'ED25519', 'X25519'],
  ...['RSASSA-PKCS1-V1_5', 'RSA-PSS', 'RSA-OAEP'],
]);
const HASH_BITS: Readonly<Record<string, number>> = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 };
/** The most that is counted for an operation that is short. */
const SHORT_MS = 0.2;
const BYTES_PER_MS = 100_000;
const TEXT = 256 * 1024;
/** Modulus of an RSA key that is made, and of one that is brought: bits. */
const MADE_MODULUS = 4096;
const MODULUS = 8192;
const EXPONENTS = new Set(['3', '65537']);
/** HMAC computations of one PBKDF2: about three seconds of one core. */
const ROUNDS = 5_000_000;
/** Bits of a derived secret, and of an HMAC key that is made. */
const SECRET_BITS = 8 * 65_536;
/** Anything but raw bytes has a structure to be parsed. */
const KEY_BYTES = 64 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Never rejects. */
export async function subtleCall(text: string, bytes: Uint8Array): Promise<JobReply> {
  let mostMs = Number.POSITIVE_INFINITY;
  try {
    if (text.length > TEXT) throw fault('OperationError', 'the call is too large');
    const { op, args } = JSON.parse(text) as { op: string; args: readonly Wire[] };
    if (!Object.hasOwn(OPERATIONS, op)) throw fault('NotSupportedError', 'this operation is not known');
    checkNames(op, args);
    const brought = { bytes, copied: 0 };
    const given = (await Promise.all(args.map((arg) => decoded(arg, brought)))) as unknown[];
    checkCost(op, given);
    const long = LONG.has(op) || given.some((arg) => (arg as webcrypto.CryptoKey | null)?.type === 'private');
    if (!long) mostMs = SHORT_MS + bytes.length / BYTES_PER_MS;
    const making = madeIn(op, given);
    return replyOf(await computed(op, given, making), { mostMs, making });
  } catch (error) {
    return { json: JSON.stringify({ ok: false, error: faultOf(error) }), bytes: NO_BYTES, mostMs };
  }
}

function computed(op: string, given: unknown[], { extractable }: Making): Promise<unknown> {
  if (op === 'unwrapKey' && given[0] === 'jwk' && !extractable) return unwrapped(given);
  const run = webcrypto.subtle[op as 'encrypt'] as (...given: unknown[]) => Promise<unknown>;
  return Reflect.apply(run, webcrypto.subtle, given);
}

/** A wrapped JWK may say that its key must not be taken out; as bytes of a key it is unwrapped whatever it says. */
async function unwrapped([_, data, by, algorithm, kind, __, usages]: unknown[]): Promise<unknown> {
  const { subtle } = webcrypto;
  const bytes = { name: 'HMAC', hash: 'SHA-256' };
  const held = await subtle.unwrapKey(
    'raw',
    data as Uint8Array<ArrayBuffer>,
    by as webcrypto.CryptoKey,
    algorithm as string,
    bytes,
    true,
    ['sign'],
  );
  const text = Buffer.from(await subtle.exportKey('raw', held)).toString();
  if (text.length > KEY_BYTES) throw fault('DataError', 'the key is too large');
  return subtle.importKey('jwk', withoutExt(jwkIn(text)), kind as string, true, usages as webcrypto.KeyUsage[]);
}

function jwkIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault('DataError', 'what was wrapped is no JWK');
  }
}

function withoutExt(jwk: unknown): webcrypto.JsonWebKey {
  const { ext: _, ...rest } = membersOf(jwk);
  return rest;
}

function fault(name: string, message: string): DOMException {
  return new DOMException(message, name);
}

function faultOf(error: unknown): { readonly name: string; readonly message: string } {
  if (error instanceof DOMException) return { name: error.name, message: error.message };
  if (error instanceof TypeError) return { name: 'TypeError', message: error.message };
  return { name: 'OperationError', message: 'the operation failed' };
}

/** What Node knows beyond the list may be without bounds, as Argon2's memory is. */
function checkNames(op: string, args: readonly Wire[]): void {
  for (const at of OPERATIONS[op] as readonly number[]) {
    const algorithm = args[at] ?? '';
    const name = typeof algorithm === 'object' ? (algorithm as { name?: Wire }).name : algorithm;
    if (!ALGORITHMS.has(String(name).toUpperCase()))
      throw fault('NotSupportedError', 'this algorithm is not known, or not for this');
  }
}

function checkCost(op: string, args: readonly unknown[]): void {
  if (op === 'generateKey') checkMade(args[0]);
  else if (op === 'deriveBits') checkDerived(args[0], args[2]);
  else if (op === 'deriveKey') checkDerived(args[0], membersOf(args[2])['length'] ?? 1024);
  else if (op === 'importKey' && args[0] !== 'raw' && ArrayBuffer.isView(args[1]) && args[1].byteLength > KEY_BYTES) {
    throw fault('DataError', 'the key is too large');
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function checkMade(algorithm: unknown): void {
  const { modulusLength, publicExponent, length, name } = membersOf(algorithm);
  if (Number(modulusLength ?? 0) > MADE_MODULUS) {
    throw fault('OperationError', `keys of RSA are made with at most ${MADE_MODULUS} bits`);
  }
  if (publicExponent instanceof Uint8Array && !EXPONENTS.has(String(numberOf(publicExponent)))) {
    throw fault('OperationError', 'the public exponent is 3 or 65537');
  }
  if (String(name).toUpperCase() === 'HMAC' && Number(length ?? 0) > SECRET_BITS) {
    throw fault('OperationError', 'the length is too large');
  }
}

/** Big-endian; null for what is certainly too large. */
function numberOf(bytes: Uint8Array): number | null {
  const from = bytes.findIndex((byte) => byte !== 0);
  const digits = from < 0 ? NO_BYTES : bytes.subarray(from);
  return digits.length > 4 ? null : digits.reduce((sum, byte) => sum * 256 + byte, 0);
}

function checkDerived(algorithm: unknown, length: unknown): void {
  const { iterations, hash } = membersOf(algorithm);
  const bits = Number(length ?? 0);
  if (bits > SECRET_BITS) throw fault('OperationError', 'the length is too large');
  if (iterations === undefined) return;
  const name = String(typeof hash === 'object' ? membersOf(hash)['name'] : hash).toUpperCase();
  const block = HASH_BITS[name];
  if (block === undefined) throw fault('NotSupportedError', 'this hash is not known');
  const rounds = Number(iterations) * Math.ceil(bits / block);
  if (rounds > ROUNDS) throw fault('OperationError', `PBKDF2 is done with at most ${ROUNDS} rounds`);
}

/** The bytes that came with a call, and how many of them were copied out of it so far. */
interface Brought {
  readonly bytes: Uint8Array;
  copied: number;
}

async function decoded(wire: Wire, brought: Brought): Promise<unknown> {
  if (typeof wire !== 'object' || wire === null) return wire;
  if (Array.isArray(wire)) return Promise.all(wire.map((item) => decoded(item as Wire, brought)));
  const members = wire as Readonly<Record<string, Wire>>;
  if (Object.hasOwn(members, '$b')) return piece(members['$b'], brought);
  if (Object.hasOwn(members, '$k')) return keyFrom(members['$k'], brought);
  const all = Object.entries(members).map(async ([name, value]) => [name, await decoded(value, brought)] as const);
  return Object.fromEntries(await Promise.all(all));
}

/**
 * A copy: the operation may outlive what it was given. The runtime names each byte once; who names some again would have a
 * short text copy them by the thousand.
 */
function piece(where: Wire | undefined, brought: Brought): Uint8Array {
  const [from, length] = where as readonly [number, number];
  if (!isCount(from) || !isCount(length)) throw fault('OperationError', 'a piece is a place and a length');
  brought.copied += length;
  if (brought.copied > brought.bytes.length) throw fault('OperationError', 'more bytes are named than came');
  return brought.bytes.slice(from, from + length);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

interface KeyWire {
  readonly format: 'raw' | 'spki' | 'pkcs8';
  readonly material: Wire;
  readonly algorithm: { readonly [member: string]: Wire };
  readonly extractable: boolean;
  readonly usages: webcrypto.KeyUsage[];
}

async function keyFrom(wire: Wire | undefined, brought: Brought): Promise<webcrypto.CryptoKey> {
  const { format, material, algorithm, extractable, usages } = wire as unknown as KeyWire;
  if (!ALGORITHMS.has(String(algorithm['name']).toUpperCase()))
    throw fault('NotSupportedError', 'this algorithm is not known');
  const from = (await decoded(material, brought)) as Uint8Array<ArrayBuffer>;
  const kind = (await decoded(algorithm, brought)) as webcrypto.HmacImportParams;
  return bounded(await webcrypto.subtle.importKey(format, from, kind, extractable, usages));
}

/** What was brought along may be larger than what anybody computes with. */
function bounded(key: webcrypto.CryptoKey): webcrypto.CryptoKey {
  const { modulusLength } = key.algorithm as { modulusLength?: number };
  if ((modulusLength ?? 0) > MODULUS) throw fault('DataError', `keys of RSA have at most ${MODULUS} bits`);
  return key;
}

function replyOf(result: unknown, { mostMs, making }: { mostMs: number; making: Making }): JobReply {
  const pieces: Uint8Array[] = [];
  const json = JSON.stringify({ ok: true, value: encoded(result, { pieces, making }) });
  return { json, bytes: pieces.length === 0 ? NO_BYTES : Buffer.concat(pieces), mostMs };
}

interface Encoding {
  readonly pieces: Uint8Array[];
  readonly making: Making;
}

function encoded(value: unknown, of: Encoding): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof ArrayBuffer) return kept(new Uint8Array(value), of);
  if (value instanceof Uint8Array) return kept(value, of);
  if (Array.isArray(value)) return value;
  if (value instanceof CryptoKey) return { $k: keyWire(bounded(value as webcrypto.CryptoKey), of) };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member, of)]));
}

function kept(bytes: Uint8Array, { pieces }: Encoding): unknown {
  const from = pieces.reduce((sum, { length }) => sum + length, 0);
  pieces.push(bytes);
  return { $b: [from, bytes.length] };
}

const FORMATS = { secret: 'raw', public: 'spki', private: 'pkcs8' } as const;

function keyWire(key: webcrypto.CryptoKey, of: Encoding): unknown {
  const { type, usages } = key;
  return {
    ...{ type, usages, format: FORMATS[type] },
    extractable: of.making.extractable || (of.making.pair && type === 'public'),
    algorithm: encoded({ ...key.algorithm }, of),
    material: kept(of.making.material ?? materialOf(key), of),
  };
}

function materialOf(key: webcrypto.CryptoKey): Uint8Array {
  const object = KeyObject.from(key);
  return key.type === 'secret' ? object.export() : object.export({ type: FORMATS[key.type] as 'spki', format: 'der' });
}

interface Making {
  /** What was asked for; to see what it is made of, each key is made so that it can be taken out. */
  readonly extractable: boolean;
  /** What the key is made of, of those that cannot be made so. */
  readonly material: Uint8Array | null;
  /** Whether it may be a pair, whose public half may always be taken out. */
  readonly pair: boolean;
}

/** Where an operation is told whether its key may be taken out, and what kind of key it makes. */
const MAKES: Readonly<Record<string, readonly [extractable: number, algorithm: number]>> = {
  generateKey: [1, 0],
  importKey: [3, 2],
  deriveKey: [3, 2],
  unwrapKey: [5, 4],
};
/** Secrets that others are derived of: never to be taken out. */
const SEEDS = new Set(['HKDF', 'PBKDF2']);

function madeIn(op: string, args: unknown[]): Making {
  const [at, kind] = MAKES[op] ?? [];
  if (at === undefined || kind === undefined) return { extractable: false, material: null, pair: false };
  const extractable = args[at] === true;
  const name = typeof args[kind] === 'string' ? args[kind] : membersOf(args[kind])['name'];
  if (SEEDS.has(String(name).toUpperCase())) {
    if (op !== 'importKey' && op !== 'generateKey')
      throw fault('NotSupportedError', 'derive or decrypt the bits, and import them');
    return { extractable, material: args[1] instanceof Uint8Array ? args[1] : NO_BYTES, pair: false };
  }
  args[at] = true;
  // Of a key that says itself that it must not be taken out.
  if (op === 'importKey' && args[0] === 'jwk' && !extractable) args[1] = withoutExt(args[1]);
  return { extractable, material: null, pair: op === 'generateKey' };
}

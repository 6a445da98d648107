/**
 * `Uint8Array` to and from base64 and hex (ECMAScript 2026, "Uint8Array to and from base64"): this V8 has them behind a
 * flag only that its makers call experimental.
 */

import { charCode } from './bridge.ts';
import { latin1 } from './buffer-source.ts';

type Chunks = 'loose' | 'strict' | 'stop-before-partial';

interface Read {
  /** Characters that were taken. */
  readonly read: number;
  readonly bytes: Uint8Array;
  /** What is wrong behind them. */
  readonly error: string | null;
}

const PLAIN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SAFE = `${PLAIN.slice(0, 62)}-_`;
const HEX = '0123456789abcdef';
const PAD = 61;
const CHUNKS: readonly unknown[] = ['loose', 'strict', 'stop-before-partial'];
const codesOf = (alphabet: string) => Uint8Array.from(alphabet, (char) => charCode(char, 0));
const CODES = { base64: codesOf(PLAIN), base64url: codesOf(SAFE) };
const HEX_CODES = codesOf(HEX);
const VALUES = { base64: valuesOf(CODES.base64), base64url: valuesOf(CODES.base64url) };
const HEX_VALUES = valuesOf(HEX_CODES);
for (let i = 10; i < 16; i += 1) HEX_VALUES[charCode(HEX.toUpperCase(), i)] = i;
const { apply } = Reflect;
const { min, ceil } = Math;
const view = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (name: PropertyKey) => Object.getOwnPropertyDescriptor(view, name)?.get as () => unknown;
const kindOf = getter(Symbol.toStringTag);
const bufferOf = getter('buffer');
const offsetOf = getter('byteOffset');
const lengthOf = getter('length');
const detached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'detached')?.get as () => boolean;

function valuesOf(codes: Uint8Array): Int8Array {
  const values = new Int8Array(128).fill(-1);
  codes.forEach((code, i) => {
    values[code] = i;
  });
  return values;
}

function checkKind(value: unknown): void {
  const kind = typeof value === 'object' && value !== null ? apply(kindOf, value, []) : undefined;
  if (kind !== 'Uint8Array') throw new TypeError('the value is no Uint8Array');
}

/** A view of the same bytes, which tool code cannot have made another of; throws when they are gone. */
function bytesOf(array: object): Uint8Array {
  const buffer = apply(bufferOf, array, []) as ArrayBuffer;
  const [offset, length] = [apply(offsetOf, array, []), apply(lengthOf, array, [])] as [number, number];
  if (apply(detached, buffer, [])) throw new TypeError('the bytes are detached');
  // Out of bounds, a view says that it begins at 0; an empty one may do that too.
  if (length === 0 && isOutOfBounds(array)) throw new TypeError('the bytes are out of bounds');
  return new Uint8Array(buffer, offset, length);
}

const valuesMethod = (view as { values: () => unknown }).values;

/** Methods of typed arrays check it first. */
function isOutOfBounds(array: object): boolean {
  try {
    apply(valuesMethod, array, []);
    return false;
  } catch {
    return true;
  }
}

function optionsOf(options: unknown): Readonly<Record<string, unknown>> {
  if (options === undefined) return { __proto__: null } as object as Record<string, unknown>;
  if ((typeof options !== 'object' && typeof options !== 'function') || options === null)
    throw new TypeError('the options are an object');
  return options as Record<string, unknown>;
}

function alphabetOf({ alphabet = 'base64' }: Readonly<Record<string, unknown>>): 'base64' | 'base64url' {
  if (alphabet !== 'base64' && alphabet !== 'base64url') throw new TypeError('the alphabet is base64 or base64url');
  return alphabet;
}

function textOf(text: unknown): string {
  if (typeof text !== 'string') throw new TypeError('the text is a string');
  return text;
}

function base64Of(bytes: Uint8Array, codes: Uint8Array, padded: boolean): string {
  const rest = bytes.length % 3;
  const out = new Uint8Array(ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    out[at] = codes[bits >> 18] as number;
    out[at + 1] = codes[(bits >> 12) & 63] as number;
    out[at + 2] = codes[(bits >> 6) & 63] as number;
    out[at + 3] = codes[bits & 63] as number;
    at += 4;
  }
  const spare = rest === 0 ? 0 : 3 - rest;
  if (!padded) return latin1(out.subarray(0, out.length - spare));
  return latin1(out.fill(PAD, out.length - spare));
}

function hexOf(bytes: Uint8Array): string {
  const out = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i += 1) {
    out[i * 2] = HEX_CODES[(bytes[i] as number) >> 4] as number;
    out[i * 2 + 1] = HEX_CODES[(bytes[i] as number) & 15] as number;
  }
  return latin1(out);
}

function pastBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(charCode(text, at))) at += 1;
  return at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
}

/** FromBase64 of the specification: four characters at a time, as many as `room` takes, which is some. */
class Base64Reader {
  readonly #text: string;
  readonly #values: Int8Array;
  readonly #chunks: Chunks;
  readonly #room: number;
  readonly #out: Uint8Array;
  #size = 0;
  /** Characters of whole chunks. */
  #read = 0;

  constructor(text: string, options: Readonly<Record<string, unknown>>, room: number) {
    this.#text = text;
    this.#values = VALUES[alphabetOf(options)];
    const { lastChunkHandling = 'loose' } = options;
    if (!CHUNKS.includes(lastChunkHandling)) throw new TypeError('the handling of the last chunk is not known');
    this.#chunks = lastChunkHandling as Chunks;
    this.#room = room;
    this.#out = new Uint8Array(min(room, ceil(text.length / 4) * 3));
  }

  #end(read: number, error: string | null = null): Read {
    return { read, bytes: this.#out.subarray(0, this.#size), error };
  }

  #put(bits: number, count: number): void {
    for (let i = 0; i < count; i += 1) this.#out[this.#size++] = (bits >> (16 - 8 * i)) & 255;
  }

  run(): Read {
    const [text, values] = [this.#text, this.#values];
    let [held, count] = [0, 0];
    for (let at = 0; at < text.length; ) {
      const code = charCode(text, at);
      at += 1;
      if (isBlank(code)) continue;
      if (code === PAD) return this.#padded(held, count, at);
      const value = code < 128 ? (values[code] as number) : -1;
      if (value < 0) return this.#end(this.#read, 'the text is not base64');
      if (this.#isFull(count)) return this.#end(this.#read);
      held = (held << 6) | value;
      count += 1;
      if (count < 4) continue;
      this.#put(held, 3);
      [held, count, this.#read] = [0, 0, at];
      if (this.#size === this.#room) return this.#end(this.#read);
    }
    return this.#partial(held, count);
  }

  /** Whether another character would make more bytes than there is room for. */
  #isFull(count: number): boolean {
    const left = this.#room - this.#size;
    return (left === 1 && count === 2) || (left === 2 && count === 3);
  }

  /** The text ended within a chunk. */
  #partial(held: number, count: number): Read {
    if (count === 0) return this.#end(this.#text.length);
    if (this.#chunks === 'stop-before-partial') return this.#end(this.#read);
    if (this.#chunks === 'strict' || count === 1) return this.#end(this.#read, 'the last chunk is not whole');
    this.#put(held << (6 * (4 - count)), count - 1);
    return this.#end(this.#text.length);
  }

  #padded(held: number, count: number, from: number): Read {
    if (count < 2) return this.#end(this.#read, 'padding stands too early');
    let at = pastBlanks(this.#text, from);
    if (count === 2) {
      if (at === this.#text.length && this.#chunks === 'stop-before-partial') return this.#end(this.#read);
      if (at === this.#text.length) return this.#end(this.#read, 'the padding is not whole');
      if (charCode(this.#text, at) === PAD) at = pastBlanks(this.#text, at + 1);
    }
    if (at < this.#text.length) return this.#end(this.#read, 'something follows the padding');
    const spare = held & (count === 2 ? 15 : 3);
    if (this.#chunks === 'strict' && spare !== 0) return this.#end(this.#read, 'bits are left over');
    this.#put(held << (6 * (4 - count)), count - 1);
    return this.#end(this.#text.length);
  }
}

/** FromHex of the specification. */
function readHex(text: string, room: number): Read {
  if (text.length % 2 !== 0) return { read: 0, bytes: new Uint8Array(0), error: 'hex has two digits a byte' };
  const bytes = new Uint8Array(min(room, text.length / 2));
  for (let i = 0; i < bytes.length; i += 1) {
    const [high, low] = [hexValue(text, i * 2), hexValue(text, i * 2 + 1)];
    if (high < 0 || low < 0) return { read: i * 2, bytes: bytes.subarray(0, i), error: 'the text is not hex' };
    bytes[i] = (high << 4) | low;
  }
  return { read: bytes.length * 2, bytes, error: null };
}

function hexValue(text: string, at: number): number {
  const code = charCode(text, at);
  return code < 128 ? (HEX_VALUES[code] as number) : -1;
}

function made({ bytes, error }: Read): Uint8Array {
  if (error !== null) throw new SyntaxError(error);
  return bytes.slice();
}

/** What was read before a fault stays written. */
function written(into: Uint8Array, { read, bytes, error }: Read): { read: number; written: number } {
  into.set(bytes);
  if (error !== null) throw new SyntaxError(error);
  return { read, written: bytes.length };
}

const STATIC = {
  fromBase64(...args: unknown[]): Uint8Array {
    const text = textOf(args[0]);
    return made(new Base64Reader(text, optionsOf(args[1]), Number.POSITIVE_INFINITY).run());
  },
  fromHex(...args: unknown[]): Uint8Array {
    return made(readHex(textOf(args[0]), Number.POSITIVE_INFINITY));
  },
};

const METHODS = {
  toBase64(this: unknown, ...args: unknown[]): string {
    checkKind(this);
    const options = optionsOf(args[0]);
    const codes = CODES[alphabetOf(options)];
    const padded = !options['omitPadding'];
    return base64Of(bytesOf(this as object), codes, padded);
  },
  toHex(this: unknown): string {
    checkKind(this);
    return hexOf(bytesOf(this as object));
  },
  setFromBase64(this: unknown, ...args: unknown[]): { read: number; written: number } {
    checkKind(this);
    const text = textOf(args[0]);
    const options = optionsOf(args[1]);
    // Read before the bytes are looked at: a getter of theirs may take those away.
    const given = { alphabet: alphabetOf(options), lastChunkHandling: options['lastChunkHandling'] };
    const into = bytesOf(this as object);
    const reader = new Base64Reader(text, given, into.length);
    return into.length === 0 ? { read: 0, written: 0 } : written(into, reader.run());
  },
  setFromHex(this: unknown, ...args: unknown[]): { read: number; written: number } {
    checkKind(this);
    const text = textOf(args[0]);
    const into = bytesOf(this as object);
    return written(into, readHex(text, into.length));
  },
};

/** Puts them where a newer engine has them, as the language has its own: not enumerable. */
export function installByteText(): void {
  for (const [on, methods] of [[Uint8Array, STATIC] as const, [Uint8Array.prototype, METHODS] as const]) {
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(value, 'length', { value: name.startsWith('to') ? 0 : 1, configurable: true });
      Object.defineProperty(on, name, { value, writable: true, configurable: true });
    }
  }
}

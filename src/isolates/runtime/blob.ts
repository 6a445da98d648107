/** `Blob` and `File`: bytes that do not change. */

import type { ReadableStream } from 'web-streams-polyfill';
import { bytesOf, isBufferSource, joinBytes, ownBuffer } from './buffer-source.ts';
import { LIMIT_CHUNK } from './limits.ts';
import { byteStream } from './stream-state.ts';
import { textOfStream } from './text-streams.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const contents = new WeakMap<object, Uint8Array>();
const types = new WeakMap<object, string>();

export function blobBytes(blob: Blob): Uint8Array {
  const bytes = contents.get(blob);
  if (!bytes) throw new TypeError('the value is no Blob');
  return bytes;
}

export function isBlob(value: unknown): value is Blob {
  return typeof value === 'object' && value !== null && contents.has(value);
}

function partOf(part: unknown): Uint8Array | string {
  if (isBlob(part)) return blobBytes(part);
  if (isBufferSource(part)) return bytesOf(part).slice();
  return String(part).toWellFormed();
}

function pieceOf(part: Uint8Array | string, native: boolean): Uint8Array {
  if (typeof part !== 'string') return part;
  return encodeUtf8(native ? part.replace(/\r\n|\r|\n/g, '\n') : part);
}

function typeText(type: unknown): string {
  const text = String(type === undefined ? '' : type);
  return /[^\x20-\x7e]/.test(text) ? '' : text.toLowerCase();
}

/** Each part is converted before the next is asked for (Web IDL, sequences). */
function piecesOf(parts: unknown, convert: (part: unknown) => Uint8Array | string): (Uint8Array | string)[] {
  const make = (parts as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator];
  if ((typeof parts !== 'object' && typeof parts !== 'function') || typeof make !== 'function') {
    throw new TypeError('the parts must be a sequence');
  }
  const made: (Uint8Array | string)[] = [];
  for (const part of { [Symbol.iterator]: () => Reflect.apply(make, parts, []) as Iterator<unknown> }) {
    made.push(convert(part));
  }
  return made;
}

export class Blob {
  constructor(parts: unknown = [], options: { type?: unknown; endings?: unknown } | null = null) {
    const all = parts === undefined ? [] : piecesOf(parts, partOf);
    if (options !== null && typeof options !== 'object' && typeof options !== 'function')
      throw new TypeError('options are an object');
    const endings = options?.endings === undefined ? 'transparent' : String(options.endings);
    if (endings !== 'transparent' && endings !== 'native') throw new TypeError('endings is `transparent` or `native`');
    contents.set(this, joinBytes(all.map((part) => pieceOf(part, endings === 'native'))));
    types.set(this, typeText(options?.type));
  }

  get size(): number {
    return blobBytes(this).length;
  }

  get type(): string {
    blobBytes(this);
    return types.get(this) as string;
  }

  slice(start?: unknown, end?: unknown, type: unknown = ''): Blob {
    const bytes = blobBytes(this);
    const made = new Blob();
    const at = (value: unknown, fallback: number) => (value === undefined ? fallback : clamped(Number(value)));
    contents.set(made, bytes.subarray(at(start, 0), at(end, bytes.length)));
    types.set(made, typeText(type));
    return made;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return ownBuffer(blobBytes(this));
  }

  async bytes(): Promise<Uint8Array> {
    return blobBytes(this).slice();
  }

  async text(): Promise<string> {
    return decodeUtf8(blobBytes(this));
  }

  stream(): ReadableStream {
    return bytesStream(blobBytes(this));
  }

  textStream(): ReadableStream<string> {
    return textOfStream(bytesStream(blobBytes(this)));
  }
}

export class File extends Blob {
  readonly #name: string;
  readonly #modified: number;

  constructor(...args: [unknown, unknown, ({ type?: unknown; lastModified?: unknown } | null)?]) {
    const [parts, name, options = null] = args;
    if (args.length < 2) throw new TypeError('a file has parts and a name');
    super(parts, options);
    this.#name = String(name).toWellFormed();
    this.#modified = options?.lastModified === undefined ? Date.now() : longLong(options.lastModified);
  }

  get name(): string {
    return this.#name;
  }

  get lastModified(): number {
    return this.#modified;
  }

  get webkitRelativePath(): string {
    return '';
  }
}

/** Web IDL, `[Clamp] long long`: halves go to what is even. */
function clamped(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value) || 0;
  return below % 2 === 0 ? below : below + 1;
}

/** Web IDL, `long long`: what is no finite number is 0, what does not fit wraps round. */
function longLong(value: unknown): number {
  const number = Number(value);
  return Number.isFinite(number) ? Number(BigInt.asIntN(64, BigInt(Math.trunc(number)))) : 0;
}

/** A byte stream over bytes, in pieces. */
export function bytesStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return byteStream({
    pull: (controller) => {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at + LIMIT_CHUNK));
      at += LIMIT_CHUNK;
      if (at < bytes.length) return;
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

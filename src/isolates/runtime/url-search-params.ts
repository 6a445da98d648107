/** `URLSearchParams`, and the form encoding it shares with bodies. */

import { percentDecoded } from './data-url.ts';
import { pairIterator } from './pair-iterator.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

type Pair = [string, string];

/** Handles that only `URL` holds: taken in the class's own static block, as its fields are private. */
interface Ties {
  follow(params: URLSearchParams, changed: (text: string) => void): void;
  reset(params: URLSearchParams, query: string): void;
}
let ties: Ties | null = null;

function encodeForm(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&');
}

export function decodeForm(text: string): Pair[] {
  return decodeFormBytes(encodeUtf8(text));
}

/** URL, section 5.1, the parser: of bytes, as a body has them. */
export function decodeFormBytes(bytes: Uint8Array): Pair[] {
  const out: Pair[] = [];
  for (let from = 0; from <= bytes.length; ) {
    const end = indexOrEnd(bytes, 0x26, from, bytes.length);
    if (end > from) {
      const equals = indexOrEnd(bytes, 0x3d, from, end);
      out.push([decodePart(bytes.slice(from, equals)), decodePart(bytes.slice(Math.min(equals + 1, end), end))]);
    }
    from = end + 1;
  }
  return out;
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number, end: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 || at > end ? end : at;
}

/** `application/x-www-form-urlencoded` percent-encode set: what stays as it is. */
const KEEP = /^[A-Za-z0-9*\-._]*$/;

function encodePart(text: string): string {
  if (KEEP.test(text)) return text;
  let out = '';
  for (const byte of encodeUtf8(text)) {
    const char = String.fromCharCode(byte);
    if (KEEP.test(char)) out += char;
    else out += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** @param bytes its own; changed */
function decodePart(bytes: Uint8Array): string {
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] === 0x2b) bytes[i] = 0x20;
  const decoded = percentDecoded(bytes);
  // "UTF-8 decode without BOM": a mark stays.
  const marked = decoded[0] === 0xef && decoded[1] === 0xbb && decoded[2] === 0xbf;
  return (marked ? '\ufeff' : '') + decodeUtf8(decoded);
}

const wellFormed = (value: unknown): string => String(value).toWellFormed();

export class URLSearchParams {
  #pairs: Pair[] = [];
  #followed: ((text: string) => void) | null = null;
  static #walk = pairIterator<URLSearchParams>('URLSearchParams', (of) => of.#pairs);

  constructor(init: unknown = '') {
    if ((typeof init === 'object' || typeof init === 'function') && init !== null) this.#fill(init);
    else {
      const text = wellFormed(init);
      this.#pairs = decodeForm(text[0] === '?' ? text.slice(1) : text);
    }
  }

  #fill(init: object): void {
    const iterator = (init as { [Symbol.iterator]?: unknown })[Symbol.iterator];
    if (iterator === undefined || iterator === null) {
      const seen = new Map<string, string>();
      for (const key of Reflect.ownKeys(init)) {
        const property = Object.getOwnPropertyDescriptor(init, key);
        if (!property?.enumerable) continue;
        if (typeof key === 'symbol') throw new TypeError('a symbol is no name');
        seen.set(wellFormed(key), wellFormed((init as Record<string, unknown>)[key]));
      }
      this.#pairs = [...seen];
      return;
    }
    if (typeof iterator !== 'function') throw new TypeError('the value cannot be iterated');
    for (const entry of init as Iterable<Iterable<unknown>>) {
      const pair = [...entry];
      if (pair.length !== 2) throw new TypeError('each entry must be a name and a value');
      this.#pairs.push([wellFormed(pair[0]), wellFormed(pair[1])]);
    }
  }

  static {
    ties = {
      follow: (params, changed) => {
        params.#followed = changed;
      },
      reset: (params, query) => {
        params.#pairs = decodeForm(query);
      },
    };
  }

  #changed(): void {
    this.#followed?.(encodeForm(this.#pairs));
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([wellFormed(name), wellFormed(value)]);
    this.#changed();
  }

  delete(name: unknown, value?: unknown): void {
    const [key, only] = [wellFormed(name), value === undefined ? null : wellFormed(value)];
    this.#pairs = this.#pairs.filter(([n, v]) => n !== key || (only !== null && v !== only));
    this.#changed();
  }

  get(name: unknown): string | null {
    const key = wellFormed(name);
    return this.#pairs.find(([n]) => n === key)?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    const key = wellFormed(name);
    return this.#pairs.filter(([n]) => n === key).map(([, v]) => v);
  }

  has(name: unknown, value?: unknown): boolean {
    const [key, only] = [wellFormed(name), value === undefined ? null : wellFormed(value)];
    return this.#pairs.some(([n, v]) => n === key && (only === null || v === only));
  }

  set(name: unknown, value: unknown): void {
    const [key, text] = [wellFormed(name), wellFormed(value)];
    const at = this.#pairs.findIndex(([n]) => n === key);
    if (at < 0) this.#pairs.push([key, text]);
    else {
      (this.#pairs[at] as Pair)[1] = text;
      this.#pairs = this.#pairs.filter(([n], i) => n !== key || i <= at);
    }
    this.#changed();
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
    if (typeof callback !== 'function') throw new TypeError('forEach takes a function');
    for (let i = 0; i < this.#pairs.length; i += 1) {
      const [name, value] = this.#pairs[i] as Pair;
      Reflect.apply(callback, self, [value, name, this]);
    }
  }

  entries(): IterableIterator<Pair> {
    return URLSearchParams.#walk(this, 'entries');
  }

  keys(): IterableIterator<string> {
    return URLSearchParams.#walk(this, 'keys');
  }

  values(): IterableIterator<string> {
    return URLSearchParams.#walk(this, 'values');
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }

  toString(): string {
    return encodeForm(this.#pairs);
  }
}

/** Called after every change, so that a URL follows its parameters. */
export function followParams(params: URLSearchParams, changed: (text: string) => void): void {
  ties?.follow(params, changed);
}

/** Takes the query of a URL that changed. */
export function resetParams(params: URLSearchParams, query: string): void {
  ties?.reset(params, query);
}

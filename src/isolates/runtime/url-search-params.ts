/** `URLSearchParams`, and the form encoding it shares with bodies. */

import { decodeUtf8, encodeUtf8 } from './utf8.ts';

type Pair = [string, string];

/** Handles that only `URL` holds: taken in the class's own static block, as its fields are private. */
interface Ties {
  follow(params: URLSearchParams, changed: (text: string) => void): void;
  reset(params: URLSearchParams, query: string): void;
}
let ties: Ties | null = null;

const KEEP = /^[A-Za-z0-9*\-._]$/;

function encodeForm(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&');
}

export function decodeForm(text: string): Pair[] {
  const out: Pair[] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    out.push([decodePart(name), decodePart(at < 0 ? '' : part.slice(at + 1))]);
  }
  return out;
}

function encodePart(text: string): string {
  let out = '';
  for (const byte of encodeUtf8(text)) {
    const char = String.fromCharCode(byte);
    if (KEEP.test(char)) out += char;
    else out += byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function decodePart(text: string): string {
  const source = encodeUtf8(text.replaceAll('+', ' '));
  const out: number[] = [];
  for (let i = 0; i < source.length; i += 1) {
    const byte = source[i] as number;
    const hex = byte === 0x25 ? String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0) : '';
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      out.push(Number.parseInt(hex, 16));
      i += 2;
    } else out.push(byte);
  }
  const bytes = Uint8Array.from(out);
  // "UTF-8 decode without BOM": a mark stays.
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return (marked ? '\ufeff' : '') + decodeUtf8(bytes);
}

const wellFormed = (value: unknown): string => String(value).toWellFormed();

export class URLSearchParams {
  #pairs: Pair[] = [];
  #followed: ((text: string) => void) | null = null;

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
    for (const [name, value] of this) callback.call(self, value, name, this);
  }

  *entries(): IterableIterator<Pair> {
    for (let i = 0; i < this.#pairs.length; i += 1) yield [...(this.#pairs[i] as Pair)];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
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

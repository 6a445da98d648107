/** `Headers`, with its guards. */

import { pairIterator } from './pair-iterator.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const trim = (value: string): string => value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');

export type HeaderGuard = 'none' | 'immutable' | 'request' | 'request-no-cors' | 'response';
type Pair = [string, string];

/**
 * What a request may not set itself: framing and the connection are the gate's. Of the Fetch standard's list; left out
 * is what it keeps for a browser's page and what a tool needs (`cookie`, `date`, `origin`, `referer`, `sec-…`).
 */
const FORBIDDEN = new Set([
  ...['accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method'],
  ...['connection', 'content-length', 'cookie2', 'dnt', 'expect', 'host', 'keep-alive', 'set-cookie', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'via'],
]);
const OVERRIDES = new Set(['x-http-method', 'x-http-method-override', 'x-method-override']);

function isForbidden(name: string, value: string | null): boolean {
  if (FORBIDDEN.has(name) || name.startsWith('proxy-')) return true;
  return OVERRIDES.has(name) && value !== null && /(?:^|,)[\t ]*(?:connect|trace|track)[\t ]*(?:,|$)/i.test(value);
}

/** A response that tool code makes sets no cookies; one that came keeps what it came with (Fetch, section 2.2.2). */
const FORBIDDEN_RESPONSE = new Set(['set-cookie', 'set-cookie2']);

interface Ties {
  guard(headers: Headers, guard: HeaderGuard): void;
  raw(headers: Headers): readonly (readonly [string, string])[];
}
let ties: Ties | null = null;

export class Headers {
  /** Lower-case name, value; in order of arrival. */
  #list: Pair[] = [];
  #guard: HeaderGuard = 'none';
  /** As iteration sees them; null after a change. */
  #sorted: Pair[] | null = null;
  static #walk = pairIterator<Headers>('Headers', (of) => of.#all());

  constructor(init?: unknown) {
    if (init === undefined) return;
    for (const [name, value] of pairsOf(init)) this.append(name, value);
  }

  static {
    ties = {
      guard: (headers, guard) => {
        headers.#guard = guard;
      },
      raw: (headers) => headers.#list,
    };
  }

  /** False: the change is passed over in silence, as the standard has it. */
  #mayChange(name: string, value: string | null): boolean {
    if (this.#guard === 'immutable') throw new TypeError('these headers cannot be changed');
    if (this.#guard === 'response') return !FORBIDDEN_RESPONSE.has(name);
    if (this.#guard === 'request') return !isForbidden(name, value);
    return this.#guard !== 'request-no-cors' || (value === null ? SIMPLE.has(name) : isSimple(name, value));
  }

  #change(list: Pair[]): void {
    this.#list = list;
    this.#sorted = null;
  }

  #add(key: string, text: string): void {
    this.#list.push([key, text]);
    this.#sorted = null;
  }

  #value(key: string): string | null {
    const values = this.#list.filter(([n]) => n === key).map(([, v]) => v);
    return values.length > 0 ? values.join(', ') : null;
  }

  append(name: unknown, value: unknown): void {
    const [given, text] = [String(name), headerValue(value)];
    const key = headerName(given);
    checkValue(text);
    const before = this.#guard === 'request-no-cors' ? this.#value(key) : null;
    if (this.#mayChange(key, before === null ? text : `${before}, ${text}`)) this.#add(key, text);
  }

  delete(name: unknown): void {
    const key = headerName(String(name));
    if (this.#mayChange(key, null)) this.#change(this.#list.filter(([n]) => n !== key));
  }

  get(name: unknown): string | null {
    return this.#value(headerName(String(name)));
  }

  getSetCookie(): string[] {
    return this.#list.filter(([n]) => n === 'set-cookie').map(([, v]) => v);
  }

  has(name: unknown): boolean {
    const key = headerName(String(name));
    return this.#list.some(([n]) => n === key);
  }

  set(name: unknown, value: unknown): void {
    const [given, text] = [String(name), headerValue(value)];
    const key = headerName(given);
    checkValue(text);
    if (!this.#mayChange(key, text)) return;
    const at = this.#list.findIndex(([n]) => n === key);
    if (at < 0) this.#add(key, text);
    else this.#change(this.#list.flatMap((e, i) => (i === at ? [[key, text] as Pair] : e[0] === key ? [] : [e])));
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    if (typeof callback !== 'function') throw new TypeError('forEach takes a function');
    for (let i = 0; i < this.#all().length; i += 1) {
      const [name, value] = this.#all()[i] as Pair;
      Reflect.apply(callback, self, [value, name, this]);
    }
  }

  #all(): Pair[] {
    if (this.#sorted) return this.#sorted;
    const names = [...new Set(this.#list.map(([n]) => n))].sort();
    this.#sorted = names.flatMap((name): Pair[] =>
      name === 'set-cookie' ? this.getSetCookie().map((v): Pair => [name, v]) : [[name, this.#value(name) as string]],
    );
    return this.#sorted;
  }

  entries(): IterableIterator<Pair> {
    return Headers.#walk(this, 'entries');
  }

  keys(): IterableIterator<string> {
    return Headers.#walk(this, 'keys');
  }

  values(): IterableIterator<string> {
    return Headers.#walk(this, 'values');
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }
}

/** A sequence of pairs, or a record: as Web IDL converts `HeadersInit`. */
function pairsOf(init: unknown): readonly (readonly [unknown, unknown])[] {
  if (init === null || (typeof init !== 'object' && typeof init !== 'function')) {
    throw new TypeError('headers are an object or a sequence');
  }
  const make = (init as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  if (make === undefined || make === null) return recordPairs(init);
  if (typeof make !== 'function') throw new TypeError('the value cannot be iterated');
  const all = [...sequence(init, make as () => unknown)].map((entry) => {
    if (typeof entry !== 'object' || entry === null) throw new TypeError('each entry must be a sequence');
    return [...(entry as Iterable<unknown>)];
  });
  return all.map((pair): [unknown, unknown] => {
    if (pair.length !== 2) throw new TypeError('each entry must be a name and a value');
    return [pair[0], pair[1]];
  });
}

/** The iterator is made by the method that was looked up already: getting it is seen once. */
function sequence(of: object, make: () => unknown): Iterable<unknown> {
  return { [Symbol.iterator]: () => Reflect.apply(make, of, []) as Iterator<unknown> };
}

/** Web IDL, `record<ByteString, ByteString>`: each key is looked at, read and converted before the next. */
function recordPairs(record: object): [string, string][] {
  const out = new Map<string, string>();
  for (const key of Reflect.ownKeys(record)) {
    if (!Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) continue;
    if (typeof key === 'symbol') throw new TypeError('a symbol is no header name');
    byteString(key);
    out.set(key, byteString(String((record as Record<string, unknown>)[key])));
  }
  return [...out];
}

export function guardHeaders(headers: Headers, guard: HeaderGuard): Headers {
  ties?.guard(headers, guard);
  return headers;
}

export function headerPairs(headers: Headers): readonly (readonly [string, string])[] {
  return ties?.raw(headers) ?? [];
}

function byteString(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) > 255) throw new TypeError('a header is made of bytes');
  }
  return text;
}

function headerName(name: string): string {
  if (!TOKEN.test(name)) throw new TypeError('the header name is not valid');
  return name.toLowerCase();
}

function headerValue(value: unknown): string {
  return trim(byteString(String(value)));
}

function checkValue(text: string): void {
  if (/[\0\r\n]/.test(text)) throw new TypeError('the header value is not valid');
}

const SIMPLE = new Set(['accept', 'accept-language', 'content-language', 'content-type']);
// biome-ignore lint/suspicious/noControlCharactersInRegex: the standard's own set
const UNSAFE = /[\x00-\x08\x0a-\x1f"():<>?@[\\\]{}\x7f]/;

/** Fetch, section 2.2.2: a CORS-safelisted request header. */
function isSimple(name: string, value: string): boolean {
  if (value.length > 128 || !SIMPLE.has(name)) return false;
  if (name === 'accept') return !UNSAFE.test(value);
  if (name !== 'content-type') return /^[0-9A-Za-z *,\-.;=]*$/.test(value);
  const essence = value.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return (
    !UNSAFE.test(value) && /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)$/.test(essence)
  );
}

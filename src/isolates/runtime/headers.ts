/** `Headers`, with its guards. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const trim = (value: string): string => value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');

export type HeaderGuard = 'none' | 'immutable' | 'request' | 'response';

/** What a request may not set itself: framing and the connection are the gate's. */
const FORBIDDEN = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

interface Ties {
  guard(headers: Headers, guard: HeaderGuard): void;
  raw(headers: Headers): readonly (readonly [string, string])[];
}
let ties: Ties | null = null;

export class Headers {
  /** Lower-case name, value; in order of arrival. */
  #list: [string, string][] = [];
  #guard: HeaderGuard = 'none';

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

  #mayChange(name: string): boolean {
    if (this.#guard === 'immutable') throw new TypeError('these headers cannot be changed');
    return this.#guard !== 'request' || !FORBIDDEN.has(name);
  }

  append(name: unknown, value: unknown): void {
    const [key, text] = [headerName(name), headerValue(value)];
    if (this.#mayChange(key)) this.#list.push([key, text]);
  }

  delete(name: unknown): void {
    const key = headerName(name);
    if (this.#mayChange(key)) this.#list = this.#list.filter(([n]) => n !== key);
  }

  get(name: unknown): string | null {
    const key = headerName(name);
    const values = this.#list.filter(([n]) => n === key).map(([, v]) => v);
    return values.length > 0 ? values.join(', ') : null;
  }

  getSetCookie(): string[] {
    return this.#list.filter(([n]) => n === 'set-cookie').map(([, v]) => v);
  }

  has(name: unknown): boolean {
    const key = headerName(name);
    return this.#list.some(([n]) => n === key);
  }

  set(name: unknown, value: unknown): void {
    const [key, text] = [headerName(name), headerValue(value)];
    if (!this.#mayChange(key)) return;
    const at = this.#list.findIndex(([n]) => n === key);
    if (at < 0) this.#list.push([key, text]);
    else
      this.#list = this.#list.flatMap((e, i) =>
        i === at ? [[key, text] as [string, string]] : e[0] === key ? [] : [e],
      );
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    if (typeof callback !== 'function') throw new TypeError('forEach takes a function');
    for (const [name, value] of this) callback.call(self, value, name, this);
  }

  #sorted(): [string, string][] {
    const names = [...new Set(this.#list.map(([n]) => n))].sort();
    return names.flatMap((name): [string, string][] =>
      name === 'set-cookie' ? this.getSetCookie().map((v) => [name, v]) : [[name, this.get(name) as string]],
    );
  }

  *entries(): IterableIterator<[string, string]> {
    for (let i = 0; ; i += 1) {
      const entry = this.#sorted()[i];
      if (!entry) return;
      yield entry;
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}

/** A sequence of pairs, or a record: as Web IDL converts `HeadersInit`. */
function pairsOf(init: unknown): [unknown, unknown][] {
  if (init === null || (typeof init !== 'object' && typeof init !== 'function')) {
    throw new TypeError('headers are an object or a sequence');
  }
  const make = (init as { [Symbol.iterator]?: unknown })[Symbol.iterator];
  if (make === undefined || make === null) return recordPairs(init);
  if (typeof make !== 'function') throw new TypeError('the value cannot be iterated');
  return [...(init as Iterable<Iterable<unknown>>)].map((entry): [unknown, unknown] => {
    const pair = typeof entry === 'object' && entry !== null ? [...entry] : [];
    if (pair.length !== 2) throw new TypeError('each entry must be a name and a value');
    return [pair[0], pair[1]];
  });
}

function recordPairs(record: object): [unknown, unknown][] {
  const out: [unknown, unknown][] = [];
  for (const key of Reflect.ownKeys(record)) {
    if (!Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) continue;
    if (typeof key === 'symbol') throw new TypeError('a symbol is no header name');
    out.push([key, (record as Record<string, unknown>)[key]]);
  }
  return out;
}

export function guardHeaders(headers: Headers, guard: HeaderGuard): Headers {
  ties?.guard(headers, guard);
  return headers;
}

export function headerPairs(headers: Headers): readonly (readonly [string, string])[] {
  return ties?.raw(headers) ?? [];
}

function headerName(name: unknown): string {
  const text = String(name);
  if (!TOKEN.test(text)) throw new TypeError('the header name is not valid');
  return text.toLowerCase();
}

function headerValue(value: unknown): string {
  const text = trim(String(value));
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 255 || code === 0 || code === 10 || code === 13) throw new TypeError('the header value is not valid');
  }
  return text;
}

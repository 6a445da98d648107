/** `URL`: parsed by the host, whose parser is the standard's; kept here as its parts. */

import { createObjectURL, revokeObjectURL } from './blob-url.ts';
import { bridge } from './bridge.ts';
import { followParams, resetParams, URLSearchParams } from './url-search-params.ts';

/** href, origin, protocol, username, password, host, hostname, port, pathname, search, hash. */
type Parts = readonly string[];

function parse(input: unknown, base: unknown): Parts | null {
  const text = String(input).toWellFormed();
  const from = base === undefined ? null : String(base).toWellFormed();
  return bridge.current.serve('url', text, from) as Parts | null;
}

export class URL {
  #parts: Parts;
  #params: URLSearchParams | null = null;

  constructor(...args: [unknown?, unknown?]) {
    const [input, base] = args;
    if (args.length === 0) throw new TypeError('URL takes one argument');
    const parts = parse(input, base);
    if (!parts) throw new TypeError('the URL is not valid');
    this.#parts = parts;
  }

  static canParse(...args: [unknown?, unknown?]): boolean {
    if (args.length === 0) throw new TypeError('canParse takes one argument');
    return parse(args[0], args[1]) !== null;
  }

  static parse(...args: [unknown?, unknown?]): URL | null {
    if (args.length === 0) throw new TypeError('parse takes one argument');
    const parts = parse(args[0], args[1]);
    return parts && new URL(parts[0]);
  }

  static createObjectURL(blob: unknown): string {
    return createObjectURL(blob);
  }

  static revokeObjectURL(url: unknown): void {
    revokeObjectURL(url);
  }

  #set(part: string, value: unknown): void {
    const parts = bridge.current.serve('url-set', this.#parts[0], part, String(value).toWellFormed()) as Parts | null;
    if (parts) this.#parts = parts;
    else if (part === 'href') throw new TypeError('the URL is not valid');
    if (this.#params && (part === 'href' || part === 'search')) resetParams(this.#params, this.#query());
  }

  #at(index: number): string {
    return this.#parts[index] as string;
  }

  #query(): string {
    const search = this.#at(9);
    return search === '' ? '' : search.slice(1);
  }

  get href(): string {
    return this.#at(0);
  }
  set href(value: unknown) {
    this.#set('href', value);
  }
  get origin(): string {
    return this.#at(1);
  }
  get protocol(): string {
    return this.#at(2);
  }
  set protocol(value: unknown) {
    this.#set('protocol', value);
  }
  get username(): string {
    return this.#at(3);
  }
  set username(value: unknown) {
    this.#set('username', value);
  }
  get password(): string {
    return this.#at(4);
  }
  set password(value: unknown) {
    this.#set('password', value);
  }
  get host(): string {
    return this.#at(5);
  }
  set host(value: unknown) {
    this.#set('host', value);
  }
  get hostname(): string {
    return this.#at(6);
  }
  set hostname(value: unknown) {
    this.#set('hostname', value);
  }
  get port(): string {
    return this.#at(7);
  }
  set port(value: unknown) {
    this.#set('port', value);
  }
  get pathname(): string {
    return this.#at(8);
  }
  set pathname(value: unknown) {
    this.#set('pathname', value);
  }
  get search(): string {
    return this.#at(9);
  }
  set search(value: unknown) {
    this.#set('search', value);
  }
  get searchParams(): URLSearchParams {
    if (!this.#params) {
      this.#params = new URLSearchParams(this.#query());
      resetParams(this.#params, this.#query());
      followParams(this.#params, (text) => {
        const parts = bridge.current.serve('url-set', this.#parts[0], 'search', text) as Parts | null;
        if (parts) this.#parts = parts;
      });
    }
    return this.#params;
  }
  get hash(): string {
    return this.#at(10);
  }
  set hash(value: unknown) {
    this.#set('hash', value);
  }

  toString(): string {
    return this.#at(0);
  }

  toJSON(): string {
    return this.#at(0);
  }
}

export function withoutFragment(href: string): string {
  const at = href.indexOf('#');
  return at < 0 ? href : href.slice(0, at);
}

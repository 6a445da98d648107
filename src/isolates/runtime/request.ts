/** `Request`. */

import { AbortController, type AbortSignal, isSignal, onAbort } from './abort.ts';
import { Body, type BodyState, bodyState, cloneBody, extractBody, isUnusable, noBody, streamOfBody } from './body.ts';
import { guardHeaders, Headers } from './headers.ts';
import { URL } from './url.ts';

export interface RequestInit {
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly redirect?: unknown;
  readonly signal?: unknown;
  readonly duplex?: unknown;
  readonly keepalive?: unknown;
  readonly [option: string]: unknown;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const KNOWN = /^(?:delete|get|head|options|post|put|patch)$/i;
const OPTIONS = {
  mode: ['same-origin', 'no-cors', 'cors', 'navigate'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  redirect: ['follow', 'error', 'manual'],
} as const;
type Option = keyof typeof OPTIONS;
const DEFAULTS: Readonly<Record<Option, string>> = {
  mode: 'cors',
  credentials: 'same-origin',
  cache: 'default',
  redirect: 'follow',
};

export class Request extends Body {
  readonly #url: string;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #signal: AbortSignal;
  readonly #options: Readonly<Record<Option, string>>;
  readonly #duplex = 'half';

  constructor(...args: [unknown?, RequestInit?]) {
    const [input, init] = args;
    if (args.length === 0) throw new TypeError('Request takes one argument');
    const from = input instanceof Request ? input : null;
    const given = init ?? {};
    const method = given.method === undefined ? (from?.method ?? 'GET') : checkedMethod(given.method);
    const headers = new Headers(given.headers === undefined ? from?.headers : given.headers);
    const { body, type } = requestBody(given, from, method);
    super(body);
    this.#url = from ? from.url : checkedUrl(input);
    this.#method = method;
    this.#headers = guardHeaders(withoutForbidden(headers), 'request');
    if (type !== null && !headers.has('content-type')) this.#headers.set('content-type', type);
    this.#signal = followed(given.signal === undefined ? from?.signal : given.signal);
    this.#options = optionsOf(given, from);
  }

  get url(): string {
    return this.#url;
  }
  get method(): string {
    return this.#method;
  }
  get headers(): Headers {
    return this.#headers;
  }
  get signal(): AbortSignal {
    return this.#signal;
  }
  get mode(): string {
    return this.#options.mode;
  }
  get credentials(): string {
    return this.#options.credentials;
  }
  get cache(): string {
    return this.#options.cache;
  }
  get redirect(): string {
    return this.#options.redirect;
  }
  get duplex(): string {
    return this.#duplex;
  }
  get destination(): string {
    return '';
  }
  get referrer(): string {
    return 'about:client';
  }
  get referrerPolicy(): string {
    return '';
  }
  get integrity(): string {
    return '';
  }
  get keepalive(): boolean {
    return false;
  }

  clone(): Request {
    if (isUnusable(bodyState(this))) throw new TypeError('the body was read already, or is locked');
    const copy = cloneBody(bodyState(this));
    const { method, headers, signal } = this;
    const made = new Request(this.#url, { ...this.#options, mode: undefined, method, headers, signal });
    Object.assign(bodyState(made), copy);
    return made;
  }
}

function checkedUrl(input: unknown): string {
  const url = new URL(input);
  if (url.username || url.password) throw new TypeError('a URL with credentials is not taken');
  return url.href;
}

function checkedMethod(method: unknown): string {
  const text = String(method);
  if (!TOKEN.test(text)) throw new TypeError('the method is not valid');
  if (/^(?:connect|trace|track)$/i.test(text)) throw new TypeError('this method is never sent');
  return KNOWN.test(text) && !/^patch$/i.test(text) ? text.toUpperCase() : text;
}

function requestBody(
  init: RequestInit,
  from: Request | null,
  method: string,
): { body: BodyState; type: string | null } {
  const bare = method === 'GET' || method === 'HEAD';
  if (init.body !== undefined && init.body !== null) {
    if (bare) throw new TypeError(`a ${method} request has no body`);
    const extracted = extractBody(init.body);
    if (extracted.body.stream && init.duplex === undefined)
      throw new TypeError('a body that streams needs `duplex: "half"`');
    return extracted;
  }
  if (!from || init.body === null) return { body: noBody(), type: null };
  const state = bodyState(from);
  if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
  if (!state.source && !state.stream) return { body: noBody(), type: null };
  if (bare) throw new TypeError(`a ${method} request has no body`);
  const taken: BodyState = { stream: state.source ? null : streamOfBody(state), source: state.source, used: false };
  Object.assign(state, { used: true });
  return { body: taken, type: null };
}

function withoutForbidden(headers: Headers): Headers {
  const made = guardHeaders(new Headers(), 'request');
  for (const [name, value] of headers) made.append(name, value);
  return made;
}

function followed(signal: unknown): AbortSignal {
  const own = new AbortController();
  if (signal === null || signal === undefined) return own.signal;
  if (!isSignal(signal)) throw new TypeError('the signal is no AbortSignal');
  if (signal.aborted) own.abort(signal.reason);
  else onAbort(signal, () => own.abort(signal.reason));
  return own.signal;
}

function optionsOf(init: RequestInit, from: Request | null): Readonly<Record<Option, string>> {
  const made = { ...DEFAULTS };
  for (const option of Object.keys(OPTIONS) as Option[]) {
    const value = init[option];
    made[option] = value === undefined ? (from?.[option] ?? DEFAULTS[option]) : String(value);
    if (!(OPTIONS[option] as readonly string[]).includes(made[option]))
      throw new TypeError(`the ${option} is not valid`);
    if (option === 'mode' && made.mode === 'navigate' && value !== undefined)
      throw new TypeError('the mode is not valid');
  }
  return made;
}

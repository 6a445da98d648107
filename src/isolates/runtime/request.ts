/** `Request`. */

import { AbortSignal, isSignal } from './abort.ts';
import { resolvedUrl } from './base-url.ts';
import type { Blob } from './blob.ts';
import { blobNamed } from './blob-url.ts';
import {
  type BodyState,
  bodyState,
  cloneBody,
  extractBody,
  giveBody,
  isUnusable,
  mixBodyInto,
  noBody,
  takenBody,
} from './body.ts';
import { dictionary } from './event.ts';
import { guardHeaders, Headers } from './headers.ts';

export interface RequestInit {
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly redirect?: unknown;
  readonly signal?: unknown;
  readonly duplex?: unknown;
  readonly referrer?: unknown;
  readonly integrity?: unknown;
  readonly keepalive?: unknown;
  readonly [option: string]: unknown;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const KNOWN = /^(?:delete|get|head|options|post|put)$/i;
const POLICIES = [
  ...['', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin'],
  ...['origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url'],
];
/** Kept and shown, as the standard has it; only `redirect` changes what the gate does. */
const OPTIONS = {
  mode: ['same-origin', 'no-cors', 'cors', 'navigate'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  redirect: ['follow', 'error', 'manual'],
  referrerPolicy: POLICIES,
} as const;
type Option = keyof typeof OPTIONS;
const DEFAULTS: Readonly<Record<Option, string>> = {
  ...{ mode: 'cors', credentials: 'same-origin', cache: 'default', redirect: 'follow', referrerPolicy: '' },
};

interface RequestState {
  readonly url: string;
  /** What a `blob:` URL stood for when the request was made. */
  readonly blob: Blob | null;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  readonly options: Readonly<Record<Option, string>>;
  readonly referrer: string;
  readonly integrity: string;
  readonly keepalive: boolean;
}

const states = new WeakMap<object, RequestState>();
const of = (request: object): RequestState => {
  const state = states.get(request);
  if (!state) throw new TypeError('the value is no Request');
  return state;
};
const isRequest = (value: unknown): value is Request =>
  typeof value === 'object' && value !== null && states.has(value);

export class Request {
  constructor(...args: [unknown?, (RequestInit | null)?]) {
    if (args.length === 0) throw new TypeError('Request takes one argument');
    const [input] = args;
    const init = dictionary(args[1]);
    const before = isRequest(input) ? input : null;
    const from = before && of(before);
    const url = from ? from.url : checkedUrl(input);
    const blob = from ? from.blob : blobNamed(url);
    const options = optionsOf(init, from);
    const method = init.method === undefined ? (from?.method ?? 'GET') : checkedMethod(init.method);
    const signal = init.signal === undefined ? (from?.signal ?? null) : checkedSignal(init.signal);
    checkedOther(init, method, options);
    const headers = filledHeaders(init.headers === undefined ? from?.headers : init.headers, options.mode);
    const { body, type } = requestBody(init, before, method);
    giveBody(this, body);
    if (type !== null && !headers.has('content-type')) headers.append('content-type', type);
    states.set(this, { url, blob, method, headers, options, signal: followed(signal), ...shownOnly(init, from) });
  }

  get url(): string {
    return of(this).url;
  }
  get method(): string {
    return of(this).method;
  }
  get headers(): Headers {
    return of(this).headers;
  }
  get signal(): AbortSignal {
    return of(this).signal;
  }
  get mode(): string {
    return of(this).options.mode;
  }
  get credentials(): string {
    return of(this).options.credentials;
  }
  get cache(): string {
    return of(this).options.cache;
  }
  get redirect(): string {
    return of(this).options.redirect;
  }
  get referrerPolicy(): string {
    return of(this).options.referrerPolicy;
  }
  get duplex(): string {
    of(this);
    return 'half';
  }
  get destination(): string {
    of(this);
    return '';
  }
  get referrer(): string {
    return of(this).referrer;
  }
  get integrity(): string {
    return of(this).integrity;
  }
  get keepalive(): boolean {
    return of(this).keepalive;
  }
  get isReloadNavigation(): boolean {
    of(this);
    return false;
  }
  get isHistoryNavigation(): boolean {
    of(this);
    return false;
  }

  clone(): Request {
    const state = of(this);
    if (isUnusable(bodyState(this))) throw new TypeError('the body was read already, or is locked');
    const copy = cloneBody(bodyState(this));
    const made = new Request(state.url, { signal: state.signal });
    const guard = state.options.mode === 'no-cors' ? 'request-no-cors' : 'request';
    states.set(made, { ...state, headers: guardHeaders(new Headers(state.headers), guard), signal: made.signal });
    Object.assign(bodyState(made), copy);
    return made;
  }
}

mixBodyInto(Request.prototype);

export function blobOf(request: Request): Blob | null {
  return of(request).blob;
}

function filledHeaders(given: unknown, mode: string): Headers {
  const headers = guardHeaders(new Headers(), mode === 'no-cors' ? 'request-no-cors' : 'request');
  if (given !== undefined) for (const [name, value] of new Headers(given)) headers.append(name, value);
  return headers;
}

/** Members that change nothing here, kept as they were given. */
function shownOnly({ referrer, integrity, keepalive }: Partial<RequestInit>, from: RequestState | null) {
  return {
    referrer: referrer === undefined ? (from?.referrer ?? 'about:client') : checkedReferrer(referrer),
    integrity: integrity === undefined ? (from?.integrity ?? '') : String(integrity),
    keepalive: keepalive === undefined ? (from?.keepalive ?? false) : Boolean(keepalive),
  };
}

function checkedUrl(input: unknown): string {
  const url = resolvedUrl(input);
  if (url.username || url.password) throw new TypeError('a URL with credentials is not taken');
  return url.href;
}

function checkedMethod(method: unknown): string {
  const text = String(method);
  if (!TOKEN.test(text)) throw new TypeError('the method is not valid');
  if (/^(?:connect|trace|track)$/i.test(text)) throw new TypeError('this method is never sent');
  return KNOWN.test(text) ? text.toUpperCase() : text;
}

function checkedSignal(signal: unknown): AbortSignal | null {
  if (signal === null) return null;
  if (!isSignal(signal)) throw new TypeError('the signal is no AbortSignal');
  return signal;
}

function checkedReferrer(referrer: unknown): string {
  const text = String(referrer);
  if (text === '' || text === 'about:client') return text === '' ? '' : 'about:client';
  const { location } = globalThis as { location?: { origin?: unknown } };
  const { href, origin } = resolvedUrl(text);
  return location?.origin === origin ? href : 'about:client';
}

/** What is only looked at to be refused. */
function checkedOther(init: Partial<RequestInit>, method: string, options: Readonly<Record<Option, string>>): void {
  if ('window' in init && init['window'] !== null && init['window'] !== undefined)
    throw new TypeError('`window` can only be null');
  if (init.duplex !== undefined && String(init.duplex) !== 'half') throw new TypeError('`duplex` can only be `half`');
  if (init['priority'] !== undefined && !/^(?:high|low|auto)$/.test(String(init['priority'])))
    throw new TypeError('the priority is not valid');
  if (options.cache === 'only-if-cached' && options.mode !== 'same-origin')
    throw new TypeError('`only-if-cached` goes with `same-origin` only');
  if (options.mode === 'no-cors' && !/^(?:GET|HEAD|POST)$/.test(method))
    throw new TypeError('this method does not go with `no-cors`');
}

interface MadeBody {
  readonly body: BodyState;
  readonly type: string | null;
}

function requestBody(init: Partial<RequestInit>, from: Request | null, method: string): MadeBody {
  const state = from && bodyState(from);
  const inherited = state !== null && (state.source !== null || state.stream !== null) ? state : null;
  const given = init.body !== undefined && init.body !== null;
  if ((given || inherited) && /^(?:GET|HEAD)$/.test(method)) throw new TypeError(`a ${method} request has no body`);
  if (!given) return { body: inherited ? takenBody(inherited) : noBody(), type: null };
  const extracted = extractBody(init.body);
  if (extracted.body.stream && init.duplex === undefined)
    throw new TypeError('a body that streams needs `duplex: "half"`');
  if (inherited) inherited.used = true;
  return extracted;
}

/** A signal of its own that aborts with the one given, and after it. */
function followed(signal: AbortSignal | null): AbortSignal {
  return AbortSignal.any(signal === null ? [] : [signal]);
}

function optionsOf(init: Partial<RequestInit>, from: RequestState | null): Readonly<Record<Option, string>> {
  const made = { ...DEFAULTS };
  for (const option of Object.keys(OPTIONS) as Option[]) {
    const value = init[option];
    made[option] = value === undefined ? (from?.options[option] ?? DEFAULTS[option]) : String(value);
    if (!(OPTIONS[option] as readonly string[]).includes(made[option]))
      throw new TypeError(`the ${option} is not valid`);
    if (option === 'mode' && made.mode === 'navigate') throw new TypeError('the mode is not valid');
  }
  return made;
}

/** `Response`. */

import { resolvedUrl } from './base-url.ts';
import {
  type BodyState,
  bodyState,
  cloneBody,
  extractBody,
  giveBody,
  isUnusable,
  mixBodyInto,
  noBody,
} from './body.ts';
import { dictionary } from './event.ts';
import { guardHeaders, type HeaderGuard, Headers } from './headers.ts';

interface ResponseInit {
  readonly status?: unknown;
  readonly statusText?: unknown;
  readonly headers?: unknown;
}

interface ResponseState {
  readonly type: string;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: Headers;
  readonly guard: HeaderGuard;
}

const NO_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const states = new WeakMap<Response, ResponseState>();
const of = (response: Response): ResponseState => {
  const state = states.get(response);
  if (!state) throw new TypeError('the value is no Response');
  return state;
};

export class Response {
  constructor(body: unknown = null, init?: ResponseInit | null) {
    const given = dictionary(init);
    const { status, statusText } = checkedInit(given);
    const headers = filled(given.headers);
    const extracted = extractBody(body);
    if (body !== null && body !== undefined && NO_BODY.has(status)) throw new TypeError('this status has no body');
    giveBody(this, extracted.body);
    if (extracted.type !== null && !headers.has('content-type')) headers.set('content-type', extracted.type);
    states.set(this, { type: 'default', status, statusText, url: '', redirected: false, headers, guard: 'response' });
  }

  static error(): Response {
    return madeResponse({ type: 'error', status: 0, guard: 'immutable' }, noBody());
  }

  static json(value: unknown, init?: ResponseInit | null): Response {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError('the value is no JSON');
    const given = dictionary(init);
    const { status, statusText } = checkedInit(given);
    if (NO_BODY.has(status)) throw new TypeError('this status has no body');
    const headers = filled(given.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(text, { status, statusText, headers });
  }

  static redirect(url: unknown, status: unknown = 302): Response {
    const to = resolvedUrl(url).href;
    if (!REDIRECTS.has(Number(status))) throw new RangeError('this status is no redirect');
    const headers = new Headers({ location: to });
    return madeResponse({ status: Number(status), headers, guard: 'immutable' }, noBody());
  }

  get type(): string {
    return of(this).type;
  }
  get url(): string {
    return of(this).url;
  }
  get redirected(): boolean {
    return of(this).redirected;
  }
  get status(): number {
    return of(this).status;
  }
  get ok(): boolean {
    return of(this).status >= 200 && of(this).status < 300;
  }
  get statusText(): string {
    return of(this).statusText;
  }
  get headers(): Headers {
    return of(this).headers;
  }

  clone(): Response {
    if (isUnusable(bodyState(this))) throw new TypeError('the body was read already, or is locked');
    const headers = new Headers(this.headers);
    return madeResponse({ ...of(this), headers }, cloneBody(bodyState(this)));
  }
}

mixBodyInto(Response.prototype);

export function isResponse(value: unknown): value is Response {
  return typeof value === 'object' && value !== null && states.has(value as Response);
}

/** A response as `fetch` gives it. */
export function madeResponse(state: Partial<ResponseState>, body: BodyState): Response {
  const made = new Response();
  Object.assign(bodyState(made), body);
  const plain = {
    type: 'default',
    status: 200,
    statusText: '',
    url: '',
    redirected: false,
    guard: 'response',
  } as const;
  const headers = state.headers ?? new Headers();
  states.set(made, { ...plain, ...state, headers: guardHeaders(headers, state.guard ?? 'response') });
  return made;
}

function filled(init: unknown): Headers {
  const headers = guardHeaders(new Headers(), 'response');
  if (init !== undefined) for (const [name, value] of new Headers(init)) headers.append(name, value);
  return headers;
}

function checkedInit({ status = 200, statusText = '' }: Partial<ResponseInit>): { status: number; statusText: string } {
  const code = Math.trunc(Number(status)) & 0xffff;
  if (code < 200 || code > 599) throw new RangeError('the status is from 200 to 599');
  const text = String(statusText);
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new TypeError('the status text is not valid');
  return { status: code, statusText: text };
}

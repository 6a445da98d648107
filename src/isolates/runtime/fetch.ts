/**
 * `fetch`: through the supervisor into the egress gate. Bodies stream both ways. A denial is a `TypeError`, as any
 * failure of fetch, and carries `code`, `decision`, `status` and `would_allow`.
 */

import { type ReadableStream, ReadableStreamDefaultReader } from 'web-streams-polyfill';
import { type AbortSignal, onAbort } from './abort.ts';
import { callNetwork } from './bindings.ts';
import { bytesStream } from './blob.ts';
import { bodyState, noBody, wholeBody } from './body.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { decodedBody } from './content-coding.ts';
import { download, drop } from './download.ts';
import { enter, leave } from './exchanges.ts';
import { Headers, headerPairs } from './headers.ts';
import { fitsIntegrity } from './integrity.ts';
import { LIMIT_CHUNK, LIMIT_INLINE, USER_AGENT } from './limits.ts';
import { fetchLocally } from './local-fetch.ts';
import { Request, type RequestInit } from './request.ts';
import { madeResponse, type Response } from './response.ts';
import { URL, withoutFragment } from './url.ts';

const MAX_REDIRECTS = 20;
const NO_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
let last = 0;

interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  /** A body that can be sent again. */
  readonly bytes: Uint8Array | null;
  /** One that cannot. */
  readonly stream: ReadableStream | null;
}

interface Opened {
  readonly id: number;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
}

export async function fetch(...args: [unknown?, RequestInit?]): Promise<Response> {
  const request = new Request(...args);
  const { signal } = request;
  if (signal.aborted) {
    const { stream } = bodyState(request);
    if (stream && !stream.locked) stream.cancel(signal.reason).catch(() => undefined);
    throw signal.reason;
  }
  if (request.cache === 'only-if-cached') throw new TypeError('nothing is cached here');
  if (!/^https?:/.test(request.url)) return verified(fetchLocally(request), request);
  let hop = firstHop(request);
  for (let hops = 0; ; hops += 1) {
    const opened = await open(hop, request.signal);
    const location = opened.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
    if (!REDIRECTS.has(opened.status) || location === undefined || request.redirect === 'manual') {
      return verified(responseOf(opened, { request, url: hop.url, redirected: hops > 0 }), request);
    }
    drop(opened.id);
    if (request.redirect === 'error') throw new TypeError('the answer is a redirect');
    if (hops >= MAX_REDIRECTS) throw new TypeError('too many redirects');
    hop = nextHop(hop, opened.status, location);
  }
}

/** What every request says of itself, unless it says otherwise (Fetch, sections 4.1 and 4.6). */
const USUAL = [
  ['accept', '*/*'],
  ['accept-language', '*'],
  ['user-agent', USER_AGENT],
] as const;

const CONDITIONS = ['if-modified-since', 'if-none-match', 'if-unmodified-since', 'if-match', 'if-range'];

/** What the modes of a cache say to those on the way (Fetch, section 4.6); there is none here. */
function cacheFields({ cache, headers }: Request): readonly (readonly [string, string])[] {
  if (cache === 'no-cache') return [['cache-control', 'max-age=0']];
  const past = cache === 'no-store' || cache === 'reload';
  if (!past && !(cache === 'default' && CONDITIONS.some((name) => headers.has(name)))) return [];
  return [
    ['pragma', 'no-cache'],
    ['cache-control', 'no-cache'],
  ];
}

function firstHop(request: Request): Hop {
  const { source: bytes, stream } = bodyState(request);
  const { url, method, headers } = request;
  if (bytes || stream) bodyState(request).used = true;
  const more = [...USUAL, ...cacheFields(request)].filter(([name]) => !headers.has(name));
  return { url, method, headers: [...headerPairs(headers), ...more], bytes, stream };
}

/** With `integrity`, the whole body is there before anybody sees the response, and is what was asked for. */
async function verified(response: Response, request: Request): Promise<Response> {
  if (request.integrity === '') return response;
  const state = bodyState(response);
  const { bytes } = await wholeBody(state);
  if (bytes === null || !fitsIntegrity(bytes, request.integrity))
    throw new TypeError('the response is not what `integrity` says');
  Object.assign(state, { ...noBody(), source: bytes });
  return response;
}

/** As the Fetch standard rewrites a request on its way (section 4.4). */
function nextHop(hop: Hop, status: number, location: string): Hop {
  const to = URL.parse(location, hop.url);
  if (!to || !/^https?:$/.test(to.protocol)) throw new TypeError('the redirect leads nowhere');
  if (hop.stream && status !== 303) throw new TypeError('a body that streams cannot be sent again');
  const other = new URL(hop.url).origin !== to.origin;
  const bare =
    status === 303 ? !/^(?:GET|HEAD)$/.test(hop.method) : (status === 301 || status === 302) && hop.method === 'POST';
  const dropped = (name: string) =>
    (bare && /^content-/i.test(name)) || (other && /^(?:authorization|cookie|proxy-authorization)$/i.test(name));
  const headers = hop.headers.filter(([name]) => !dropped(name));
  const rest = bare
    ? { method: 'GET', bytes: null, stream: null }
    : { method: hop.method, bytes: hop.bytes, stream: null };
  return { url: to.href, headers, ...rest };
}

async function open(hop: Hop, signal: AbortSignal): Promise<Opened> {
  last += 1;
  const id = last;
  const { url, method, headers } = hop;
  const bytes = hop.bytes && hop.bytes.length <= LIMIT_INLINE ? hop.bytes : null;
  const stream = hop.stream ?? (hop.bytes && !bytes ? bytesStream(hop.bytes) : null);
  const body = stream ? 'stream' : bytes ? 'bytes' : 'none';
  const stop = Promise.withResolvers<never>();
  stop.promise.catch(() => undefined);
  const forget = onAbort(signal, () => {
    drop(id);
    stop.reject(signal.reason);
  });
  try {
    const turn = enter(id);
    if (turn !== null) await Promise.race([turn, stop.promise]);
    const order = { id, url: withoutFragment(url), method, headers, body };
    const asked = callNetwork('fetch', order, bytes ? ownBuffer(bytes) : undefined);
    const sending = stream ? send(id, stream, signal) : null;
    sending?.catch((error: unknown) => {
      drop(id);
      stop.reject(error);
    });
    const answer = (await Promise.race([asked, stop.promise])).value as Omit<Opened, 'id'>;
    return { id, status: answer.status, statusText: answer.statusText, headers: answer.headers };
  } catch (error) {
    forget();
    leave(id);
    throw error;
  }
}

async function send(id: number, stream: ReadableStream, signal: AbortSignal): Promise<void> {
  const reader = new ReadableStreamDefaultReader(stream);
  // Whoever fills it hears of it at once, also while nothing is read (Fetch, "abort the fetch() call").
  const forget = onAbort(signal, () => void reader.cancel(signal.reason).catch(() => undefined));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        const error = new TypeError('a body is made of bytes');
        reader.cancel(error).catch(() => undefined);
        throw error;
      }
      if (!(await written(id, bytesOf(value), reader))) return;
    }
  } finally {
    forget();
  }
  await callNetwork('fetch.end', { id });
}

/** False where the origin answered without taking the rest. */
async function written(id: number, bytes: Uint8Array, reader: ReadableStreamDefaultReader): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length; at += LIMIT_CHUNK) {
      await callNetwork('fetch.write', { id }, ownBuffer(bytes.subarray(at, at + LIMIT_CHUNK)));
    }
    return true;
  } catch (error) {
    await reader.cancel(error);
    return false;
  }
}

interface Whence {
  readonly request: Request;
  readonly url: string;
  readonly redirected: boolean;
}

function responseOf(opened: Opened, { request, url, redirected }: Whence): Response {
  const { id, status, statusText, headers: pairs } = opened;
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  const bare = NO_BODY.has(status) || request.method === 'HEAD';
  if (bare) drop(id);
  const coding = headers.get('content-encoding');
  const stream = bare ? null : decodedBody(download(id, request.signal), coding);
  const body = { ...noBody(), stream };
  return madeResponse(
    { type: 'basic', status, statusText, url: withoutFragment(url), redirected, headers, guard: 'immutable' },
    body,
  );
}

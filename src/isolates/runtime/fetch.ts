/**
 * `fetch`: through the supervisor into the egress gate. Bodies stream both ways. A denial is a `TypeError`, as any
 * failure of fetch, and carries `code`, `decision`, `status` and `would_allow`.
 */

import { type ReadableStream, ReadableStreamDefaultReader } from 'web-streams-polyfill';
import { type AbortSignal, onAbort } from './abort.ts';
import { callNetwork } from './bindings.ts';
import { bodyState, noBody, streamOfBody } from './body.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { readDataUrl } from './data-url.ts';
import { Headers, headerPairs } from './headers.ts';
import { LIMIT_CHUNK, LIMIT_INLINE } from './limits.ts';
import { Request, type RequestInit } from './request.ts';
import { madeResponse, type Response } from './response.ts';
import { byteStream } from './stream-state.ts';
import { URL } from './url.ts';

const MAX_REDIRECTS = 20;
const NO_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
let last = 0;

interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly bytes: Uint8Array | null;
  readonly stream: ReadableStream | null;
}

interface Opened {
  readonly id: number;
  readonly status: number;
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
  if (!/^https?:/.test(request.url)) return withoutNetwork(request);
  let hop = firstHop(request);
  for (let hops = 0; ; hops += 1) {
    const opened = await open(hop, request.signal);
    const location = opened.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
    if (!REDIRECTS.has(opened.status) || location === undefined || request.redirect === 'manual') {
      return responseOf(opened, { request, url: hop.url, redirected: hops > 0 });
    }
    drop(opened.id);
    if (request.redirect === 'error') throw new TypeError('the answer is a redirect');
    if (hops >= MAX_REDIRECTS) throw new TypeError('too many redirects');
    hop = nextHop(hop, opened.status, location);
  }
}

/** Only a `data:` URL can be read where nothing is asked; all else is a network error. */
function withoutNetwork(request: Request): Response {
  const href = withoutFragment(request.url);
  const read = href.startsWith('data:') ? readDataUrl(href) : null;
  if (!read) throw new TypeError('the URL cannot be fetched');
  const headers = new Headers([['content-type', read.type]]);
  const bytes = request.method === 'HEAD' ? new Uint8Array(0) : read.bytes;
  const state = { type: 'basic', status: 200, statusText: 'OK', url: href, headers, guard: 'immutable' } as const;
  return madeResponse(state, { ...noBody(), source: bytes });
}

function firstHop(request: Request): Hop {
  const state = bodyState(request);
  const large = state.source !== null && state.source.length > LIMIT_INLINE;
  const stream = large || state.stream ? streamOfBody(state) : null;
  const { url, method, headers } = request;
  if (state.source || stream) state.used = true;
  return { url, method, headers: headerPairs(headers), bytes: state.source, stream };
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
  const { url, method, headers, bytes, stream } = hop;
  const body = stream ? 'stream' : bytes ? 'bytes' : 'none';
  const stop = Promise.withResolvers<never>();
  stop.promise.catch(() => undefined);
  const forget = onAbort(signal, () => {
    drop(id);
    stop.reject(signal.reason);
  });
  const asked = callNetwork(
    'fetch',
    { id, url: withoutFragment(url), method, headers, body },
    bytes ? ownBuffer(bytes) : undefined,
  );
  try {
    const sending = stream ? send(id, stream, signal) : null;
    sending?.catch((error: unknown) => {
      drop(id);
      stop.reject(error);
    });
    const answer = (await Promise.race([asked, stop.promise])).value as Omit<Opened, 'id'>;
    return { id, status: answer.status, headers: answer.headers };
  } catch (error) {
    forget();
    throw error;
  }
}

function withoutFragment(url: string): string {
  const at = url.indexOf('#');
  return at < 0 ? url : url.slice(0, at);
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
      if (!(value instanceof Uint8Array)) throw new TypeError('a body is made of bytes');
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

function drop(id: number): void {
  callNetwork('fetch.abort', { id }).catch(() => undefined);
}

interface Whence {
  readonly request: Request;
  readonly url: string;
  readonly redirected: boolean;
}

function responseOf({ id, status, headers: pairs }: Opened, { request, url, redirected }: Whence): Response {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  const bare = NO_BODY.has(status) || request.method === 'HEAD';
  if (bare) drop(id);
  const body = bare ? noBody() : { stream: download(id, request.signal), source: null, used: false };
  return madeResponse(
    { type: 'basic', status, url: withoutFragment(url), redirected, headers, guard: 'immutable' },
    body,
  );
}

function download(id: number, signal: AbortSignal): ReadableStream<Uint8Array> {
  return byteStream({
    start: (controller) => {
      onAbort(signal, () => controller.error(signal.reason));
    },
    pull: async (controller) => {
      const { value, bytes } = await callNetwork('fetch.read', { id });
      if (!(value as { done: boolean }).done) {
        if (bytes && bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes));
        return;
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: () => drop(id),
  });
}

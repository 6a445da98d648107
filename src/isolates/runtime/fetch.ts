/**
 * `fetch`: through the supervisor into the egress gate. Bodies stream both ways. A denial is a `TypeError`, as any
 * failure of fetch, and carries `code`, `decision`, `status` and `would_allow`.
 */

import {
  type ReadableByteStreamController,
  type ReadableStream,
  ReadableStreamDefaultReader,
} from 'web-streams-polyfill';
import { type AbortSignal, onAbort } from './abort.ts';
import { callNetwork } from './bindings.ts';
import { bytesStream } from './blob.ts';
import { bodyState, noBody, wholeBody } from './body.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';
import { DecompressionStream } from './compression-streams.ts';
import { readDataUrl } from './data-url.ts';
import { Headers, headerPairs } from './headers.ts';
import { fitsIntegrity } from './integrity.ts';
import { LIMIT_CHUNK, LIMIT_INLINE, USER_AGENT } from './limits.ts';
import { Request, type RequestInit } from './request.ts';
import { madeResponse, type Response } from './response.ts';
import { byteStream, passedOn } from './stream-state.ts';
import { URL } from './url.ts';

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
  if (!/^https?:/.test(request.url)) return verified(withoutNetwork(request), request);
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

/** What every request says of itself, unless it says otherwise (Fetch, sections 4.1 and 4.6). */
const USUAL = [
  ['accept', '*/*'],
  ['accept-language', '*'],
  ['user-agent', USER_AGENT],
] as const;

function firstHop(request: Request): Hop {
  const { source: bytes, stream } = bodyState(request);
  const { url, method, headers } = request;
  if (bytes || stream) bodyState(request).used = true;
  const usual = USUAL.filter(([name]) => !headers.has(name));
  return { url, method, headers: [...headerPairs(headers), ...usual], bytes, stream };
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
    return { id, status: answer.status, statusText: answer.statusText, headers: answer.headers };
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

function drop(id: number): void {
  callNetwork('fetch.abort', { id }).catch(() => undefined);
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
  const stream = bare ? null : decoded(download(id, request.signal), coding);
  const body = { ...noBody(), stream };
  return madeResponse(
    { type: 'basic', status, statusText, url: withoutFragment(url), redirected, headers, guard: 'immutable' },
    body,
  );
}

const CODINGS = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
]);

/** No coding is asked for, and some origins use one all the same (Fetch, "handle content codings"). */
function decoded(stream: ReadableStream, coding: string | null): ReadableStream {
  const format = coding === null ? undefined : CODINGS.get(coding.trim().toLowerCase());
  return format === undefined ? stream : passedOn(stream, new DecompressionStream(format));
}

/** Once it is read, the next piece is asked for ahead: its end, or why it broke off, is known without another read. */
function download(id: number, signal: AbortSignal): ReadableStream<Uint8Array> {
  let ahead: Promise<Piece> | null = null;
  return byteStream({
    start: (controller) => {
      onAbort(signal, () => controller.error(signal.reason));
    },
    pull: async (controller) => {
      const { bytes } = await (ahead ?? piece(id, controller));
      ahead = null;
      if (bytes === null) return;
      controller.enqueue(bytes);
      ahead = piece(id, controller);
    },
    cancel: () => drop(id),
  });
}

interface Piece {
  /** Null: the stream was told that it is over. */
  readonly bytes: Uint8Array | null;
}

/** INVARIANT: does not reject. */
async function piece(id: number, controller: ReadableByteStreamController): Promise<Piece> {
  try {
    for (;;) {
      const { value, bytes } = await callNetwork('fetch.read', { id });
      if ((value as { done: boolean }).done) break;
      if (bytes && bytes.byteLength > 0) return { bytes: new Uint8Array(bytes) };
    }
    controller.close();
    controller.byobRequest?.respond(0);
  } catch (error) {
    controller.error(error);
  }
  return { bytes: null };
}

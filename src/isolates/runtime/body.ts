/** Bodies of requests and responses: what they are made of, and the ways to read one, once. */

import type { ReadableStream } from 'web-streams-polyfill';
import { Blob, blobBytes, bytesStream, isBlob } from './blob.ts';
import { bridge, jsonValue } from './bridge.ts';
import { bytesOf, isBufferSource, joinBytes, ownBuffer } from './buffer-source.ts';
import { FormData } from './form-data.ts';
import type { Headers } from './headers.ts';
import { headerMime, mimeText } from './mime.ts';
import { decodeMultipart, encodeMultipart } from './multipart.ts';
import {
  byteStream,
  chunkStream,
  failureOf,
  isByteStream,
  isDisturbed,
  isStream,
  passedOn,
  pipe,
} from './stream-state.ts';
import { structuredClone } from './structured-clone.ts';
import { textOfStream } from './text-streams.ts';
import { decodeFormBytes, URLSearchParams } from './url-search-params.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

export interface BodyState {
  /** Null: no body. Made when first looked at. */
  stream: ReadableStream | null;
  /** The bytes themselves, while nobody asked for a stream. */
  source: Uint8Array | null;
  used: boolean;
}

export interface ExtractedBody {
  readonly body: BodyState;
  /** `content-type` that goes with it when none is given. */
  readonly type: string | null;
}

const bodies = new WeakMap<object, BodyState>();

export function noBody(): BodyState {
  return { stream: null, source: null, used: false };
}

export function extractBody(value: unknown): ExtractedBody {
  if (value === null || value === undefined) return { body: noBody(), type: null };
  if (isStream(value)) {
    if (isDisturbed(value) || value.locked) throw new TypeError('the stream was read or is locked');
    return { body: { stream: value, source: null, used: false }, type: null };
  }
  const { bytes, type } = bytesOfBody(value);
  return { body: { stream: null, source: bytes, used: false }, type };
}

function bytesOfBody(value: unknown): { readonly bytes: Uint8Array; readonly type: string | null } {
  if (isBlob(value)) return { bytes: blobBytes(value), type: value.type || null };
  if (isBufferSource(value)) return { bytes: bytesOf(value).slice(), type: null };
  if (value instanceof FormData) {
    const boundary = `----formdata-${hex(new Uint8Array(bridge.current.serve('random', 16) as ArrayBuffer))}`;
    return { bytes: encodeMultipart(value, boundary), type: `multipart/form-data; boundary=${boundary}` };
  }
  if (value instanceof URLSearchParams) {
    return { bytes: encodeUtf8(value.toString()), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  }
  return { bytes: encodeUtf8(String(value).toWellFormed()), type: 'text/plain;charset=UTF-8' };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}

export function bodyState(of: object): BodyState {
  const state = bodies.get(of);
  if (!state) throw new TypeError('the value has no body');
  return state;
}

export function streamOfBody(state: BodyState): ReadableStream | null {
  if (!state.stream && state.source) {
    state.stream = state.used ? spentStream() : bytesStream(state.source);
    state.source = null;
  }
  return state.stream;
}

/** What the stream of a body is once the body was read whole: closed, and locked for ever. */
function spentStream(): ReadableStream {
  const made = byteStream({ start: (controller) => controller.close() });
  made.getReader();
  return made;
}

function isUsed(state: BodyState): boolean {
  return state.used || (state.stream !== null && isDisturbed(state.stream));
}

export function isUnusable(state: BodyState): boolean {
  return isUsed(state) || (state.stream?.locked ?? false);
}

/** A second body of the same bytes; the first keeps its own. */
export function cloneBody(state: BodyState): BodyState {
  if (state.source) return { stream: null, source: state.source, used: false };
  if (!state.stream) return noBody();
  const [mine, other] = state.stream.tee();
  state.stream = mine;
  return { stream: copying(other), source: null, used: false };
}

/** The same body for another: what there was of it is used up. */
export function takenBody(state: BodyState): BodyState {
  if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
  const { source, stream } = state;
  state.used = true;
  if (source) return { stream: null, source, used: false };
  return { stream: stream && passedOn(stream), source: null, used: false };
}

/** Fetch, "clone a body", tees so that the copy's chunks are clones: neither side can change the other's. */
function copying(stream: ReadableStream): ReadableStream {
  if (isByteStream(stream)) return stream;
  const reader = stream.getReader();
  return chunkStream({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(structuredClone(value));
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

export function giveBody(to: object, state: BodyState): void {
  bodies.set(to, state);
}

/** What `Request` and `Response` share; a mixin, so that each has all of it itself (Fetch, section 5.3). */
class Body {
  get body(): ReadableStream | null {
    return streamOfBody(bodyState(this));
  }

  get bodyUsed(): boolean {
    return isUsed(bodyState(this));
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return consumed(this, (bytes) => ownBuffer(bytes));
  }

  bytes(): Promise<Uint8Array> {
    return consumed(this, (bytes) => bytes.slice());
  }

  blob(): Promise<Blob> {
    return consumed(this, (bytes) => {
      const mime = headerMime(typeOf(this));
      return new Blob([bytes], { type: mime ? mimeText(mime) : '' });
    });
  }

  text(): Promise<string> {
    return consumed(this, decodeUtf8);
  }

  json(): Promise<unknown> {
    return consumed(this, (bytes) => jsonValue(decodeUtf8(bytes)) as unknown);
  }

  formData(): Promise<FormData> {
    return consumed(this, (bytes) => formOf(bytes, typeOf(this)));
  }

  textStream(): ReadableStream<string> {
    const state = bodyState(this);
    if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
    return textOfStream(streamOfBody(state) ?? bytesStream(new Uint8Array(0)));
  }
}

export function mixBodyInto(prototype: object): void {
  const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(Body.prototype);
  Object.defineProperties(prototype, members);
}

function formOf(bytes: Uint8Array, type: string | null): FormData {
  const mime = headerMime(type);
  if (mime?.essence === 'application/x-www-form-urlencoded') {
    const form = new FormData();
    for (const [name, value] of decodeFormBytes(bytes)) form.append(name, value);
    return form;
  }
  const boundary = mime?.essence === 'multipart/form-data' ? mime.parameters.get('boundary') : undefined;
  if (boundary === undefined) throw new TypeError('the body is no form');
  return decodeMultipart(bytes, boundary);
}

function typeOf(of: object): string | null {
  return (of as { headers?: Headers }).headers?.get('content-type') ?? null;
}

/**
 * The whole body, converted. The bytes are handed on by calls, and streams are read by a pipe: a promise that resolved
 * to them would meet a `then` that tool code put on `Object.prototype`.
 */
async function consumed<T>(of: object, convert: (bytes: Uint8Array) => T): Promise<T> {
  const state = bodyState(of);
  const failed = state.stream && !state.stream.locked ? failureOf(state.stream) : null;
  if (failed) {
    // At once, and each time: what was aborted says so.
    state.used = true;
    throw failed.error;
  }
  if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
  if (state.source) {
    state.used = true;
    return convert(state.source);
  }
  const { bytes } = await wholeBody(state);
  return convert(bytes ?? new Uint8Array(0));
}

/** Null bytes: there is no body. */
export async function wholeBody({ source, stream }: BodyState): Promise<{ readonly bytes: Uint8Array | null }> {
  const pieces: Uint8Array[] = [];
  if (stream) await drain(stream, pieces);
  const bytes = stream ? joinBytes(pieces) : source;
  return { __proto__: null, bytes } as { readonly bytes: Uint8Array | null };
}

async function drain(stream: ReadableStream, into: Uint8Array[]): Promise<undefined> {
  const write = (chunk: unknown) => {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is made of bytes');
    into.push(chunk.slice());
  };
  try {
    await pipe(stream, write);
  } finally {
    if (!stream.locked) stream.getReader();
  }
  return undefined;
}

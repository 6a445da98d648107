/** Bodies of requests and responses: what they are made of, and the ways to read one, once. */

import type { ReadableStream } from 'web-streams-polyfill';
import { Blob, blobBytes, bytesStream, isBlob } from './blob.ts';
import { bridge } from './bridge.ts';
import { bytesOf, isBufferSource, joinBytes, ownBuffer } from './buffer-source.ts';
import { decodeMultipart, encodeMultipart, FormData } from './form-data.ts';
import type { Headers } from './headers.ts';
import { isDisturbed, isStream } from './stream-state.ts';
import { decodeForm, URLSearchParams } from './url-search-params.ts';
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
    state.stream = bytesStream(state.source);
    state.source = null;
  }
  return state.stream;
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
  return { stream: other, source: null, used: false };
}

/** What `Request` and `Response` share. */
export class Body {
  constructor(state: BodyState) {
    bodies.set(this, state);
  }

  get body(): ReadableStream | null {
    return streamOfBody(bodyState(this));
  }

  get bodyUsed(): boolean {
    return isUsed(bodyState(this));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return ownBuffer(await allBytes(this));
  }

  async bytes(): Promise<Uint8Array> {
    return (await allBytes(this)).slice();
  }

  async blob(): Promise<Blob> {
    return new Blob([await allBytes(this)], { type: typeOf(this) });
  }

  async text(): Promise<string> {
    return decodeUtf8(await allBytes(this));
  }

  async json(): Promise<unknown> {
    return JSON.parse(decodeUtf8(await allBytes(this))) as unknown;
  }

  async formData(): Promise<FormData> {
    const type = typeOf(this);
    const bytes = await allBytes(this);
    if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
      const form = new FormData();
      for (const [name, value] of decodeForm(decodeUtf8(bytes))) form.append(name, value);
      return form;
    }
    const boundary = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type);
    if (!boundary) throw new TypeError('the body is no form');
    return decodeMultipart(bytes, (boundary[1] ?? boundary[2]) as string);
  }
}

function typeOf(of: object): string {
  return (of as { headers?: Headers }).headers?.get('content-type') ?? '';
}

async function allBytes(of: object): Promise<Uint8Array> {
  const state = bodyState(of);
  if (isUnusable(state)) throw new TypeError('the body was read already, or is locked');
  if (state.source) {
    state.used = true;
    return state.source;
  }
  if (!state.stream) return new Uint8Array(0);
  state.used = true;
  const pieces: Uint8Array[] = [];
  for await (const chunk of state.stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is made of bytes');
    pieces.push(chunk);
  }
  return joinBytes(pieces);
}

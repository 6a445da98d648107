/** Streams as other specifications make and see them, beyond what the Streams standard shows to code. */

import {
  ReadableByteStreamController,
  ReadableStream,
  TransformStream,
  type UnderlyingByteSource,
  type UnderlyingSource,
  WritableStream,
} from 'web-streams-polyfill';

/** The library's own slots; a test fails when they are called otherwise. */
interface Slots {
  readonly _disturbed: boolean;
  readonly _state: 'readable' | 'closed' | 'errored';
  readonly _storedError: unknown;
  readonly _readableStreamController: unknown;
}

export function isStream(value: unknown): value is ReadableStream {
  return value instanceof ReadableStream;
}

/** Whether it was ever read or cancelled. */
export function isDisturbed(stream: ReadableStream): boolean {
  return (stream as unknown as Slots)._disturbed;
}

/** Why nothing more can be read of it; null while something may come, or when it ended well. */
export function failureOf(stream: ReadableStream): { readonly error: unknown } | null {
  const { _state, _storedError } = stream as unknown as Slots;
  return _state === 'errored' ? { error: _storedError } : null;
}

export function isByteStream(stream: ReadableStream): boolean {
  return (stream as unknown as Slots)._readableStreamController instanceof ReadableByteStreamController;
}

/** Without what tool code may have put on `Object.prototype`. */
function bare<Members extends object>(members: Members): Members {
  return { __proto__: null, ...members };
}

/** A stream of bytes of our own. */
export function byteStream(source: Omit<UnderlyingByteSource, 'type'>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(bare({ ...source, type: 'bytes' as const }), bare({ highWaterMark: 0 }));
}

/** A stream of our own, which asks for nothing ahead. */
export function chunkStream(source: UnderlyingSource): ReadableStream {
  return new ReadableStream(bare(source), bare({ highWaterMark: 0 }));
}

/** All chunks, one by one, to who takes them. */
export function pipe(stream: ReadableStream, write: (chunk: unknown) => void): Promise<void> {
  return stream.pipeTo(new WritableStream(bare({ write }), bare({ highWaterMark: 1 })), bare({}));
}

/** All that a stream has, through another one (Fetch, "create a proxy"): what cancels that cancels it. */
export function passedOn(stream: ReadableStream, through: Passage = identity()): ReadableStream {
  return stream.pipeThrough(through, bare({}));
}

type Passage = Pick<TransformStream, 'readable' | 'writable'>;

function identity(): Passage {
  return new TransformStream(bare({}), bare({ highWaterMark: 1 }), bare({ highWaterMark: 0 }));
}

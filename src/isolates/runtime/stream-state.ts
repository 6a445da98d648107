/** Streams as other specifications make and see them, beyond what the Streams standard shows to code. */

import {
  ReadableByteStreamController,
  ReadableStream,
  type UnderlyingByteSource,
  type UnderlyingSource,
  WritableStream,
} from 'web-streams-polyfill';

/** The library's own slots; a test fails when they are called otherwise. */
interface Slots {
  readonly _disturbed: boolean;
  readonly _readableStreamController: unknown;
}

export function isStream(value: unknown): value is ReadableStream {
  return value instanceof ReadableStream;
}

/** Whether it was ever read or cancelled. */
export function isDisturbed(stream: ReadableStream): boolean {
  return (stream as unknown as Slots)._disturbed;
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

/** What bodies must know of a stream that the Streams standard shows to specifications only. */

import { ReadableByteStreamController, ReadableStream } from 'web-streams-polyfill';

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

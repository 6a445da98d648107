/** Readers and their streams: which holds which. */

import { deferred } from './queue-strategies.ts';
import type { ReadableState, ReaderState } from './readable-state.ts';

const states = new WeakMap<object, ReadableState>();

export function setState(stream: object, state: ReadableState): void {
  states.set(stream, state);
}

export function stateOf(stream: unknown): ReadableState {
  const state = states.get(stream as object);
  if (!state) throw new TypeError('the value is no ReadableStream');
  return state;
}

export function lockReader(stream: ReadableState, kind: ReaderState['kind']): ReaderState {
  if (stream.reader) throw new TypeError('the stream is locked');
  if (kind === 'byob' && !stream.bytes) throw new TypeError('the stream is no byte stream');
  const reader: ReaderState = { kind, stream, closed: deferred(), requests: [] };
  stream.reader = reader;
  if (stream.state === 'closed') reader.closed.resolve(undefined);
  if (stream.state === 'errored') reader.closed.reject(stream.error);
  return reader;
}

export function releaseReader(reader: ReaderState): void {
  const { stream } = reader;
  if (!stream) return;
  const error = new TypeError('the reader was released');
  if (stream.state !== 'readable') reader.closed = deferred();
  reader.closed.reject(error);
  stream.controller.released();
  for (const request of reader.requests.splice(0)) request.error(error);
  stream.reader = null;
  reader.stream = null;
}

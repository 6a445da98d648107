/** What readable streams, their readers and their controllers know of each other. */

import type { Deferred } from './queue-strategies.ts';

export interface ReadRequest {
  chunk(value: unknown): void;
  close(): void;
  error(error: unknown): void;
}

export interface ReaderState {
  readonly kind: 'default' | 'byob';
  stream: ReadableState | null;
  closed: Deferred<undefined>;
  /** For a BYOB reader these live at the controller. */
  requests: ReadRequest[];
}

/** What a stream asks of its controller. */
export interface ReadableController {
  pull(request: ReadRequest): void;
  cancel(reason: unknown): Promise<unknown>;
  /** A reader left: what it still waited for does not wait any more. */
  released(): void;
}

export interface ReadableState {
  state: 'readable' | 'closed' | 'errored';
  error: unknown;
  disturbed: boolean;
  reader: ReaderState | null;
  controller: ReadableController;
  /** Set for byte streams only. */
  bytes: boolean;
}

export function closeStream(stream: ReadableState): void {
  if (stream.state !== 'readable') return;
  stream.state = 'closed';
  const { reader } = stream;
  if (!reader) return;
  reader.closed.resolve(undefined);
  if (reader.kind === 'default') for (const request of reader.requests.splice(0)) request.close();
}

export function errorStream(stream: ReadableState, error: unknown): void {
  if (stream.state !== 'readable') return;
  stream.state = 'errored';
  stream.error = error;
  const { reader } = stream;
  if (!reader) return;
  reader.closed.reject(error);
  for (const request of reader.requests.splice(0)) request.error(error);
}

export async function cancelStream(stream: ReadableState, reason: unknown): Promise<undefined> {
  stream.disturbed = true;
  if (stream.state === 'closed') return;
  if (stream.state === 'errored') throw stream.error;
  const { reader } = stream;
  closeStream(stream);
  if (reader?.kind === 'byob') for (const request of reader.requests.splice(0)) request.close();
  await stream.controller.cancel(reason);
}

/** One read of whoever holds the reader. */
export function readStream(stream: ReadableState, request: ReadRequest): void {
  stream.disturbed = true;
  if (stream.state === 'closed') request.close();
  else if (stream.state === 'errored') request.error(stream.error);
  else stream.controller.pull(request);
}

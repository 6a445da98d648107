/**
 * Streams of HTTP/2 that an origin resets without an error, or cancels, before it said that they end. Node ends their bodies as
 * if they were whole (nodejs `lib/internal/http2/core.js`, `onStreamClose`), and whoever reads them takes a part for the whole.
 * Here they fail. The streams belong to undici, which hands them to nobody: they are met where Node tells of each new one.
 */

import { subscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Stream } from 'node:http2';

let isWatching = false;

/** From now on, for every client stream of this thread. */
export function watchStreams(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('http2.client.stream.created', (message) =>
    watch((message as { readonly stream: ClientHttp2Stream }).stream),
  );
}

function watch(stream: ClientHttp2Stream): void {
  const { push } = stream;
  let hasEnded = false;
  // Who reads it may have left by then.
  stream.on('error', () => undefined);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk !== null) return push.call(stream, chunk, encoding);
    // An end that the other side said comes before the stream is closed; one that Node puts there itself comes after.
    if (!stream.closed) hasEnded = true;
    if (hasEnded) return push.call(stream, null);
    // Node is not done with it yet.
    process.nextTick(() => stream.destroy(new CutShort()));
    return false;
  };
}

class CutShort extends Error {
  readonly code = 'ERR_HTTP2_STREAM_CUT_SHORT';

  constructor() {
    super('the stream was reset before its end');
  }
}

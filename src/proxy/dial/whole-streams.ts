/**
 * Streams of HTTP/2 to origins, where Node or undici would leave them in a state that harms. They belong to undici, which hands
 * them to nobody: they are met where Node tells of each new one.
 *
 * One that an origin resets without an error, or cancels, before it said that it ends: Node ends its body as if it were whole
 * (nodejs `lib/internal/http2/core.js`, `onStreamClose`), and whoever reads it takes a part for the whole. Here it fails.
 *
 * One whose answer has ended while its request still goes up, or waits for a window: undici would send on, for an exchange that is
 * over. Here it is reset.
 *
 * One that undici gives up: it closes the stream without an error and destroys it. Where the request has ended and is not all out,
 * nghttp2 then makes empty frames for it without end, in one call that never returns: the thread stands still for good. Here it is
 * reset as cancelled, which waits for nothing.
 */

import { subscribe } from 'node:diagnostics_channel';
import { type ClientHttp2Stream, constants } from 'node:http2';

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
  const { push, close } = stream;
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
  stream.close = (code, told) => close.call(stream, code || constants.NGHTTP2_CANCEL, told);
  stream.once('end', () => process.nextTick(endUpload, stream));
}

/** In the turn after, when undici has taken the answer. */
function endUpload(stream: ClientHttp2Stream): void {
  if (!stream.writableFinished && !stream.closed) stream.close();
}

class CutShort extends Error {
  readonly code = 'ERR_HTTP2_STREAM_CUT_SHORT';

  constructor() {
    super('the stream was reset before its end');
  }
}

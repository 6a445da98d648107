/** Answers one HTTP/2 stream. */

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Refusal } from '../refusal.ts';
import type { FieldList, Reply } from './reply.ts';

export class H2Reply implements Reply {
  readonly #stream: ServerHttp2Stream;
  /** The client said that it reads trailers. */
  readonly #trailers: boolean;
  readonly #idleMs: number;
  #ended = false;

  constructor(stream: ServerHttp2Stream, trailers: boolean, idleMs: number) {
    this.#idleMs = idleMs;
    this.#stream = stream;
    this.#trailers = trailers;
  }

  get begun(): boolean {
    return this.#stream.headersSent;
  }

  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.aborted;
  }

  /** Frames of all streams wait in their session. */
  get queued(): number {
    return Number.POSITIVE_INFINITY;
  }

  head(status: number, fields: FieldList): void {
    if (this.gone) return;
    // A client that opens no window for so long does not get the rest (T-45).
    this.#stream.setTimeout(this.#idleMs, () => this.#stream.close(constants.NGHTTP2_CANCEL));
    // The end of the stream is said by `end` alone: `close` ends the writable side first, and where it does not wait for
    // trailers the client may see an end before the reset, and take a part for the whole.
    try {
      this.#stream.respond(h2Fields(status, fields), { waitForTrailers: true });
    } catch {
      // What an origin said in HTTP/1.1, such as the status 999, and HTTP/2 has no way to say.
      throw new Refusal('upstream_protocol', 'not_in_h2');
    }
  }

  write(chunk: Uint8Array): boolean {
    return this.gone || this.#stream.write(chunk);
  }

  onDrain(resume: () => void): void {
    this.#stream.on('drain', resume);
  }

  onGone(gone: () => void): void {
    if (this.gone) gone();
    this.#stream.once('close', () => {
      if (!this.#ended) gone();
    });
  }

  end(trailers: FieldList): void {
    this.#ended = true;
    const stream = this.#stream;
    if (this.gone) return;
    stream.once('wantTrailers', () => sendTrailers(stream, this.#trailers ? trailers : []));
    stopLater(stream);
    stream.end();
  }

  destroy(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/**
 * Who has its whole answer and still sends its request is told to stop (RFC 9113 section 8.1): nobody reads it, and it would wait
 * for a window that never opens. After a while, in which the rest of a small one comes.
 *
 * What came and was not read is let go: it would keep the stream, and with it a session that its client has closed long ago.
 */
export function stopLater(stream: ServerHttp2Stream): void {
  stream.once('finish', () => {
    const late = setTimeout(() => {
      stream.close(constants.NGHTTP2_NO_ERROR);
      setImmediate(() => stream.destroy());
    }, LINGER_MS);
    late.unref();
    stream.once('close', () => clearTimeout(late));
  });
}

const LINGER_MS = 2_000;

function sendTrailers(stream: ServerHttp2Stream, trailers: FieldList): void {
  // None: an empty frame of data that ends the stream.
  if (stream.destroyed) return;
  try {
    stream.sendTrailers(merge(nothing(), trailers));
  } catch {
    // Nobody waits for this who could be told; without them the answer is not whole.
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** Fields as Node's HTTP/2 takes them; repeated ones become lists. */
export function h2Fields(status: number, fields: FieldList): OutgoingHttpHeaders {
  const head = nothing();
  head[':status'] = status;
  return merge(head, fields);
}

/** Where `constructor` is a name like any other. */
function nothing(): OutgoingHttpHeaders {
  return Object.create(null) as OutgoingHttpHeaders;
}

function merge(into: OutgoingHttpHeaders, fields: FieldList): OutgoingHttpHeaders {
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    if (lower === 'connection') continue;
    const held = into[lower];
    if (held === undefined) into[lower] = value;
    else into[lower] = [...(Array.isArray(held) ? held : [String(held)]), value];
  }
  return into;
}

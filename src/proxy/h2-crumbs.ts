/**
 * A session that sends its data in crumbs, a byte in a frame, makes us work for each: a window of them is seconds in one turn of
 * the event loop (T-45). nghttp2 bounds frames without data; these it lets pass.
 */

import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** Shorter than the least message of gRPC, which may come one in a frame. */
const CRUMB = 5;
/** Of all streams of a session, in one turn. */
const MOST_IN_TURN = 1000;

export class Crumbs {
  readonly #session: ServerHttp2Session;
  #count = 0;

  constructor(session: ServerHttp2Session) {
    this.#session = session;
  }

  /** Counts what comes for this stream; the session that sends too many is ended. */
  watch(stream: ServerHttp2Stream): void {
    const push = stream.push.bind(stream);
    // Frames are told nowhere else: who reads the stream finds them put together.
    stream.push = (chunk: Uint8Array | null, ...more) => {
      if (chunk !== null && chunk.length < CRUMB) this.#add();
      return push(chunk, ...more);
    };
  }

  #add(): void {
    if (this.#count === 0)
      setImmediate(() => {
        this.#count = 0;
      });
    this.#count += 1;
    if (this.#count <= MOST_IN_TURN || this.#session.destroyed) return;
    this.#session.destroy(new Error('crumbs'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

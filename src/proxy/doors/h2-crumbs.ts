/**
 * Who sends HTTP/2 data in crumbs, a byte in a frame, makes us work for each: a window of them is seconds in one turn of the
 * event loop (T-45). nghttp2 bounds frames without data; these it lets pass. Clients and origins are bounded alike.
 */

import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** Shorter than the least message of gRPC, which may come one in a frame. */
const CRUMB = 5;
const MOST_IN_TURN = 1000;

export class Crumbs {
  #count = 0;

  /** Told the length of each piece; true once there were too many crumbs in this turn. */
  isTooMany(length: number): boolean {
    if (length >= CRUMB) return false;
    if (this.#count === 0)
      setImmediate(() => {
        this.#count = 0;
      });
    this.#count += 1;
    return this.#count > MOST_IN_TURN;
  }
}

/** Counts what comes for a stream; the session of which all streams together send too many is ended. */
export function watchCrumbs(session: ServerHttp2Session, stream: ServerHttp2Stream, crumbs: Crumbs): void {
  const push = stream.push.bind(stream);
  // Frames are told nowhere else: who reads the stream finds them put together. Named before it is assigned, see `let-go.ts`.
  const counted: typeof stream.push = (chunk: Uint8Array | null, ...more) => {
    if (chunk !== null && crumbs.isTooMany(chunk.length) && !session.destroyed)
      session.destroy(new Error('crumbs'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return push(chunk, ...more);
  };
  stream.push = counted;
}

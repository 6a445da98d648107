/** What a connection is told last. */

import type { Duplex } from 'node:stream';
import { type Denial, denialMessage, renderDenial } from '../denial.ts';

/** Answers on the bare socket and closes it. `head`: without the body, as an answer to HEAD must be. */
export function refuseSocket(socket: Duplex, denial: Denial, accept: string, head = false): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.write(denialMessage(renderDenial(denial, accept), head));
  lingering(socket);
}

/**
 * Lets the client read the answer before a reset can overtake it: a body that still comes is not read but dropped. `takesMs` is
 * how long a slow one may need to take what waits here; once all of that is out, the rest is the kernel's.
 */
export function lingering(socket: Duplex, takesMs = LINGER_MS): void {
  if (socket.destroyed) return;
  const endIn = (ms: number) => setTimeout(() => socket.destroy(), ms).unref();
  let late = endIn(takesMs);
  socket.once('finish', () => {
    clearTimeout(late);
    late = endIn(LINGER_MS);
  });
  socket.once('close', () => clearTimeout(late));
  socket.end();
  socket.resume();
}

const LINGER_MS = 2_000;

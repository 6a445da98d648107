/** A client that waits for its origin: what it sends ahead stays in its socket, and that it has left is noticed all the same. */

import type { Duplex } from 'node:stream';

/** `gone` is told once when the client ends or closes. Returns how to stop; whoever reads the socket then has all that came. */
export function watchWaiting(client: Duplex, gone: () => void): () => void {
  // A paused socket reads no end: only one that is looked at without being read does.
  const look = (): void => void (client.readableLength === 0 && client.read(0));
  const stop = (): void => void client.off('readable', look).off('end', left).off('close', left);
  const left = (): void => {
    stop();
    gone();
  };
  client.on('readable', look).on('end', left).on('close', left);
  if (client.destroyed || client.readableEnded) left();
  return stop;
}

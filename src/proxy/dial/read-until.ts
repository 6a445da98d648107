/** Reads an answer of a parent proxy from its connection, and leaves there what stands behind it. */

import type { Socket } from 'node:net';
import { Refusal } from '../refusal.ts';

const LONGEST = 16 * 1024;

/** Reads until `complete` names a length; what follows it goes back to the socket, which is then paused. */
export function readUntil(socket: Socket, complete: (bytes: Buffer) => number | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const done = (finish: () => void): void => {
      socket.pause();
      socket.off('data', onData).off('error', failed).off('end', failed).off('close', failed);
      finish();
    };
    const failed = (): void => done(() => reject(new Refusal('parent_failed', 'closed')));
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      let length: number | null = null;
      try {
        length = complete(held);
      } catch (error) {
        done(() => reject(error));
        return;
      }
      if (length === null) {
        if (held.length > LONGEST) failed();
        return;
      }
      const [mine, rest] = [held.subarray(0, length), held.subarray(length)];
      done(() => {
        if (rest.length > 0) socket.unshift(rest);
        resolve(mine);
      });
    };
    if (socket.destroyed || socket.readableEnded) {
      failed();
      return;
    }
    // One that only ends its side says no more either: the other stays open, as these sockets may be.
    socket.once('end', failed).once('error', failed).once('close', failed);
    // Paused by the answer before this one: a listener alone does not start it again.
    socket.on('data', onData).resume();
  });
}

/**
 * Takes from a stream that has closed what hung on it, so that it goes with the next collection of what is young.
 *
 * Node's `WritableState` assigns itself a function (`this.onwrite = …`), and V8 puts function literals that are assigned to
 * a property among what is old. Such a function keeps its stream until the next collection of everything, and with the
 * stream its listeners and all that these know: a whole exchange, moved to the old generation on the way.
 */

import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';

/** Once the stream closes, and its other listeners have been told, nothing hangs on it any more. */
export function letGo(stream: Duplex): void {
  stream.on('close', strip);
}

/** All listeners of this event are still called: they were taken down before the first of them. */
function strip(this: Duplex): void {
  // A stream's own asks, in a turn of its own, who still waits to read: of one that is closed, nobody.
  EventEmitter.prototype.removeAllListeners.call(this);
  this.on('error', ignore);
}

function ignore(): void {
  // A stream that is gone has nothing to say, and must not end the process with it.
}

/** What is still in use once everything else was collected. */

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes on the heap. */
export function heapInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Bytes of buffers. What is free is given back by another thread, after the collection: the least of a few looks. */
export async function buffersInUse(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i += 1) {
    collect();
    await setImmediate();
    least = Math.min(least, process.memoryUsage().arrayBuffers);
  }
  return least;
}

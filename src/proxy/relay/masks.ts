/** Masks of WebSocket frames (RFC 6455 section 5.3): unpredictable, out of a store, because each asking costs microseconds. */

import { randomFillSync } from 'node:crypto';

const STORE = Buffer.alloc(4096);
let used = STORE.length;

/** Four bytes that were never given before. Copied out at once: the store is filled anew. */
export function newMask(): Uint8Array {
  if (used === STORE.length) {
    randomFillSync(STORE);
    used = 0;
  }
  used += 4;
  return STORE.subarray(used - 4, used);
}

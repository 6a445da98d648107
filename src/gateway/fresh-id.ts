/** New ids at this edge. Randomness is drawn in blocks: one system call for 128 ids, where a short task needs six. */

import { randomFillSync } from 'node:crypto';
import { type IdPrefix, ulid } from '../core/ids.ts';

const EACH = 10;
const block = new Uint8Array(128 * EACH);
let used = block.length;

/** `now` is epoch ms. */
export function freshId(prefix: IdPrefix, now: number): string {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  used += EACH;
  return ulid(prefix, now, block.subarray(used - EACH, used));
}

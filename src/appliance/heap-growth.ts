/**
 * How far the heap may grow before all of it is collected. V8 gives one that grows slowly some MB of room, and what comes and goes
 * outside of it, such as buffers, is counted in there: under many short connections everything that lives (rules, categories,
 * policy) was marked anew twice a second, in steps of up to 16 ms. With room for half as much again it is a quarter as often.
 * One that grows fast would have been given more than that, so it is set once all is loaded.
 */

import { setFlagsFromString } from 'node:v8';

export const HEAP_GROWTH = '--heap-growing-percent=50';

/** For the process and all its threads; V8 looks at it after each collection of everything. */
export function letHeapGrow(): void {
  setFlagsFromString(HEAP_GROWTH);
}

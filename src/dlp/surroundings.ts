/** Whether what stands before and after an anchor may be that of a match: asked before RE2 is, which takes far longer to say no. */

import type { Around, Extent } from './prefilter/entries.ts';
import { LazyAutomaton } from './prefilter/lazy-automaton.ts';

/** Whether a match may lie around an anchor that was found at a place. */
export type MayMatch = (text: Uint8Array, at: number, anchor: Extent) => boolean;

const known = new WeakMap<Around, MayMatch>();

/** Kept for as long as its rule is. */
export function mayMatchOf(around: Around): MayMatch {
  let mayMatch = known.get(around);
  if (mayMatch === undefined) {
    const after = new LazyAutomaton(around.after);
    const before = new LazyAutomaton(around.before, { backwards: true });
    mayMatch = (text, at, anchor) =>
      after.fits(text, at + anchor.length, anchor.after) && before.fits(text, at, anchor.before);
    known.set(around, mayMatch);
  }
  return mayMatch;
}

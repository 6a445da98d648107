/**
 * What is looked for where the text goes on behind a match with something else, that is not to be looked at: a match may be over
 * wherever its text may be.
 */

import type { TextEntry } from './image-parts.ts';
import { OUTSIDE } from './set-sequence.ts';

/** Finds all that the entry finds at the end of a text, whatever stands behind it. */
export function openEnded<T extends TextEntry>(entry: T): T {
  const { text, checks, automaton } = entry;
  const asked = checks.filter(({ at, set }) => at < text.length || set[OUTSIDE] !== 1);
  return { ...entry, checks: asked, automaton: automaton && openAutomaton(automaton) };
}

/** Rules of one expression and anchors of one stretch share theirs, and the image keeps it once. */
const opened = new WeakMap<Uint8Array, Uint8Array>();
const TAKES_ALL = 1;
const FIRST = 2;

/** Rows as `LazyAutomaton.whole` gives them: a state in which some byte ends the match takes any. */
function openAutomaton(automaton: Uint8Array): Uint8Array {
  let open = opened.get(automaton);
  if (open === undefined) {
    open = Uint8Array.from(automaton);
    for (let row = FIRST << 8; row < open.length; row += 256)
      if (open.subarray(row, row + 256).includes(TAKES_ALL)) open.fill(TAKES_ALL, row, row + 256);
    opened.set(automaton, open);
  }
  return open;
}

/** Whether what stands before and after an anchor may be that of a match: asked before RE2 is, which takes far longer to say no. */

import type { Around, Extent } from './prefilter/entries.ts';
import { LazyAutomaton } from './prefilter/lazy-automaton.ts';

/**
 * What is read for one rule at most, in bytes: so many for each of the text, and as many more. Beyond, RE2 reads the text once,
 * whatever it holds; anchors that stand close together, each with a long way to read, would take a thousand times that.
 */
const READ_A_BYTE = 4;
const READ_ANYWAY = 65_536;

/** Whether a match may lie around an anchor that was found at a place of the text. */
export type MayMatch = (at: number, anchor: Extent) => boolean;

class Surroundings {
  readonly #before: LazyAutomaton;
  readonly #after: LazyAutomaton;

  constructor({ before, after }: Around) {
    this.#before = new LazyAutomaton(before, { backwards: true });
    this.#after = new LazyAutomaton(after);
  }

  in(text: Uint8Array): MayMatch {
    const most = this.#spent + READ_A_BYTE * text.length + READ_ANYWAY;
    return (at, anchor) => this.#spent > most || this.#fits(text, at, anchor);
  }

  /** The side is asked first on which a refusal has cost less so far. */
  #fits(text: Uint8Array, at: number, { length, before, after }: Extent): boolean {
    const isBeforeFirst = this.#before.spent * this.#after.refused <= this.#after.spent * this.#before.refused;
    if (isBeforeFirst) return this.#before.fits(text, at, before) && this.#after.fits(text, at + length, after);
    return this.#after.fits(text, at + length, after) && this.#before.fits(text, at, before);
  }

  beginsIn(text: Uint8Array): MayMatch {
    return (at, anchor) => this.#before.fits(text, at, anchor.before);
  }

  get #spent(): number {
    return this.#before.spent + this.#after.spent;
  }
}

const known = new WeakMap<Around, Surroundings>();

/** For the anchors of one rule in one text. What is made for it is kept for as long as its rule is. */
export function mayMatchIn(text: Uint8Array, around: Around): MayMatch {
  return surroundingsOf(around).in(text);
}

/** Whether one may begin in the text before an anchor, whatever stands after it. */
export function mayBeginIn(text: Uint8Array, around: Around): MayMatch {
  return surroundingsOf(around).beginsIn(text);
}

function surroundingsOf(around: Around): Surroundings {
  let surroundings = known.get(around);
  if (surroundings === undefined) {
    surroundings = new Surroundings(around);
    known.set(around, surroundings);
  }
  return surroundings;
}

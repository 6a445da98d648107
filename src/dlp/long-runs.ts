/**
 * Long runs of the bytes of a set in one text: where one is, a match may be longer than its rule's reach says. A text is read
 * once for each set, one byte in `LONG_RUN` of it, since no such run lies between two of them.
 */

import { LONG_RUN } from './prefilter/syntax.ts';
import { firstEndingFrom, longRuns, type Ranges } from './ranges.ts';

/** Beyond so many bytes in long runs a rule runs over all of the text. */
const MOST_IN_RUNS = 4096;

export class LongRuns {
  readonly #text: Uint8Array;
  readonly #known = new Map<string, Ranges>();

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  /** Bytes by which a match near `from..to` may be longer than is said; Infinity beyond a bound. */
  widening(from: number, to: number, sets: readonly Uint8Array[]): number {
    let more = 0;
    // Long runs near may lie in the match, and what they push out of the window may hold further ones.
    for (;;) {
      let all = 0;
      for (const set of sets) all += this.#bytesIn(set, from - more, to + more);
      if (all > MOST_IN_RUNS) return Number.POSITIVE_INFINITY;
      if (all <= more) return more;
      more = all;
    }
  }

  /** Bytes in the long runs that begin or end in the stretch, runs to their ends. */
  #bytesIn(set: Uint8Array, from: number, to: number): number {
    const runs = this.#runsOf(set);
    let sum = 0;
    for (let i = firstEndingFrom(runs, from + 1); i < runs.length && (runs[i] as number) < to; i += 2)
      sum += (runs[i + 1] as number) - (runs[i] as number);
    return sum;
  }

  #runsOf(set: Uint8Array): Ranges {
    const name = nameOf(set);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const runs = longRuns(set, this.#text, LONG_RUN);
    this.#known.set(name, runs);
    return runs;
  }
}

/** Many rules ask for the same bytes. */
const names = new WeakMap<Uint8Array, string>();

function nameOf(set: Uint8Array): string {
  let name = names.get(set);
  if (name === undefined) {
    name = set.join('');
    names.set(set, name);
  }
  return name;
}

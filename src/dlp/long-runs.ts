/**
 * Long runs of the bytes of a set in one text: where one is, a match may be longer than its rule's reach says. Of a set,
 * only what lies near a place asked for is read, in blocks, and of those one byte in `LONG_RUN`, since no such run lies between two
 * of them: to read all of a large text takes longer than the rest of its search.
 */

import { LONG_RUN } from './prefilter/syntax.ts';
import { type Ranges, runAfter, runBefore } from './ranges.ts';

/** Beyond so many bytes in long runs a rule runs over all of the text. */
export const MOST_IN_RUNS = 4096;
/** Bytes that are looked at together; a multiple of `LONG_RUN`. */
const BLOCK = 16 * LONG_RUN;

export class LongRuns {
  readonly #text: Uint8Array;
  readonly #known = new Map<string, Map<number, Ranges>>();

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

  /** Bytes in the long runs that share a byte with the stretch, runs to their ends. */
  #bytesIn(set: Uint8Array, from: number, to: number): number {
    const known = this.#knownOf(set);
    const last = Math.min(this.#text.length - 1, to + LONG_RUN);
    let sum = 0;
    let done = 0;
    for (let block = Math.max(0, Math.floor((from - LONG_RUN) / BLOCK)); block * BLOCK <= last; block += 1) {
      const runs = this.#runsOf(set, known, block);
      for (let i = 0; i < runs.length; i += 2) {
        const [start, end] = [runs[i] as number, runs[i + 1] as number];
        // One that goes on from the block before is known from there.
        if (end <= from || start >= to || start < done) continue;
        sum += end - start;
        done = end;
      }
    }
    return sum;
  }

  #runsOf(set: Uint8Array, known: Map<number, Ranges>, block: number): Ranges {
    let runs = known.get(block);
    if (runs === undefined) {
      runs = runsFrom(set, this.#text, block * BLOCK);
      known.set(block, runs);
    }
    return runs;
  }

  #knownOf(set: Uint8Array): Map<number, Ranges> {
    const name = nameOf(set);
    let known = this.#known.get(name);
    if (known === undefined) {
      known = new Map();
      this.#known.set(name, known);
    }
    return known;
  }
}

/**
 * Long runs that hold one of the bytes looked at in the block that begins there. INVARIANT: what of a run lies too far outside of the
 * block is left out, so that a run as long as the text is not walked by each block of it; what is left is beyond the bound by itself.
 */
function runsFrom(set: Uint8Array, text: Uint8Array, begin: number): Ranges {
  const first = Math.max(0, begin - MOST_IN_RUNS - 1);
  const last = Math.min(text.length, begin + BLOCK + MOST_IN_RUNS + 1);
  const end = Math.min(text.length, begin + BLOCK);
  const runs: number[] = [];
  for (let at = begin; at < end; at += LONG_RUN) {
    if (set[text[at] as number] === 0) continue;
    const from = runBefore(set, text, at, first);
    const to = runAfter(set, text, at, last);
    if (to - from >= LONG_RUN) runs.push(from, to);
    // The next byte looked at is the first that may lie in another run.
    while (at + LONG_RUN < to) at += LONG_RUN;
  }
  return runs;
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

/** Where in a text one rule can match: windows around its anchors, and where its next match can begin. */

import type { MayMatch } from './surroundings.ts';

/** From where to where, and the last place of an anchor in it: a match that is left begins there or before. */
export type Window = readonly [from: number, to: number, last: number];
/** Stretches of the text, in order and apart; null when the rule has to run over all of it. */
export type Windows = readonly Window[] | null;

/** Bytes after a window, so that what RE2 looks at beside a match is there. */
const BESIDE = 8;
/** Windows that are nearer to each other are one: to begin anew costs RE2 as much as so many bytes. */
const NEAR = 512;

/** Where the next match of a rule can begin, if all before a place are done; Infinity where there is none any more. */
export interface Starts {
  from(done: number): number;
}

/** Where nothing is known of it. */
export const ANYWHERE: Starts = { from: (done) => done };

/** Of one rule in one text. */
export class WindowList {
  readonly mayMatch: MayMatch | null;
  /** Where windows begin and end, and the last place in each, one after the other; those of neighbours are one. */
  readonly flat: number[] = [];
  /** The places of all anchors; null where it is not known of some. */
  #places: number[] | null = [];
  #isSorted = true;
  /** Bytes that a match can begin before the place of an anchor. */
  #back = 0;

  constructor(mayMatch: MayMatch | null) {
    this.mayMatch = mayMatch;
  }

  /** Around the anchor at a place. */
  add(from: number, to: number, place: number): void {
    const places = this.#places;
    if (places !== null) {
      if (places.length > 0 && place < (places[places.length - 1] as number)) this.#isSorted = false;
      places.push(place);
      if (place - from > this.#back) this.#back = place - from;
    }
    this.#extend(from, to, place);
  }

  /** Around one whose place is not known. */
  addAnywhere(from: number, to: number): void {
    this.#places = null;
    this.#extend(from, to, to);
  }

  starts(): Starts {
    if (this.#places === null) return ANYWHERE;
    if (!this.#isSorted) this.#places.sort((a, b) => a - b);
    return new BeforeAnchors(this.#places, this.#back);
  }

  #extend(from: number, to: number, place: number): void {
    const { flat } = this;
    const first = flat.length - 3;
    if (first < 0 || from > (flat[first + 1] as number) + NEAR || to < (flat[first] as number) - NEAR) {
      flat.push(from, to, place);
      return;
    }
    if (from < (flat[first] as number)) flat[first] = from;
    if (to > (flat[first + 1] as number)) flat[first + 1] = to;
    if (place > (flat[first + 2] as number)) flat[first + 2] = place;
  }
}

/** Every match holds an anchor, and begins so far before it at most. Asked from left to right. */
class BeforeAnchors implements Starts {
  readonly #places: readonly number[];
  readonly #back: number;
  #at = 0;

  constructor(places: readonly number[], back: number) {
    this.#places = places;
    this.#back = back;
  }

  from(done: number): number {
    const places = this.#places;
    while (this.#at < places.length && (places[this.#at] as number) < done) this.#at += 1;
    if (this.#at === places.length) return Number.POSITIVE_INFINITY;
    return Math.max(done, (places[this.#at] as number) - this.#back);
  }
}

/** In order, joined where they are near. */
export function joined(flat: readonly number[], length: number): Window[] {
  const all: Window[] = [];
  let isSorted = true;
  for (let i = 0; i < flat.length; i += 3) {
    const from = Math.max(0, flat[i] as number);
    if (i > 0 && from < (all[all.length - 1] as Window)[0]) isSorted = false;
    all.push([from, Math.min(length, (flat[i + 1] as number) + BESIDE), flat[i + 2] as number]);
  }
  if (all.length < 2) return all;
  if (!isSorted) all.sort((a, b) => a[0] - b[0]);
  const out: Window[] = [];
  for (const window of all) {
    const last = out[out.length - 1];
    if (last === undefined || window[0] > last[1] + NEAR) out.push(window);
    else out[out.length - 1] = [last[0], Math.max(last[1], window[1]), Math.max(last[2], window[2])];
  }
  return out;
}

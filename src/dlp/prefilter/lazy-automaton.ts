/**
 * An automaton over positions of which a state is made when a text first leads to it: what texts lead to is a small part of what
 * there is, and lies together in memory. It says no only where no match can be.
 */

import { WORD } from './byte-set.ts';
import {
  END,
  NO_LIMIT,
  OVER,
  type PackedPositions,
  type Positions,
  SET,
  unpackedPositions,
  wordsOf,
} from './positions.ts';

/** Beyond them a text fits, and the next begins with none: nobody can fill it for those who come after. */
const MOST_STATES = 1024;
/** Positions in the lists of all states, likewise: half a megabyte. */
const MOST_LISTED = 65_536;
/** What a state costs to make, and each position of its list, in bytes read. */
const STATE_COST = 256;
const POSITION_COST = 16;
/** Bytes that are looked at; who gets so far, fits. */
const MOST_STEPS = 4096;
const UNKNOWN = 0;
const DEAD = 1;
const FITS = 2;
const FIRST = 3;

export interface Options {
  /** It reads from a place to the beginning of the text. */
  readonly backwards?: boolean;
  /** Whatever is asked for at the edge of a word is there: what stands before the place is not known. */
  readonly freeEdges?: boolean;
  readonly mostStates?: number;
}

/** Some of a list. */
interface Listed {
  readonly list: Uint16Array;
  readonly from: number;
  readonly to: number;
}

/** What is read, and those positions without a byte that were looked at for it. */
interface Step {
  readonly one: number;
  readonly isEdge: boolean;
  seen: Set<number> | null;
}

export class LazyAutomaton {
  readonly #positions: Positions;
  /** Where each list of it begins. */
  readonly #begins: Uint32Array;
  readonly #backwards: boolean;
  readonly #freeEdges: boolean;
  readonly #mostStates: number;
  /** States of a row: one for each class, and one for the end of the text. */
  readonly #row: number;
  readonly #wordClass: Uint8Array;
  readonly #starts: Int16Array;
  readonly #numbers = new Map<string, number>();
  readonly #lists: Uint16Array[] = [];
  /** A bit for each position that the next state is made of, in words of sixteen; none between two. */
  readonly #into: Uint16Array;
  /** By state: whether the byte that led to it is part of a word; characters that may have been read at most. */
  readonly #afterWord: boolean[] = [];
  #limits = new Float64Array(16);
  #table: Int16Array;
  #listed = 0;
  #isFull = false;
  #spent = 0;
  #refused = 0;

  constructor(
    packed: PackedPositions,
    { backwards = false, freeEdges = false, mostStates = MOST_STATES }: Options = {},
  ) {
    const positions = unpackedPositions(packed);
    this.#positions = positions;
    this.#begins = new Uint32Array(positions.lengths.length + 1);
    positions.lengths.forEach((length, i) => {
      this.#begins[i + 1] = (this.#begins[i] as number) + length;
    });
    this.#backwards = backwards;
    this.#freeEdges = freeEdges;
    this.#mostStates = mostStates;
    this.#row = positions.classCount + 1;
    this.#wordClass = new Uint8Array(this.#row);
    for (let byte = 0; byte < 256; byte += 1)
      this.#wordClass[positions.classes[byte] as number] = WORD.has[byte] as number;
    this.#into = new Uint16Array((positions.kinds.length + 15) >>> 4);
    this.#starts = new Int16Array(2 * (positions.lengths.length - positions.kinds.length));
    this.#table = new Int16Array(16 * this.#row);
  }

  /** Bytes that were read so far, and what states cost, counted in them. */
  get spent(): number {
    return this.#spent;
  }

  /** How often it said no. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether what is read from a place on may belong to a match: of the sequences that it was made of, the one of that number. */
  fits(text: Uint8Array, at: number, start: number): boolean {
    if (this.#isFull) this.#forget();
    const backwards = this.#backwards;
    const step = backwards ? -1 : 1;
    const end = backwards ? -1 : text.length;
    const from = backwards ? at - 1 : at;
    const beside = from - step;
    const besideWord = beside >= 0 && beside < text.length && WORD.has[text[beside] as number] === 1;
    const first = this.#start(start, besideWord);
    const fits = first < FIRST ? first === FITS : this.#reads(text, { from, end, step, first });
    if (!fits) this.#refused += 1;
    return fits;
  }

  #reads(
    text: Uint8Array,
    { from, end, step, first }: { from: number; end: number; step: number; first: number },
  ): boolean {
    const { classes } = this.#positions;
    const row = this.#row;
    let table = this.#table;
    let limits = this.#limits;
    let state = first;
    let characters = 0;
    const last = from + step * MOST_STEPS;
    const stop = step < 0 ? Math.max(end, last) : Math.min(end, last);
    let at = from;
    for (; at !== stop; at += step) {
      const byte = text[at] as number;
      let next = table[state * row + (classes[byte] as number)] as number;
      if (next === UNKNOWN) {
        next = this.#next(state, classes[byte] as number);
        table = this.#table;
        limits = this.#limits;
      }
      state = next;
      if (next < FIRST) break;
      if ((byte & 0xc0) !== 0x80) characters += 1;
      if (characters > (limits[next] as number)) {
        state = DEAD;
        break;
      }
    }
    this.#spent += Math.abs(at - from) + 1;
    if (state < FIRST) return state === FITS;
    if (stop !== end) return true;
    const over = table[state * row + row - 1] as number;
    return (over === UNKNOWN ? this.#next(state, row - 1) : over) === FITS;
  }

  /**
   * All of it from one start on, as a row of 256 next states for each: 0 refuses, 1 takes everything, 2 is the first. Null when it
   * would refuse nothing.
   */
  whole(start: number): Uint8Array | null {
    if (this.#start(start, false) !== FIRST) return null;
    const { classes } = this.#positions;
    for (let state = FIRST; state < this.#lists.length; state += 1)
      for (let one = 0; one < this.#row - 1; one += 1) this.#next(state, one);
    const table = new Uint8Array((this.#lists.length - 1) * 256);
    for (let state = FIRST; state < this.#lists.length; state += 1)
      for (let byte = 0; byte < 256; byte += 1)
        table[((state - 1) << 8) | byte] = (this.#table[state * this.#row + (classes[byte] as number)] as number) - 1;
    return table;
  }

  #start(start: number, besideWord: boolean): number {
    const index = 2 * start + (besideWord ? 1 : 0);
    let state = this.#starts[index] as number;
    if (state === UNKNOWN) {
      const isOver = this.#follow(this.#positions.kinds.length + start);
      state = isOver ? FITS : this.#stateOf(besideWord);
      this.#into.fill(0);
      this.#starts[index] = state;
    }
    return state;
  }

  #next(state: number, one: number): number {
    const isEdge = this.#freeEdges || this.#afterWord[state] !== (this.#wordClass[one] === 1);
    const list = this.#lists[state] as Uint16Array;
    const isOver = this.#step({ list, from: 0, to: list.length }, { one, isEdge, seen: null });
    const next = isOver ? FITS : this.#stateOf(this.#wordClass[one] === 1);
    this.#into.fill(0);
    this.#table[state * this.#row + one] = next;
    return next;
  }

  /** Notes the positions that follow those of the list; whether everything may be over. */
  #step({ list, from, to }: Listed, on: Step): boolean {
    const { kinds, follows } = this.#positions;
    for (let i = from; i < to; i += 1) {
      const position = list[i] as number;
      if (position === OVER) return true;
      const isOver =
        kinds[position] === SET
          ? this.#has(position, on.one) && this.#follow(position)
          : this.#isOpen(position, on) && this.#step({ list: follows, ...this.#listOf(position) }, on);
      if (isOver) return true;
    }
    return false;
  }

  /** Whether what is asked for without a byte is there; once for each. */
  #isOpen(position: number, on: Step): boolean {
    const { kinds, classCount } = this.#positions;
    on.seen ??= new Set();
    if (on.seen.has(position)) return false;
    on.seen.add(position);
    return kinds[position] === END ? on.one === classCount : on.isEdge;
  }

  #has(position: number, one: number): boolean {
    const { has, classCount } = this.#positions;
    const word = has[position * wordsOf(classCount) + (one >>> 4)] as number;
    return one < classCount && ((word >>> (one & 15)) & 1) === 1;
  }

  #follow(position: number): boolean {
    const { follows } = this.#positions;
    const { from, to } = this.#listOf(position);
    for (let i = from; i < to; i += 1) {
      const next = follows[i] as number;
      if (next === OVER) return true;
      this.#into[next >>> 4] = (this.#into[next >>> 4] as number) | (1 << (next & 15));
    }
    return false;
  }

  #listOf(index: number): { readonly from: number; readonly to: number } {
    return { from: this.#begins[index] as number, to: this.#begins[index + 1] as number };
  }

  /** Of the positions that are noted. */
  #stateOf(afterWord: boolean): number {
    const list = numbersIn(this.#into);
    if (list.length === 0) return DEAD;
    const { kinds, limits } = this.#positions;
    const edged = afterWord && !this.#freeEdges && list.some((position) => kinds[position] !== SET);
    const key = `${edged ? 'w' : ''}${String.fromCharCode(...this.#into)}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const state = this.#lists.length === 0 ? FIRST : this.#lists.length;
    this.#spent += STATE_COST + POSITION_COST * list.length;
    if (state >= this.#mostStates + FIRST || this.#listed + list.length > MOST_LISTED) {
      this.#isFull = true;
      return FITS;
    }
    this.#listed += list.length;
    this.#numbers.set(key, state);
    this.#lists[state] = list;
    this.#afterWord[state] = edged;
    this.#grow(state);
    const most = list.reduce((all, position) => Math.max(all, limits[position] as number), 0);
    this.#limits[state] = most === NO_LIMIT ? Number.POSITIVE_INFINITY : most;
    return state;
  }

  #forget(): void {
    this.#numbers.clear();
    this.#lists.length = 0;
    this.#afterWord.length = 0;
    this.#starts.fill(UNKNOWN);
    this.#limits = new Float64Array(16);
    this.#table = new Int16Array(16 * this.#row);
    this.#listed = 0;
    this.#isFull = false;
  }

  #grow(state: number): void {
    if (state < this.#limits.length) return;
    const limits = new Float64Array(2 * this.#limits.length);
    limits.set(this.#limits);
    this.#limits = limits;
    const table = new Int16Array(limits.length * this.#row);
    table.set(this.#table);
    this.#table = table;
  }
}

/** Of which the bits are set, in order. */
function numbersIn(words: Uint16Array): Uint16Array {
  const out: number[] = [];
  for (let i = 0; i < words.length; i += 1)
    for (let left = words[i] as number; left !== 0; left &= left - 1) out.push(16 * i + 31 - Math.clz32(left & -left));
  return Uint16Array.from(out);
}

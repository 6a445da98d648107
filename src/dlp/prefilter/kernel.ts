/** The prefilter's inner loop in TypeScript, for where there is no WebAssembly: the same as assembly/prefilter.ts, hit for hit. */

import { ALL_CLASSES } from './byte-classes.ts';
import {
  AROUND,
  AROUND_BEFORE,
  AT_ONCE,
  BEHIND,
  BUCKETS,
  BUCKETS_SIZE,
  CHECKS,
  CLASSES,
  CLASSIFIED,
  FIRST_CLASSIFIED,
  FIRST_ROW,
  FLAGS,
  FOLDS,
  HEADER,
  hashOf,
  ITEM_LAST,
  ITEM_SIZE,
  ITEM_TEXT,
  ITEM_WINDOW,
  LOOKUP_SIZE,
  MOST_BUCKETS,
  MOST_STEPS,
  PLACES,
  ROW,
  RULE_SIZE,
  SLOT_SHIFT,
  SLOTS,
  START_BYTES,
  START_CLASSES,
  TAKES_ALL,
  TEXT_SIZE,
} from './layout.ts';
import { OUTSIDE } from './set-sequence.ts';

/** As `scan` of assembly/prefilter.ts. */
export type Scan = (from: number, to: number, plain: number) => number;

/** The loop over the tables in this memory. */
export function kernelOver(memory: ArrayBufferLike): Scan {
  const kernel = new Kernel(memory);
  return (from, to, plain) => kernel.scan(from, to, plain !== 0);
}

class Kernel {
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  /** By offset, from the byte before on, and byte: the buckets of places that allow it there. */
  readonly #starts: Int32Array;
  #lo = 0;
  #hi = 0;
  #bare = false;
  #out = 0;

  constructor(memory: ArrayBufferLike) {
    this.#bytes = new Uint8Array(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
    this.#starts = bucketsAt(this.#bytes);
  }

  scan(from: number, to: number, bare: boolean): number {
    this.#lo = this.#words[HEADER.start] as number;
    this.#hi = this.#words[HEADER.end] as number;
    this.#bare = bare;
    const header = (field: number) => this.#words[field] as number;
    this.#out = header(HEADER.out) >>> 2;
    const limit = header(HEADER.outLimit) >>> 2;
    const groups = bare ? 0 : header(HEADER.groupCount);
    const texts = header(HEADER.entryCount) !== 0;
    let at = from;
    for (; at < to && this.#out <= limit; at += AT_ONCE) {
      const end = Math.min(at + AT_ONCE, to);
      if (groups > 0) this.#places(at, end, groups);
      if (texts) this.#windows(at, end);
    }
    this.#words[HEADER.hits] = (this.#out - (header(HEADER.out) >>> 2)) >>> 1;
    return Math.min(at, to);
  }

  #places(from: number, end: number, groups: number): void {
    for (let at = from; at < end; at += 1) if (this.#mayStart(at)) this.#surroundings(at, groups);
  }

  #windows(from: number, end: number): void {
    const bytes = this.#bytes;
    let window = ((bytes[from] as number) << 8) | ((bytes[from + 1] as number) << 16) | 0x202000;
    for (let at = from; at < end; at += 1) {
      window = (window >>> 8) | (((bytes[at + 2] as number) | 32) << 16);
      const flags = this.#halves[(FLAGS >>> 1) + hashOf(window)] as number;
      if (flags === 0) continue;
      const next = this.#bare ? ALL_CLASSES : this.#classAt(at + 3);
      const before = this.#bare ? ALL_CLASSES : this.#classAt(at - 1);
      if ((flags & next) !== 0 && ((flags >>> 8) & before) !== 0) this.#probe(at, window);
    }
  }

  #classAt(at: number): number {
    return this.#bytes[CLASSES + (this.#bytes[at] as number)] as number;
  }

  #probe(at: number, window: number): void {
    const bytes = this.#bytes;
    const slot = this.#halves[(SLOTS >>> 1) + (hashOf(window) >>> SLOT_SHIFT)] as number;
    const head = (this.#words[HEADER.lists] as number) + slot * ITEM_SIZE;
    if (!this.#fits(head, at) && !this.#fits(head + AROUND, at)) return;
    for (let item = head + ITEM_SIZE; ; item += ITEM_SIZE) {
      const same = ((this.#words[(item + ITEM_WINDOW) >>> 2] as number) & 0xffffff) === window;
      if (same && this.#fits(item, at)) {
        const text = this.#halves[(item + ITEM_TEXT) >>> 1] as number;
        this.#text((this.#words[HEADER.texts] as number) + text * TEXT_SIZE, at);
      }
      if (bytes[item + ITEM_LAST] !== 0) return;
    }
  }

  /** Whether the bytes around the window are of classes that may stand there. */
  #fits(vector: number, at: number): boolean {
    if (this.#bare) return true;
    for (let i = 0; i < AROUND; i += 1)
      if (((this.#bytes[vector + i] as number) & this.#classAt(at - AROUND_BEFORE + i)) === 0) return false;
    return true;
  }

  #text(entry: number, window: number): void {
    const bytes = this.#bytes;
    const at = window - (bytes[entry + 1] as number);
    const length = bytes[entry + 2] as number;
    if (at < this.#lo || at + length > this.#hi) return;
    for (let i = 0; i < length; i += 1) {
      const byte = (bytes[at + i] as number) | (bytes[entry + 32 + i] as number);
      if (byte !== bytes[entry + 48 + i]) return;
    }
    const flags = bytes[entry] as number;
    if (this.#bare) {
      if ((flags & FOLDS) !== 0) this.#all(entry, at);
    } else this.#rules(entry, at);
  }

  /** Of the text's rule of that number. */
  #ruleAt(entry: number, index: number): number {
    return (this.#words[(entry >>> 2) + 2] as number) + index * RULE_SIZE;
  }

  #all(entry: number, at: number): void {
    const count = this.#words[(entry >>> 2) + 1] as number;
    for (let i = 0; i < count; i += 1) this.#hit(this.#words[this.#ruleAt(entry, i) >>> 2] as number, at);
  }

  #rules(entry: number, at: number): void {
    const after = at + (this.#bytes[entry + 2] as number);
    for (let fit = this.#lookedUp(entry, at); fit !== 0; fit &= fit - 1) {
      const rule = this.#ruleAt(entry, 31 - Math.clz32(fit & -fit));
      if (this.#checked(rule, at) && this.#follows(this.#words[(rule >>> 2) + 1] as number, after))
        this.#hit(this.#words[rule >>> 2] as number, at);
    }
  }

  /** A bit for each rule of the text that allows what is around it, as far as that is asked of all of them at once. */
  #lookedUp(entry: number, at: number): number {
    const words = this.#words;
    let fit = 0xffffffff >>> (32 - (words[(entry >>> 2) + 1] as number));
    const first = words[(entry >>> 2) + 3] as number;
    const end = first + (this.#bytes[entry + 3] as number) * LOOKUP_SIZE;
    for (let lookup = first; lookup < end && fit !== 0; lookup += LOOKUP_SIZE) {
      const place = at + ((words[lookup >>> 2] as number) | 0);
      fit &= words[(lookup >>> 2) + 1 + this.#byteAt(place)] as number;
    }
    return fit;
  }

  #checked(rule: number, at: number): boolean {
    const bytes = this.#bytes;
    const last = rule + CHECKS + ((this.#words[(rule >>> 2) + 2] as number) << 2);
    for (let check = rule + CHECKS; check < last; check += 4) {
      const place = at + (((bytes[check] as number) << 24) >> 24);
      if (place < this.#lo || place >= this.#hi) {
        if (bytes[check + 1] === 0) return false;
        continue;
      }
      const byte = bytes[place] as number;
      const set = (this.#words[HEADER.sets] as number) + ((this.#halves[(check + 2) >>> 1] as number) << 5);
      if ((((bytes[set + (byte >>> 3)] as number) >>> (byte & 7)) & 1) === 0) return false;
    }
    return true;
  }

  #follows(table: number, from: number): boolean {
    if (table === 0) return true;
    const bytes = this.#bytes;
    const end = Math.min(this.#hi, from + MOST_STEPS);
    let row = FIRST_ROW;
    for (let at = from; at < end; at += 1) {
      const column = bytes[table + (bytes[at] as number)] as number;
      row = this.#halves[((table + row + 256 - FIRST_ROW) >>> 1) + column] as number;
      if (row < FIRST_ROW) return row === TAKES_ALL;
    }
    return true;
  }

  #hit(id: number, at: number): void {
    this.#words[this.#out] = id;
    this.#words[this.#out + 1] = at;
    this.#out += 2;
  }

  /** Whether the place of some rule may be here, by its first bytes and the one before; more is no harm. */
  #mayStart(at: number): boolean {
    if (at === this.#lo) return true;
    const bytes = this.#bytes;
    let fit = -1;
    for (let offset = 0; offset <= START_BYTES && fit !== 0; offset += 1)
      fit &= this.#starts[(offset << 8) | (bytes[at - 1 + offset] as number)] as number;
    return fit !== 0;
  }

  #byteAt(at: number): number {
    return at < this.#lo || at >= this.#hi ? OUTSIDE : (this.#bytes[at] as number);
  }

  #surroundings(at: number, groups: number): void {
    let id = this.#words[HEADER.entryCount] as number;
    let table = this.#words[HEADER.groups] as number;
    for (let group = 0; group < groups; group += 1, id += 128, table += ROW * PLACES) {
      for (let lane = 0; lane < 4; lane += 1) this.#fitting(at, id + 32 * lane, (table >>> 2) + lane);
    }
  }

  /** 32 rules at once. */
  #fitting(at: number, id: number, table: number): void {
    let fit = 0xffffffff;
    for (let place = 0; place < PLACES && fit !== 0; place += 1) {
      fit &= this.#words[table + (((place * ROW) >>> 2) + (this.#byteAt(at + place - BEHIND) << 2))] as number;
    }
    const follows = (this.#words[HEADER.follows] as number) >>> 2;
    for (; fit !== 0; fit &= fit - 1) {
      const index = id + 31 - Math.clz32(fit & -fit);
      const table = this.#words[follows + index - (this.#words[HEADER.entryCount] as number)] as number;
      if (this.#follows(table, at)) this.#hit(index, at);
    }
  }
}

/** All buckets in one word, read from the tables that the vectors are made of. */
function bucketsAt(bytes: Uint8Array): Int32Array {
  return Int32Array.from({ length: (1 + START_BYTES) * 256 }, (_, i) => {
    const place = (i & 255) - FIRST_CLASSIFIED;
    const one = place >= 0 && place < CLASSIFIED ? (bytes[START_CLASSES + place] as number) : 0;
    let all = 0;
    for (let eight = 0; eight < MOST_BUCKETS / 8; eight += 1)
      all |= (bytes[BUCKETS + eight * BUCKETS_SIZE + 16 * (i >>> 8) + one] as number) << (8 * eight);
    return all;
  });
}

/** The prefilter's inner loop in TypeScript, for where there is no WebAssembly: the same as assembly/prefilter.ts, hit for hit. */

import {
  BEHIND,
  CHECKS,
  EDGE_STARTS,
  EDGES,
  ENTRY_SIZE,
  FLAGS,
  FOLDS,
  FREE_STARTS,
  HEADER,
  hashOf,
  IS_GATE,
  LAST,
  MOST_STEPS,
  NUMBER_STARTS,
  NUMBERS,
  PLACES,
  ROW,
  SLOTS,
} from './image.ts';
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
  #lo = 0;
  #hi = 0;
  #bare = false;
  #out = 0;

  constructor(memory: ArrayBufferLike) {
    this.#bytes = new Uint8Array(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
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
    for (; at < to && this.#out <= limit; at += 16) {
      const end = Math.min(at + 16, to);
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
      const hash = hashOf(window);
      if (bytes[FLAGS + hash] !== 0) this.#probe(at, hash);
    }
  }

  #probe(at: number, hash: number): void {
    const halves = this.#halves;
    let list = ((this.#words[HEADER.lists] as number) >>> 1) + (halves[(SLOTS >>> 1) + hash] as number);
    for (; halves[list] !== LAST; list += 1) this.#text(halves[list] as number, at);
  }

  #text(id: number, window: number): void {
    const bytes = this.#bytes;
    const entry = (this.#words[HEADER.entries] as number) + id * ENTRY_SIZE;
    const at = window - (bytes[entry + 2] as number);
    const length = bytes[entry + 3] as number;
    if (at < this.#lo || at + length > this.#hi) return;
    for (let i = 0; i < length; i += 1) {
      const byte = (bytes[at + i] as number) | (bytes[entry + 32 + i] as number);
      if (byte !== bytes[entry + 48 + i]) return;
    }
    const flags = bytes[entry] as number;
    if (this.#bare) {
      if ((flags & FOLDS) !== 0) this.#hit(id, at);
      return;
    }
    if ((flags & IS_GATE) !== 0) {
      const gate = (this.#words[HEADER.gates] as number) + id;
      if (bytes[gate] !== 0) return;
      bytes[gate] = 1;
      this.#hit(id, at);
      return;
    }
    if (this.#checked(entry, at) && this.#follows(this.#words[(entry >>> 2) + 2] as number, at + length)) {
      this.#hit(id, at);
    }
  }

  #checked(entry: number, at: number): boolean {
    const bytes = this.#bytes;
    const last = entry + CHECKS + ((bytes[entry + 4] as number) << 2);
    for (let check = entry + CHECKS; check < last; check += 4) {
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
    let state = 2;
    for (let at = from; at < end; at += 1) {
      state = bytes[table + (state << 8) + (bytes[at] as number)] as number;
      if (state < 2) return state === 1;
    }
    return true;
  }

  #hit(id: number, at: number): void {
    this.#words[this.#out] = id;
    this.#words[this.#out + 1] = at;
    this.#out += 2;
  }

  #mayStart(at: number): boolean {
    const byte = this.#bytes[at] as number;
    if (byte >= 128 && this.#words[HEADER.high] !== 0) return true;
    if (this.#within(FREE_STARTS, byte)) return true;
    const before = this.#bytes[at - 1] as number;
    const precedes = (table: number) => before >= 128 || this.#within(table, before);
    return (
      (this.#within(EDGE_STARTS, byte) && precedes(EDGES)) || (this.#within(NUMBER_STARTS, byte) && precedes(NUMBERS))
    );
  }

  #within(table: number, byte: number): boolean {
    return byte < 128 && (((this.#bytes[table + (byte & 15)] as number) >>> (byte >>> 4)) & 1) !== 0;
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

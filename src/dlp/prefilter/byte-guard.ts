/**
 * Where a rule without literals could begin: for each of the first bytes of a match, which bytes are possible there.
 * All such rules are tested at once, a bit each (Baeza-Yates and Gonnet's shift-and, without the shift).
 */

import { type ByteSet, WORD } from './byte-set.ts';
import { EMPTY, type Node } from './syntax.ts';

/** Bytes of a match that are looked at. */
const DEPTH = 10;
/** A prefix that fits more often than this in ordinary text saves nothing. */
const MOST_COMMON = 1 / 500;
const ALL = new Uint8Array(256).fill(1);
const NOT_WORD = WORD.has.map((flag) => 1 - flag);

export interface BytePrefix {
  /** Bytes that may stand right before; the start of the text always may. */
  readonly before: Uint8Array;
  /** Possible bytes of each of the first positions. */
  readonly sets: readonly Uint8Array[];
}

/** Null when the first bytes say too little to be worth looking at. */
export function bytePrefix(tree: Node): BytePrefix | null {
  const parts = tree.kind === 'cat' ? tree.parts : [tree];
  const [first = EMPTY, ...rest] = parts;
  const context = contextBefore(first);
  const sets = firstBytes({ kind: 'cat', parts: context === null ? parts : rest });
  const before = context ?? (isWordEdge(first) && startsWithWord(sets) ? NOT_WORD : ALL);
  return rarity(sets) < MOST_COMMON ? { before, sets } : null;
}

/** `(?:^|[^…])` and the like: one character or the start of the text. */
function contextBefore(node: Node): Uint8Array | null {
  if (node.kind !== 'alt' || !node.parts.some((part) => part.kind === 'edge' && !part.word)) return null;
  const sets = node.parts.filter((part) => part.kind === 'set');
  if (sets.length !== node.parts.length - 1) return null;
  return sets.reduce((all, { set }) => all.map((flag, i) => flag | (set.has[i] ?? 0)), new Uint8Array(256));
}

const isWordEdge = (node: Node): boolean => node.kind === 'edge' && node.word;

function startsWithWord([first = ALL]: readonly Uint8Array[]): boolean {
  return first.every((flag, byte) => flag === 0 || WORD.has[byte] === 1);
}

/** Bytes possible at each position, as far as every match reaches. */
function firstBytes(tree: Node): Uint8Array[] {
  const sets = Array.from({ length: DEPTH }, () => new Uint8Array(256));
  const ends = walk(tree, 1, sets);
  // Where a match can end, whatever follows is possible.
  const shortest = lowestBit(ends);
  return sets.slice(0, shortest);
}

/** Offsets are bits: those where the node may begin go in, those where it may end come out. */
function walk(node: Node, starts: number, sets: readonly Uint8Array[]): number {
  switch (node.kind) {
    case 'edge':
      return starts;
    case 'set':
      return mark(node.set, starts, sets);
    case 'cat':
      return node.parts.reduce((offsets, part) => (offsets === 0 ? 0 : walk(part, offsets, sets)), starts);
    case 'alt':
      return node.parts.reduce((ends, part) => ends | walk(part, starts, sets), 0);
    case 'repeat': {
      let ends = node.min === 0 ? starts : 0;
      let now = starts;
      for (let i = 1; i <= Math.min(node.max, DEPTH + node.min) && now !== 0; i += 1) {
        now = walk(node.part, now, sets);
        if (i >= node.min) ends |= now;
      }
      return ends;
    }
  }
}

const BEYOND = 1 << DEPTH;

function mark(set: ByteSet, starts: number, sets: readonly Uint8Array[]): number {
  let ends = starts & BEYOND;
  for (let at = 0; at < DEPTH; at += 1) {
    if ((starts & (1 << at)) === 0) continue;
    for (let length = 1; length <= (set.wide ? 4 : 1); length += 1) {
      ends |= 1 << Math.min(at + length, DEPTH);
      include(sets[at + length - 1], set, length);
    }
  }
  return ends;
}

/** Adds what can stand there as the byte of that place in a character. */
function include(into: Uint8Array | undefined, { has }: ByteSet, place: number): void {
  if (into === undefined) return;
  for (let byte = place > 1 ? 128 : 0; byte < 256; byte += 1) into[byte] = (into[byte] ?? 0) | (has[byte] ?? 0);
}

function lowestBit(bits: number): number {
  return bits === 0 ? DEPTH : 31 - Math.clz32(bits & -bits);
}

/** How often a place in ordinary text would pass: printable bytes are taken to be equally likely. */
function rarity(sets: readonly Uint8Array[]): number {
  return sets.reduce((p, set) => {
    let count = 0;
    for (let byte = 32; byte < 127; byte += 1) count += set[byte] ?? 0;
    return (p * count) / 95;
  }, 1);
}

/** Called with the index of a prefix at each place where it fits. */
export type PrefixHit = (prefix: number, at: number) => void;

/** Any number of prefixes, tested together, 32 at a time. */
export class ByteGuard {
  readonly #groups: readonly Group[];

  constructor(prefixes: readonly BytePrefix[]) {
    this.#groups = Array.from({ length: Math.ceil(prefixes.length / 32) }, (_, i) => new Group(prefixes, 32 * i));
  }

  scan(text: Uint8Array, hit: PrefixHit): void {
    for (const group of this.#groups) group.scan(text, hit);
  }
}

/** What is beyond the text: the start is no obstacle, the end is one where a byte is asked for. */
const OUTSIDE = 256;

class Group {
  readonly #base: number;
  /** By a byte and the one before it: the prefixes that can begin there. */
  readonly #pairs = new Uint32Array(257 * 256);
  readonly #sets = Array.from({ length: DEPTH }, () => new Uint32Array(257));

  constructor(prefixes: readonly BytePrefix[], base: number) {
    this.#base = base;
    prefixes.slice(base, base + 32).forEach(({ before, sets }, i) => {
      const bit = (1 << i) >>> 0;
      for (let last = 0; last <= OUTSIDE; last += 1) {
        if (last === OUTSIDE || before[last] === 1) allow(this.#pairs.subarray(last * 256), sets[0] ?? ALL, bit);
      }
      this.#sets.forEach((table, depth) => {
        const set = sets[depth];
        allow(table, set ?? ALL, bit);
        if (!set) table[OUTSIDE] = (table[OUTSIDE] ?? 0) | bit;
      });
    });
  }

  scan(text: Uint8Array, hit: PrefixHit): void {
    const pairs = this.#pairs;
    const second = this.#sets[1] as Uint32Array;
    const end = text.length;
    let row = OUTSIDE * 256;
    for (let at = 0; at < end; at += 1) {
      const byte = text[at] as number;
      const bits = pairs[row + byte] as number;
      row = byte << 8;
      if (bits === 0) continue;
      const next = at + 1 < end ? (text[at + 1] as number) : OUTSIDE;
      if (((second[next] as number) & bits) !== 0) this.#follow(text, at, bits, hit);
    }
  }

  #follow(text: Uint8Array, at: number, fitting: number, hit: PrefixHit): void {
    let bits = fitting;
    for (let depth = 1; depth < DEPTH && bits !== 0; depth += 1) {
      const next = at + depth < text.length ? (text[at + depth] as number) : OUTSIDE;
      bits &= (this.#sets[depth] as Uint32Array)[next] as number;
    }
    for (; bits !== 0; bits &= bits - 1) hit(this.#base + 31 - Math.clz32(bits & -bits), at);
  }
}

function allow(table: Uint32Array, set: Uint8Array, bit: number): void {
  for (let byte = 0; byte < 256; byte += 1) if (set[byte]) table[byte] = (table[byte] ?? 0) | bit;
}

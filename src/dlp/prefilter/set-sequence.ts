/**
 * Which bytes can stand right before and right after a place of a match: for each offset the possible bytes, as far as
 * every match reaches. Beyond the ends of the text stands OUTSIDE.
 */

import { type ByteSet, WORD } from './byte-set.ts';
import type { Node } from './syntax.ts';

/** What is beyond the text, as one more byte. */
export const OUTSIDE = 256;
/** 257 flags: the bytes, and OUTSIDE. */
export type PlaceSet = Uint8Array;

const NOT_WORD = Uint8Array.from({ length: OUTSIDE + 1 }, (_, byte) => (WORD.has[byte] === 1 ? 0 : 1));

/** While they are put together: 257 bits in words of 32. */
type Bits = Int32Array;
const WORDS = 9;
const OUTSIDE_WORD = 8;
const NOT_WORD_BITS = packed(NOT_WORD);
/** The last of them are the bits of bytes beyond ASCII. */
const FIRST_HIGH_WORD = 4;
const packedSets = new WeakMap<ByteSet, Bits>();

function packed(flags: ArrayLike<number>): Bits {
  const out = new Int32Array(WORDS);
  for (let byte = 0; byte < flags.length; byte += 1)
    if (flags[byte]) out[byte >>> 5] = (out[byte >>> 5] ?? 0) | (1 << (byte & 31));
  return out;
}

function bitsOf(set: ByteSet): Bits {
  const bits = packedSets.get(set) ?? packed(set.has);
  packedSets.set(set, bits);
  return bits;
}

function unpacked(bits: Bits): PlaceSet {
  const out = new Uint8Array(OUTSIDE + 1);
  for (let byte = 0; byte <= OUTSIDE; byte += 1) out[byte] = ((bits[byte >>> 5] as number) >>> (byte & 31)) & 1;
  return out;
}

interface Walk {
  readonly sets: readonly Bits[];
  readonly depth: number;
  readonly backwards: boolean;
  /** Whether the byte beside offset 0, on the other side, is part of a word for certain. */
  readonly besideWord: boolean;
}

export interface Direction {
  readonly backwards?: boolean;
  readonly besideWord?: boolean;
}

/** Anchors of one stretch have the same nodes around them. */
const known = new WeakMap<readonly Node[], Map<string, readonly PlaceSet[]>>();

/** The possible bytes of the first `depth` places of what the nodes match, forwards, or backwards from their end. */
export function placeSets(
  parts: readonly Node[],
  depth: number,
  { backwards = false, besideWord = false }: Direction = {},
): readonly PlaceSet[] {
  const key = `${depth} ${backwards} ${besideWord}`;
  const same = known.get(parts) ?? new Map<string, readonly PlaceSet[]>();
  known.set(parts, same);
  const before = same.get(key);
  if (before !== undefined) return before;
  const sets = Array.from({ length: depth }, () => new Int32Array(WORDS));
  const ends = walk({ kind: 'cat', parts }, 1, { sets, depth, backwards, besideWord }, true);
  // Where a match can end, whatever follows is possible.
  const found = sets.slice(0, lowestBit(ends, depth)).map(unpacked);
  same.set(key, found);
  return found;
}

/** Whether all of these bytes are part of a word. */
export function areWord(set: ArrayLike<number> | undefined): boolean {
  if (set === undefined) return false;
  for (let byte = 0; byte <= OUTSIDE; byte += 1) if (set[byte] && NOT_WORD[byte]) return false;
  return true;
}

/** Offsets are bits: those where the node may begin go in, those where it may end come out. */
function walk(node: Node, starts: number, on: Walk, last: boolean): number {
  switch (node.kind) {
    case 'edge':
      return edge(node.of, starts, on, last);
    case 'set':
      return consume(node.set, starts, on);
    case 'cat': {
      const parts = on.backwards ? node.parts.toReversed() : node.parts;
      let now = starts;
      for (const [i, part] of parts.entries()) {
        if (now === 1 << on.depth) return now;
        now = walk(part, now, on, last && i === parts.length - 1);
      }
      return now;
    }
    case 'alt':
      return node.parts.reduce((ends, part) => ends | walk(part, starts, on, last), 0);
    case 'repeat':
      return repeat(node, starts, on);
  }
}

function repeat(node: Node & { kind: 'repeat' }, starts: number, on: Walk): number {
  let ends = node.min === 0 ? starts : 0;
  let now = starts;
  for (let i = 1; i <= node.max; i += 1) {
    const before = now;
    now = walk(node.part, now, on, false);
    if (i >= node.min) ends |= now;
    if (now === 1 << on.depth || (now === before && i >= node.min)) break;
  }
  return node.max === 0 ? starts : ends | (now & (1 << on.depth));
}

function consume(set: ByteSet, starts: number, { sets, depth }: Walk): number {
  let ends = starts & (1 << depth);
  const bits = bitsOf(set);
  for (let at = 0; at < depth; at += 1) {
    if ((starts & (1 << at)) === 0) continue;
    for (let length = 1; length <= (set.wide ? 4 : 1); length += 1) {
      ends |= 1 << Math.min(at + length, depth);
      include(sets[at + length - 1], bits, length > 1 ? FIRST_HIGH_WORD : 0);
    }
  }
  return ends;
}

/** Adds what can stand there; after the first byte of a character those beyond ASCII. */
function include(into: Bits | undefined, bits: Bits, from: number): void {
  if (into === undefined) return;
  for (let word = from; word < WORDS; word += 1) into[word] = (into[word] as number) | (bits[word] as number);
}

/** An edge that says which byte is next is taken as that byte. */
function edge(of: string, starts: number, on: Walk, last: boolean): number {
  if (of === (on.backwards ? 'start' : 'end')) {
    // Nothing but the end of the text from here on.
    for (let at = lowestBit(starts, on.depth); at < on.depth; at += 1) (on.sets[at] as Bits)[OUTSIDE_WORD] = 1;
    return shifted(starts, on.depth);
  }
  // Where more is to come, the next byte would have to be both.
  if (of !== 'word' || !last || !isBesideWord(starts, on)) return starts;
  for (let at = 0; at < on.depth; at += 1) {
    if ((starts & (1 << at)) === 0) continue;
    include(on.sets[at], NOT_WORD_BITS, 0);
  }
  return shifted(starts, on.depth);
}

/** Whether the byte on the other side of the edge is part of a word for certain. */
function isBesideWord(starts: number, { sets, depth, besideWord }: Walk): boolean {
  for (let at = 0; at <= depth; at += 1) {
    if ((starts & (1 << at)) === 0) continue;
    if (at === 0 ? !besideWord : !isWord(sets[at - 1] as Bits)) return false;
  }
  return true;
}

function isWord(bits: Bits): boolean {
  return bits.every((word, i) => (word & (NOT_WORD_BITS[i] as number)) === 0);
}

function shifted(starts: number, depth: number): number {
  const moved = starts << 1;
  return (moved & ((1 << depth) - 1)) | (moved >>> depth === 0 ? 0 : 1 << depth);
}

function lowestBit(bits: number, depth: number): number {
  return bits === 0 ? depth : 31 - Math.clz32(bits & -bits);
}

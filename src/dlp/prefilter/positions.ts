/**
 * What may follow an anchor, or stand before it, as numbered positions of its expression (Glushkov, 1961; found by partial
 * derivatives, Antimirov, 1996): plain numbers that travel with the rules. It takes everything that can still become a
 * match; counts are exact where few would be left to tell apart, and of others it says how far they can reach.
 */

import { type ByteSet, WORD } from './byte-set.ts';
import { longest, type Node } from './syntax.ts';

/** What is at a position: a byte of a set; or nothing, a part of a word on one side only; or nothing but the end of the text. */
export const SET = 0;
export const WORD_EDGE = 1;
export const END = 2;
/** In a list of positions: everything may be over. */
export const OVER = 0xffff;
/** In `limits`. */
export const NO_LIMIT = 0xffff;

export interface Positions {
  /** By byte: its class. Bytes of one class are in the same sets. */
  readonly classes: Uint16Array;
  readonly classCount: number;
  /** By position: what is at it. */
  readonly kinds: Uint16Array;
  /** By position, a bit for each class, in words of sixteen. */
  readonly has: Uint16Array;
  /** By position: characters that may at most lie between the anchor and it. */
  readonly limits: Uint16Array;
  /** How long lists are that stand in `follows` one after the other: of those that follow each position, then of each start. */
  readonly lengths: Uint16Array;
  readonly follows: Uint16Array;
}

/** As they are kept: three counts, then everything one after the other. */
export type PackedPositions = Uint16Array;

const COUNTS = 3;

export function unpackedPositions(packed: PackedPositions): Positions {
  const [classCount, count, lists] = packed as unknown as readonly [number, number, number];
  let at = COUNTS;
  const next = (length: number) => {
    at += length;
    return packed.subarray(at - length, at);
  };
  return {
    classes: next(256),
    classCount,
    kinds: next(count),
    has: next(count * wordsOf(classCount)),
    limits: next(count),
    lengths: next(lists),
    follows: packed.subarray(at),
  };
}

/** Words of sixteen bits for so many classes. */
export const wordsOf = (classCount: number): number => (classCount + 15) >>> 4;

/** Positions beyond them are taken to fit, and so is what follows where lists grow too long: repeats in repeats have many. */
const MOST_POSITIONS = 1000;
const MOST_FOLLOWS = 20_000;
const MOST_OPENED = 300_000;
/** Copies of a repeated part that are asked for. */
const MOST_COPIES = 128;
/** Copies that may be left out and are still counted. */
const MOST_OPTIONAL = 2;

/** What is still to be matched; null when nothing is. */
interface Rest {
  readonly node: Node;
  readonly next: Rest | null;
  /** Characters that may lie before it. */
  readonly limit: number;
  readonly id: number;
}

interface Position {
  readonly kind: number;
  readonly set: Uint8Array | null;
  readonly limit: number;
  readonly next: Rest | null;
}

/** Of several sequences, each a start of its own. Backwards: of what stands before, read from its end. */
export function positionsOf(sequences: readonly (readonly Node[])[], backwards = false): PackedPositions {
  return new Builder().build(backwards ? sequences.map((nodes) => nodes.toReversed().map(reversed)) : sequences);
}

const mirrored = new WeakMap<Node, Node>();

/** Of one node always the same. */
function reversed(node: Node): Node {
  let other = mirrored.get(node);
  if (other === undefined) {
    other = reversedAnew(node);
    mirrored.set(node, other);
  }
  return other;
}

function reversedAnew(node: Node): Node {
  switch (node.kind) {
    case 'cat':
      return { kind: 'cat', parts: node.parts.toReversed().map(reversed) };
    case 'alt':
      return { kind: 'alt', parts: node.parts.map(reversed) };
    case 'repeat':
      return { ...node, part: reversed(node.part) };
    case 'edge':
      return node.of === 'start'
        ? { kind: 'edge', of: 'end' }
        : node.of === 'end'
          ? { kind: 'edge', of: 'start' }
          : node;
    case 'set':
      return node;
  }
}

const HIGH: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 128 ? 0 : 1));
/** After the first byte of a character any number of further ones: too much rather than too little. */
const CONTINUED: Node = {
  kind: 'repeat',
  part: { kind: 'set', set: { has: HIGH, wide: false } },
  min: 1,
  max: Number.POSITIVE_INFINITY,
};

class Builder {
  readonly #ids = new Map<Node, number>();
  readonly #rests = new Map<string, Rest>();
  readonly #numbers = new Map<string, number>();
  readonly #positions: Position[] = [];
  #opened = 0;
  /** Repeats of which the end is not counted. */
  readonly #loose = new Set<Node>([CONTINUED]);
  readonly #lessOf = new Map<Node, Node | null>();
  readonly #copiesOf = new Map<Node, Node>();

  build(sequences: readonly (readonly Node[])[]): PackedPositions {
    const starts = sequences.map((nodes) => this.#closure(this.#sequence(nodes, null, 0)));
    const lists: number[][] = [];
    let follows = 0;
    for (let i = 0; i < this.#positions.length; i += 1) {
      const list = follows > MOST_FOLLOWS ? [OVER] : this.#closure((this.#positions[i] as Position).next);
      follows += list.length;
      lists.push(list);
    }
    return this.#packed([...lists, ...starts]);
  }

  #packed(lists: readonly (readonly number[])[]): PackedPositions {
    const all = this.#positions;
    const sets = new Set(all.flatMap(({ set }) => (set === null ? [] : [set])));
    if (all.some(({ kind }) => kind === WORD_EDGE)) sets.add(WORD.has);
    const { classes, first } = classesOf(sets);
    const has = all.flatMap(({ set }) => bitsOf(first.map((byte) => set?.[byte] ?? 0)));
    return Uint16Array.from([
      ...[first.length, all.length, lists.length],
      ...classes,
      ...all.map(({ kind }) => kind),
      ...has,
      ...all.map(({ limit }) => Math.min(limit, NO_LIMIT)),
      ...lists.map((list) => list.length),
      ...lists.flat(),
    ]);
  }

  #sequence(nodes: readonly Node[], next: Rest | null, limit: number): Rest | null {
    const limits: number[] = [];
    let sum = limit;
    for (const node of nodes) {
      limits.push(sum);
      sum += longest(node, 1);
    }
    return nodes.reduceRight<Rest | null>((rest, node, i) => this.#before(node, rest, limits[i] as number), next);
  }

  #before(node: Node, next: Rest | null, limit: number): Rest {
    let number = this.#ids.get(node);
    if (number === undefined) {
      number = this.#ids.size;
      this.#ids.set(node, number);
    }
    const key = `${number} ${next?.id ?? -1} ${limit}`;
    let rest = this.#rests.get(key);
    if (rest === undefined) {
      rest = { node, next, limit, id: this.#rests.size };
      this.#rests.set(key, rest);
    }
    return rest;
  }

  /** Positions that a rest may begin with, in order; `OVER` alone where nothing need follow. */
  #closure(rest: Rest | null): number[] {
    const out = new Set<number>();
    return this.#open(rest, out, new Set()) ? [OVER] : [...out].sort((a, b) => a - b);
  }

  /** Whether the end can be reached without a byte. */
  #open(rest: Rest | null, out: Set<number>, seen: Set<number>): boolean {
    if (rest === null || this.#opened > MOST_OPENED) return true;
    if (seen.has(rest.id)) return false;
    seen.add(rest.id);
    this.#opened += 1;
    const { node, next, limit } = rest;
    switch (node.kind) {
      case 'set':
        return this.#set(node.set, rest, out);
      case 'edge':
        if (node.of !== 'word' && node.of !== 'end') return this.#open(next, out, seen);
        return this.#add({ kind: node.of === 'word' ? WORD_EDGE : END, set: null, limit, next }, `${rest.id}`, out);
      case 'cat':
        return this.#open(this.#sequence(node.parts, next, limit), out, seen);
      case 'alt':
        return node.parts.map((part) => this.#open(this.#before(part, next, limit), out, seen)).includes(true);
      case 'repeat':
        return this.#repeat(node, rest, out, seen);
    }
  }

  #set({ has, wide }: ByteSet, { id, limit, next }: Rest, out: Set<number>): boolean {
    const over = this.#add({ kind: SET, set: has, limit, next }, `${id}`, out);
    if (!wide) return over;
    const further = this.#before(CONTINUED, next, limit + 1);
    return this.#add({ kind: SET, set: HIGH, limit, next: further }, `${id} further`, out) || over;
  }

  /** Whether it is one too many, so that everything has to be taken. */
  #add(position: Position, key: string, out: Set<number>): boolean {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      if (this.#positions.length >= MOST_POSITIONS) return true;
      number = this.#positions.length;
      this.#numbers.set(key, number);
      this.#positions.push(position);
    }
    out.add(number);
    return false;
  }

  #repeat(node: Node & { kind: 'repeat' }, { next, limit }: Rest, out: Set<number>, seen: Set<number>): boolean {
    if (node.max === 0) return this.#open(next, out, seen);
    const one = longest(node.part, 1);
    const times = (count: number) => (one === 0 ? 0 : one * count);
    // Beyond so many copies nothing is told apart any more.
    if (node.min > MOST_COPIES) {
      const all = limit + times(node.max);
      return this.#open(this.#before(this.#copies(node.part), null, all), out, seen);
    }
    const ended = node.min === 0 && this.#open(next, out, seen);
    const again = this.#less(node);
    const inside = this.#isLoose(node)
      ? limit
      : again !== null && this.#isLoose(again)
        ? limit + times(node.max - 1)
        : limit;
    const later = again !== null && this.#isLoose(again) ? inside : limit + one;
    const rest = again === null ? next : this.#before(again, next, later);
    return this.#open(this.#before(node.part, rest, inside), out, seen) || ended;
  }

  #isLoose(node: Node): boolean {
    return this.#loose.has(node);
  }

  /** The repeat after one of its copies. */
  #less(node: Node & { kind: 'repeat' }): Node | null {
    const known = this.#lessOf.get(node);
    if (known !== undefined) return known;
    const less = this.#lessAnew(node);
    this.#lessOf.set(node, less);
    return less;
  }

  #lessAnew({ part, min, max }: Node & { kind: 'repeat' }): Node | null {
    if (max === 1) return null;
    const isCounted = max - min <= MOST_OPTIONAL;
    if (isCounted) return { kind: 'repeat', part, min: Math.max(0, min - 1), max: max - 1 };
    const less: Node & { kind: 'repeat' } = {
      kind: 'repeat',
      part,
      min: Math.max(0, min - 1),
      max: Number.POSITIVE_INFINITY,
    };
    this.#loose.add(less);
    // One that asks for nothing any more is followed by itself.
    if (less.min === 0) this.#lessOf.set(less, less);
    return less;
  }

  #copies(part: Node): Node {
    const known = this.#copiesOf.get(part) ?? { kind: 'cat', parts: Array.from({ length: MOST_COPIES }, () => part) };
    this.#copiesOf.set(part, known);
    return known;
  }
}

/** Bytes that no set tells apart are one class; of each the first byte. */
function classesOf(sets: Iterable<Uint8Array>) {
  const classes = new Uint8Array(256);
  let classCount = 1;
  for (const set of sets) {
    const renamed = new Map<number, number>();
    for (let byte = 0; byte < 256; byte += 1) {
      const key = (classes[byte] as number) * 2 + (set[byte] as number);
      const known = renamed.get(key) ?? renamed.size;
      renamed.set(key, known);
      classes[byte] = known;
    }
    classCount = renamed.size;
  }
  const first = Array.from({ length: classCount }, (_, one) => classes.indexOf(one));
  return { classes, first };
}

function bitsOf(flags: readonly number[]): number[] {
  const words = new Array<number>(wordsOf(flags.length)).fill(0);
  flags.forEach((flag, i) => {
    words[i >>> 4] = (words[i >>> 4] as number) | (flag << (i & 15));
  });
  return words;
}

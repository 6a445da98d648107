/**
 * Which windows lead to which texts. A list has the texts of the windows whose hashes begin alike; at its head two vectors say, by the
 * classes of sixteen bytes, what may stand around any of them, so that most windows that lead nowhere are left before a text is read.
 */

import { ALL_CLASSES, classesOf, classOf } from './byte-classes.ts';
import { foldedBytes } from './coded-text.ts';
import type { TextEntry } from './image-parts.ts';
import {
  AROUND,
  AROUND_BEFORE,
  FLAGS,
  hashOf,
  ITEM_LAST,
  ITEM_SIZE,
  ITEM_TEXT,
  ITEM_WINDOW,
  SLOT_SHIFT,
  SLOTS,
} from './layout.ts';
import type { PlaceSet } from './set-sequence.ts';
import { chanceOfByte } from './text-model.ts';

/** By place around a window: the classes of what may stand there. */
type Vector = Uint8Array;

/** A text that a window leads to. */
interface Item {
  readonly text: number;
  /** Folded as the inner loop folds it. */
  readonly window: number;
  /** What may stand around it, of each rule that has the text. */
  readonly around: readonly Vector[];
}

/** By the first bits of the hashes. */
export type Lists = ReadonlyMap<number, readonly Item[]>;

/** `texts` are the entries of each text. */
export function listsOf(texts: readonly (readonly TextEntry[])[]): Lists {
  const lists = new Map<number, Map<string, Item>>();
  for (const [text, entries] of texts.entries()) {
    for (const entry of entries) {
      const around = aroundOf(entry);
      for (const one of entry.windows) {
        const window = windowOf(one);
        const slot = hashOf(window) >>> SLOT_SHIFT;
        const items = lists.get(slot) ?? new Map<string, Item>();
        lists.set(slot, items);
        const key = `${text} ${window}`;
        const same = items.get(key)?.around ?? [];
        items.set(key, { text, window, around: [...same, withWindow(around, one)] });
      }
    }
  }
  return new Map([...lists].map(([slot, items]) => [slot, [...items.values()]]));
}

/** Items of all lists, and their heads. */
export function itemsIn(lists: Lists): number {
  return [...lists.values()].reduce((sum, items) => sum + 1 + items.length, 0);
}

export function writeLists(tables: Uint8Array, listsAt: number, lists: Lists): void {
  const slots = new Uint16Array(tables.buffer, SLOTS, 0x10000 >>> SLOT_SHIFT);
  const flags = new Uint16Array(tables.buffer, FLAGS, 0x10000);
  let index = 0;
  for (const [slot, items] of lists) {
    slots[slot] = index;
    const head = twoOf(items.flatMap(({ around }) => around));
    for (const [i, vector] of head.entries()) tables.set(vector, listsAt + ITEM_SIZE * index + AROUND * i);
    index += 1;
    for (const [i, { text, window, around }] of items.entries()) {
      const at = listsAt + ITEM_SIZE * index++;
      const all = around.reduce(union);
      tables.set(all, at);
      tables.set([window & 255, (window >>> 8) & 255, window >>> 16], at + ITEM_WINDOW);
      tables[at + ITEM_LAST] = i === items.length - 1 ? 1 : 0;
      tables.set([text & 255, text >>> 8], at + ITEM_TEXT);
      const [before, next] = [all[AROUND_BEFORE - 1] as number, all[AROUND_BEFORE + 3] as number];
      flags[hashOf(window)] = (flags[hashOf(window)] ?? 0) | next | (before << 8);
    }
  }
}

function windowOf(window: string): number {
  const [a = 0, b = 0, c = 0] = [...foldedBytes(window)].map((byte) => byte | 32);
  return a | (b << 8) | (c << 16);
}

/** As far as the entry says what may stand there. */
function aroundOf({ text, windowAt, checks }: TextEntry): Vector {
  const first = windowAt - AROUND_BEFORE;
  const out = new Uint8Array(AROUND).fill(ALL_CLASSES);
  for (const { at, set } of checks) if (at >= first && at < first + AROUND) out[at - first] = knownClasses(set);
  for (let i = 0; i < text.length; i += 1)
    if (i >= first && i < first + AROUND) out[i - first] = classOf(text.charCodeAt(i) & 255);
  return out;
}

function withWindow(around: Vector, window: string): Vector {
  const out = Uint8Array.from(around);
  out.set(foldedBytes(window).map(classOf), AROUND_BEFORE);
  return out;
}

/** Sets around anchors of one stretch are the same objects. */
const known = new WeakMap<PlaceSet, number>();

function knownClasses(set: PlaceSet): number {
  const classes = known.get(set) ?? classesOf(set);
  known.set(set, classes);
  return classes;
}

/** Vectors that are put together at a time: to look at each pair of many would take long. */
const AT_A_TIME = 8;

/** Two that let all of these through, and as little else as may be. */
export function twoOf(vectors: readonly Vector[]): readonly Vector[] {
  let out: readonly Vector[] = [];
  for (const vector of new Map(vectors.map((one) => [one.join(), one])).values()) {
    out = [...out, vector];
    if (out.length > AT_A_TIME) out = joined(out);
  }
  while (out.length > 2) out = joined(out);
  return out;
}

/** One less: the two of which the union lets through least more. */
function joined(vectors: readonly Vector[]): readonly Vector[] {
  const chances = vectors.map(chanceOf);
  let [best, least]: [readonly [number, number], number] = [[0, 1], Number.POSITIVE_INFINITY];
  for (let i = 0; i < vectors.length; i += 1) {
    for (let j = i + 1; j < vectors.length; j += 1) {
      const more = chanceOf(union(vectors[i] as Vector, vectors[j] as Vector));
      const cost = more - (chances[i] as number) - (chances[j] as number);
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  const both = best.map((i) => vectors[i] as Vector) as [Vector, Vector];
  return [...vectors.filter((_, i) => !best.includes(i)), union(...both)];
}

function union(one: Vector, other: Vector): Vector {
  return one.map((classes, i) => classes | (other[i] as number));
}

/** How often ordinary text has that, each place by itself. */
function chanceOf(vector: Vector): number {
  return vector.reduce((product, classes) => product * (CHANCES[classes] as number), 1);
}

/** By classes: the share of bytes in ordinary text that are in one of them. */
const CHANCES = Float64Array.from({ length: 256 }, (_, classes) => {
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) if (classes & classOf(byte)) sum += chanceOfByte(byte);
  return Math.min(1, sum);
});

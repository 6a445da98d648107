/**
 * The places' part of the tables. Sixteen places of a text are told from those where nothing can be by shuffles, much as Teddy does it
 * in Hyperscan (Wang et al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019): up to twenty-four buckets,
 * in each of which the bytes at one offset are those of all its places, and somewhat more. In place of the halves of a byte its class
 * is looked up, since halves take every sign for one of `[A-Za-z0-9_-]`.
 */

import type { PlaceEntry } from './image-parts.ts';
import {
  BEHIND,
  BUCKETS,
  BUCKETS_SIZE,
  CLASSIFIED,
  FIRST_CLASSIFIED,
  GROUP,
  PLACES,
  ROW,
  START_CLASSES,
} from './layout.ts';
import { OUTSIDE } from './set-sequence.ts';
import { bucketsOf } from './start-buckets.ts';
import { MOST_CLASSES, startClasses } from './start-classes.ts';

/** Gives how many eights of buckets there are. */
export function writePlaces(tables: Uint8Array, groupsAt: number, places: readonly PlaceEntry[]): number {
  const words = new Uint32Array(tables.buffer);
  for (const [index, place] of places.entries()) {
    const group = groupsAt + Math.floor(index / GROUP) * ROW * PLACES;
    writeRows(words, (group >>> 2) + ((index % GROUP) >>> 5), 1 << (index & 31), place);
  }
  const classes = startClasses(places);
  tables.set(classes.subarray(FIRST_CLASSIFIED, FIRST_CLASSIFIED + CLASSIFIED), START_CLASSES);
  const buckets = bucketsOf(places, classes);
  for (const [index, { masks }] of buckets.entries()) {
    const at = BUCKETS + (index >>> 3) * BUCKETS_SIZE;
    for (const [offset, mask] of masks.entries())
      for (let one = 0; one < MOST_CLASSES; one += 1)
        if ((mask >>> one) & 1) set(tables, at + MOST_CLASSES * offset + one, 1 << (index & 7));
  }
  return Math.ceil(buckets.length / 8);
}

function set(tables: Uint8Array, at: number, bit: number): void {
  tables[at] = (tables[at] ?? 0) | bit;
}

function writeRows(words: Uint32Array, lane: number, bit: number, { before, after }: PlaceEntry): void {
  for (let place = 0; place < PLACES; place += 1) {
    const allowed = place < BEHIND ? before[BEHIND - 1 - place] : after[place - BEHIND];
    for (let byte = 0; byte <= OUTSIDE; byte += 1) {
      const word = lane + ((place * ROW) >>> 2) + 4 * byte;
      if (allowed === undefined || allowed[byte]) words[word] = ((words[word] ?? 0) | bit) >>> 0;
    }
  }
}

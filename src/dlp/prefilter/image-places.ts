/**
 * The places' part of the tables. Sixteen places of a text are told from those where nothing can be by shuffles over the halves of
 * their bytes, as Teddy does it in Hyperscan (Wang et al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs",
 * NSDI 2019): up to twenty-four buckets, in each of which the bytes at one offset are those of all its places, and somewhat more.
 */

import { type PlaceKind, startKind } from './anchors.ts';
import type { PlaceEntry } from './image-parts.ts';
import {
  BEHIND,
  BUCKETS,
  BUCKETS_SIZE,
  EDGE_BUCKETS,
  EDGES,
  FREE_BUCKETS,
  GROUP,
  MOST_BUCKETS,
  NUMBER_BUCKETS,
  NUMBERS,
  PLACES,
  ROW,
  START_BYTES,
  STARTS,
} from './layout.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';
import { chanceOfByte, chanceOfSets } from './text-model.ts';

const NEWLINE = 10;

/** Gives how many eights of buckets there are. */
export function writePlaces(tables: Uint8Array, groupsAt: number, places: readonly PlaceEntry[]): number {
  const words = new Uint32Array(tables.buffer);
  for (const [index, place] of places.entries()) {
    const group = groupsAt + Math.floor(index / GROUP) * ROW * PLACES;
    writeRows(words, (group >>> 2) + ((index % GROUP) >>> 5), 1 << (index & 31), place);
    writeBefore(tables, place.before[0]);
  }
  const buckets = bucketsOf(places);
  for (const [index, { kind, bytes }] of buckets.entries()) {
    const bit = 1 << (index & 7);
    const at = BUCKETS + (index >>> 3) * BUCKETS_SIZE;
    for (let i = 0; i < 16; i += 1) {
      set(tables, at + OF_KIND[kind] + i, bit);
      for (const [offset, { low, high }] of bytes.entries()) {
        if ((low >>> i) & 1) set(tables, at + STARTS + 32 * offset + i, bit);
        if ((high >>> i) & 1) set(tables, at + STARTS + 32 * offset + 16 + i, bit);
      }
    }
  }
  return Math.ceil(buckets.length / 8);
}

const OF_KIND = { free: FREE_BUCKETS, edge: EDGE_BUCKETS, number: NUMBER_BUCKETS } as const;
/** Places of an edge may share a bucket with those of a number. */
const BEFORE = { free: [], edge: [EDGES, NUMBERS], number: [NUMBERS] } as const;

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

/** Which ASCII bytes may stand before the places of its kind: the low half of a byte is the index, the high half a bit. */
function writeBefore(tables: Uint8Array, before: PlaceSet | undefined): void {
  // What lies before the text in memory.
  const bytes = [NEWLINE, ...Array.from({ length: 128 }, (_, byte) => byte).filter((byte) => before?.[byte])];
  for (const table of BEFORE[startKind(before)]) {
    for (const byte of bytes) set(tables, table + (byte & 15), 1 << (byte >>> 4));
  }
}

/** Bytes of which the low half is one of these and the high half one of those, a bit for each. */
interface Halves {
  readonly low: number;
  readonly high: number;
}

interface Bucket {
  readonly kind: PlaceKind;
  readonly bytes: readonly Halves[];
  /** The share of places in ordinary text that it lets through, weighed by how many pass what is asked before. */
  readonly chance: number;
}

/** What asks for less before it comes first. */
const KINDS: readonly PlaceKind[] = ['free', 'number', 'edge'];
/** How many bytes of ordinary text may stand before. */
const PASSES_BEFORE: Readonly<Record<PlaceKind, number>> = { free: 1, edge: 0.35, number: 0.4 };

/**
 * What eight buckets more cost at every byte, and what one place that they let through costs: about, in nanoseconds, measured. Ordinary
 * text holds more of such places than bytes by themselves say.
 */
const EIGHT_COST = 0.3;
const START_COST = 200;

/**
 * Places alike in one bucket; from then on the two whose union lets through least more, until there are as few as can be told apart,
 * and further where eight fewer are worth more than what they let through.
 */
export function bucketsOf(places: readonly PlaceEntry[]): readonly Bucket[] {
  const alike = new Map<string, Bucket>();
  for (const { before, after } of places) {
    // Where every text begins is looked at in any case.
    if (before[0] !== undefined && !before[0].subarray(0, OUTSIDE).includes(1)) continue;
    const kind = startKind(before[0]);
    const bytes = Array.from({ length: START_BYTES }, (_, i) => halvesOf(after[i]));
    alike.set(`${kind} ${bytes.map(({ low, high }) => `${low}:${high}`).join()}`, bucket(kind, bytes));
  }
  const buckets = new Set(alike.values());
  const unions = [...buckets].flatMap((one, i) => unionsOf(one, [...buckets].slice(i + 1)));
  let best: readonly Bucket[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let most = MOST_BUCKETS; most > 0; most -= 8) {
    join(buckets, unions, most);
    const cost = costOf(buckets);
    if (cost < least) [best, least] = [[...buckets], cost];
  }
  return best;
}

function join(buckets: Set<Bucket>, unions: Union[], most: number): void {
  while (buckets.size > most) {
    const { of, union } = cheapest(unions.filter(({ of }) => buckets.has(of[0]) && buckets.has(of[1])));
    for (const part of of) buckets.delete(part);
    unions.push(...unionsOf(union, [...buckets]));
    buckets.add(union);
  }
}

/** For each byte of ordinary text, by its pairs: the bytes by themselves do not say that letters stand together. */
function costOf(buckets: ReadonlySet<Bucket>): number {
  const shownBy = ({ kind, bytes, chance }: Bucket) =>
    Math.max(chance, PASSES_BEFORE[kind] * chanceOfSets(bytes.map(setOf)));
  const shown = [...buckets].reduce((sum, one) => sum + shownBy(one), 0);
  return Math.ceil(buckets.size / 8) * EIGHT_COST + shown * START_COST;
}

interface Union {
  readonly of: readonly [Bucket, Bucket];
  readonly union: Bucket;
  /** How much more it lets through than the two. */
  readonly more: number;
}

function unionsOf(one: Bucket, others: readonly Bucket[]): Union[] {
  return others.map((other) => {
    const bytes = one.bytes.map(({ low, high }, i) => {
      const more = other.bytes[i] as Halves;
      return { low: low | more.low, high: high | more.high };
    });
    const union = bucket(KINDS.find((kind) => kind === one.kind || kind === other.kind) ?? one.kind, bytes);
    return { of: [one, other], union, more: union.chance - one.chance - other.chance };
  });
}

function cheapest(unions: readonly Union[]): Union {
  return unions.reduce((best, one) => (one.more < best.more ? one : best));
}

function bucket(kind: PlaceKind, bytes: readonly Halves[]): Bucket {
  const alone = bytes.reduce((product, halves) => product * chanceOfHalves(halves), 1);
  const chance = PASSES_BEFORE[kind] * Math.max(alone, bytes.every(areHex) ? IN_DIGESTS : 0);
  return { kind, bytes, chance };
}

/** How much of ordinary text are digests and ids, in hexadecimal digits: lock files, logs. Bytes by themselves do not say so. */
const IN_DIGESTS = 0.008;

/** Whether all digits of hexadecimal in small letters are among them: the high halves of both kinds, and all low ones. */
function areHex({ low, high }: Halves): boolean {
  return (high & 0b1001000) === 0b1001000 && (low & 0x3ff) === 0x3ff;
}

/** Beyond the text stands a zero. */
function halvesOf(allowed: PlaceSet | undefined): Halves {
  if (allowed === undefined) return { low: 0xffff, high: 0xffff };
  let low = allowed[OUTSIDE] ? 1 : 0;
  let high = low;
  for (let byte = 0; byte < 256; byte += 1) {
    if (!allowed[byte]) continue;
    low |= 1 << (byte & 15);
    high |= 1 << (byte >>> 4);
  }
  return { low, high };
}

function setOf({ low, high }: Halves): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (low >>> (byte & 15)) & (high >>> (byte >>> 4)) & 1);
}

const chances = new Map<number, number>();

function chanceOfHalves({ low, high }: Halves): number {
  const key = low * 65536 + high;
  let chance = chances.get(key);
  if (chance === undefined) {
    chance = 0;
    for (let byte = 0; byte < 256; byte += 1)
      if ((low >>> (byte & 15)) & (high >>> (byte >>> 4)) & 1) chance += chanceOfByte(byte);
    chances.set(key, chance);
  }
  return chance;
}

/**
 * Places put together in buckets of which the inner loop tells apart as many as a shuffle has bits, so that together they let through
 * as little of ordinary text as may be; see image-places.ts.
 */

import type { PlaceEntry } from './image-parts.ts';
import { MOST_BUCKETS } from './layout.ts';
import { OUTSIDE, type PlaceSet } from './set-sequence.ts';
import { startSets } from './start-classes.ts';
import { chanceOfByte, chanceOfSets } from './text-model.ts';

/** A bit for each class that may stand there, for the byte before a place and each of its first ones. */
type Masks = readonly number[];

interface Bucket {
  readonly masks: Masks;
  /** The share of places in ordinary text that it lets through, about. */
  readonly chance: number;
}

/**
 * What eight buckets more cost at every byte, and what one place that they let through costs: about, in nanoseconds, measured. Ordinary
 * text holds more of such places than bytes by themselves say.
 */
const EIGHT_COST = 0.1;
const START_COST = 100;

/**
 * Places alike in one bucket; from then on the two whose union lets through least more, until there are as few as can be told apart,
 * and further where eight fewer are worth more than what they let through.
 */
export function bucketsOf(places: readonly PlaceEntry[], classes: Uint8Array): readonly { readonly masks: Masks }[] {
  const chances = new Chances(classes);
  let buckets: readonly Bucket[] = alike(places, classes).map((masks) => ({ masks, chance: chances.ofMasks(masks) }));
  let best: readonly Bucket[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let most = MOST_BUCKETS; most > 0; most -= 8) {
    buckets = joined(buckets, most, chances);
    const cost = costOf(buckets, chances);
    if (cost < least) [best, least] = [buckets, cost];
  }
  return best;
}

function alike(places: readonly PlaceEntry[], classes: Uint8Array): readonly Masks[] {
  const all = new Map<string, Masks>();
  for (const sets of places.map(startSets)) {
    // Where every text begins is looked at in any case.
    if (sets[0] !== undefined && !sets[0].subarray(0, OUTSIDE).includes(1)) continue;
    const masks = sets.map((set) => maskOf(set, classes));
    all.set(masks.join(), masks);
  }
  return [...all.values()];
}

function joined(all: readonly Bucket[], most: number, chances: Chances): Bucket[] {
  const buckets = new Set(all);
  const unions = all.flatMap((one, i) => unionsOf(one, all.slice(i + 1), chances));
  while (buckets.size > most) {
    const { of, union } = cheapest(unions.filter(({ of }) => buckets.has(of[0]) && buckets.has(of[1])));
    for (const part of of) buckets.delete(part);
    unions.push(...unionsOf(union, [...buckets], chances));
    buckets.add(union);
  }
  return [...buckets];
}

interface Union {
  readonly of: readonly [Bucket, Bucket];
  readonly union: Bucket;
  /** How much more it lets through than the two. */
  readonly more: number;
}

function unionsOf(one: Bucket, others: readonly Bucket[], chances: Chances): Union[] {
  return others.map((other) => {
    const masks = one.masks.map((mask, i) => mask | (other.masks[i] as number));
    const union = { masks, chance: chances.ofMasks(masks) };
    return { of: [one, other], union, more: union.chance - one.chance - other.chance };
  });
}

function cheapest(unions: readonly Union[]): Union {
  return unions.reduce((best, one) => (one.more < best.more ? one : best));
}

/** For each byte of ordinary text, by its pairs: the bytes by themselves do not say that letters stand together. */
function costOf(buckets: readonly Bucket[], chances: Chances): number {
  const shown = buckets.reduce((sum, { masks, chance }) => sum + Math.max(chance, chances.ofPairs(masks)), 0);
  return Math.ceil(buckets.length / 8) * EIGHT_COST + shown * START_COST;
}

/** The classes of its bytes. */
function maskOf(allowed: PlaceSet | undefined, classes: Uint8Array): number {
  let mask = 0;
  for (let byte = 0; byte <= OUTSIDE; byte += 1)
    if (allowed === undefined || allowed[byte]) mask |= 1 << (classes[byte] as number);
  return mask;
}

/** How much of ordinary text are digests and ids, in hexadecimal digits: lock files, logs. Bytes by themselves do not say so. */
const IN_DIGESTS = 0.008;

/** How often the classes stand in ordinary text. */
class Chances {
  readonly #classes: Uint8Array;
  readonly #hex: number;
  readonly #known = new Map<number, number>();
  readonly #sets = new Map<number, Uint8Array>();

  constructor(classes: Uint8Array) {
    this.#classes = classes;
    this.#hex = [...'0123456789abcdef'].reduce(
      (mask, digit) => mask | (1 << (classes[digit.charCodeAt(0)] as number)),
      0,
    );
  }

  /** By the bytes by themselves. */
  ofMasks(masks: readonly number[]): number {
    const [before, ...first] = masks as [number, ...number[]];
    const alone = first.reduce((product, mask) => product * this.#of(mask), 1);
    const inDigests = first.every((mask) => (mask & this.#hex) === this.#hex) ? IN_DIGESTS : 0;
    return this.#of(before) * Math.max(alone, inDigests);
  }

  ofPairs(masks: readonly number[]): number {
    return chanceOfSets(masks.map((mask) => this.#setOf(mask)));
  }

  #of(mask: number): number {
    let chance = this.#known.get(mask);
    if (chance === undefined) {
      chance = this.#setOf(mask).reduce((sum, has, byte) => sum + has * chanceOfByte(byte), 0);
      this.#known.set(mask, chance);
    }
    return chance;
  }

  #setOf(mask: number): Uint8Array {
    const set =
      this.#sets.get(mask) ??
      Uint8Array.from({ length: 256 }, (_, byte) => (mask >>> (this.#classes[byte] as number)) & 1);
    this.#sets.set(mask, set);
    return set;
  }
}

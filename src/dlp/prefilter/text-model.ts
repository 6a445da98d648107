/**
 * How often ordinary text holds a sequence of bytes: a chain of pairs, letters without case, and words that a chain takes for rare.
 * Only the speed of the prefilter depends on it, never a finding.
 */

import { ALL_CLASSES, classOf } from './byte-classes.ts';
import { PAIRS, TRIPLES } from './text-statistics.ts';
import { WORDS } from './text-words.ts';

/** Letters (0 to 25), digits, signs one by one; control characters and bytes beyond ASCII share the last two. */
export const SYMBOLS = 72;
const DIGITS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'];
const CODES = new Map(DIGITS.map((c, i) => [c, i]));
/** A digit of the table is that many halvings. */
export const STEP = 3;

const SYMBOL = Uint8Array.from({ length: 256 }, (_, byte) => symbolOf(byte));
const FOLLOWS = Float64Array.from(PAIRS, (c) => 2 ** -((CODES.get(c) ?? 63) / STEP));

function symbolOf(byte: number): number {
  if (byte >= 128) return SYMBOLS - 1;
  if (byte < 32) return byte === 10 ? SYMBOLS - 3 : SYMBOLS - 2;
  const folded = byte >= 65 && byte <= 90 ? byte | 32 : byte;
  if (folded >= 97 && folded <= 122) return folded - 97;
  return 26 + (folded < 65 ? folded - 32 : folded < 97 ? folded - 91 + 33 : folded - 123 + 39);
}

/** They share one symbol, but are not alike. */
const BEYOND_ASCII = 1 / 32;

/** The share of places in ordinary text where the byte stands. */
export function chanceOfByte(byte: number): number {
  return ALONE[byte] as number;
}

/** The share of places in ordinary text where a byte of the set stands. */
export function chanceOfSet(set: ArrayLike<number>): number {
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) if (set[byte]) sum += ALONE[byte] as number;
  return Math.min(1, sum);
}

/** The share of places in ordinary text where these bytes, letters in either case, begin. */
export function chanceOfText(bytes: ArrayLike<number>): number {
  const chance = chanceInChain(bytes);
  if (bytes.length < SHORTEST_WORD) return chance;
  const text = String.fromCharCode(...Array.from(bytes));
  let [oftener, least] = [1, 0];
  for (let i = 0; i + SHORTEST_WORD <= text.length; i += 1)
    for (const { word, times, share } of WORDS_WITH.get(text.slice(i, i + SHORTEST_WORD)) ?? []) {
      if (i === 0 && word.includes(text)) least = Math.max(least, share);
      if (text.startsWith(word, i)) oftener = Math.max(oftener, times);
    }
  return Math.max(chance * oftener, least);
}

/** The same by what stands beside each other alone. */
export function chanceInChain(bytes: ArrayLike<number>): number {
  let chance = 1;
  let row = SYMBOLS * SYMBOLS;
  for (let i = 0; i < bytes.length; i += 1) {
    const symbol = SYMBOL[bytes[i] as number] as number;
    chance *= (FOLLOWS[row + symbol] as number) * (symbol === SYMBOLS - 1 ? BEYOND_ASCII : 1);
    row = symbol * SYMBOLS;
    if (i >= 2) chance *= OFTENER.get(keyOf(bytes[i - 2] as number, bytes[i - 1] as number, bytes[i] as number)) ?? 1;
  }
  return chance;
}

/** How often one of these classes of bytes stands after the byte, or before it. */
export function chanceBeside(byte: number, classes: number, side: 'after' | 'before'): number {
  if (classes === ALL_CLASSES) return 1;
  const table = side === 'after' ? CLASS_AFTER : CLASS_BEFORE;
  const row = 8 * (SYMBOL[byte] as number);
  let sum = 0;
  for (let i = 0; i < 8; i += 1) if ((classes >>> i) & 1) sum += table[row + i] as number;
  return Math.min(1, sum);
}

/** Of three bytes that ordinary text holds far oftener than their pairs say (`htt`, `you`): how much. */
const OFTENER = new Map(
  TRIPLES.split(' ').map((item): [number, number] => {
    const [a = 0, b = 0, c = 0] = [...item].map((char) => char.charCodeAt(0));
    return [keyOf(a, b, c), 2 ** ((CODES.get(item[3] ?? '') ?? 0) / STEP)];
  }),
);

const SHORTEST_WORD = 4;

interface Word {
  readonly word: string;
  /** How often ordinary text holds it, and how much oftener than its chain says. */
  readonly share: number;
  readonly times: number;
}

/** By four bytes: the words that hold them. */
const WORDS_WITH = new Map<string, Word[]>();
for (const item of WORDS.split('\t').filter((item) => item !== '')) {
  const word = item.slice(0, -1);
  const share = 2 ** -((CODES.get(item.slice(-1)) ?? 63) / STEP);
  const known = { word, share, times: share / chanceInChain([...word].map((c) => c.charCodeAt(0))) };
  for (let i = 0; i + SHORTEST_WORD <= word.length; i += 1) {
    const part = word.slice(i, i + SHORTEST_WORD);
    const all = WORDS_WITH.get(part) ?? [];
    if (!all.includes(known)) all.push(known);
    WORDS_WITH.set(part, all);
  }
}

function keyOf(a: number, b: number, c: number): number {
  return ((SYMBOL[a] as number) * SYMBOLS + (SYMBOL[b] as number)) * SYMBOLS + (SYMBOL[c] as number);
}

/** The share of places in ordinary text where bytes of these sets stand, one after the other. */
export function chanceOfSets(sets: readonly ArrayLike<number>[]): number {
  let row: Float64Array | null = null;
  for (const set of sets) {
    const shares = sharesOf(set);
    row = row === null ? shares.map((share, symbol) => share * alone(symbol)) : next(row, shares);
  }
  return row === null ? 1 : row.reduce((sum, chance) => sum + chance, 0);
}

const alone = (symbol: number): number => FOLLOWS[SYMBOLS * SYMBOLS + symbol] as number;

function next(row: Float64Array, shares: Float64Array): Float64Array {
  const out = new Float64Array(SYMBOLS);
  for (let last = 0; last < SYMBOLS; last += 1) {
    const chance = row[last] as number;
    if (chance === 0) continue;
    for (let symbol = 0; symbol < SYMBOLS; symbol += 1) {
      const share = shares[symbol] as number;
      if (share > 0)
        out[symbol] = (out[symbol] as number) + chance * share * (FOLLOWS[last * SYMBOLS + symbol] as number);
    }
  }
  return out;
}

/** Sets around anchors of one stretch are the same objects. */
const knownShares = new WeakMap<ArrayLike<number>, Float64Array>();

/** Of each symbol, the share of its bytes that are in the set. */
function sharesOf(set: ArrayLike<number>): Float64Array {
  const known = knownShares.get(set);
  if (known !== undefined) return known;
  const out = new Float64Array(SYMBOLS);
  for (let byte = 0; byte < 256; byte += 1)
    if (set[byte]) out[SYMBOL[byte] as number] = (out[SYMBOL[byte] as number] ?? 0) + (SHARE[byte] as number);
  knownShares.set(set, out);
  return out;
}

/** Of its symbol: most letters are small, and those that share a symbol are alike. */
const SHARE = Float64Array.from(SYMBOL, (symbol, byte) => {
  if (symbol < 26) return byte < 97 ? 0.15 : 0.85;
  return 1 / SYMBOL.filter((other) => other === symbol).length;
});

/** Of all places. */
const ALONE = Float64Array.from(SYMBOL, (symbol, byte) => alone(symbol) * (SHARE[byte] as number));

/** By symbol: the share of each class of bytes among what follows, and among what comes before. */
const CLASS_AFTER = besides((symbol, other) => FOLLOWS[symbol * SYMBOLS + other] as number);
const CLASS_BEFORE = besides((symbol, other) => alone(other) * (FOLLOWS[other * SYMBOLS + symbol] as number));

function besides(chance: (symbol: number, other: number) => number): Float64Array {
  const out = new Float64Array(8 * SYMBOLS);
  for (let symbol = 0; symbol < SYMBOLS; symbol += 1) {
    const row = out.subarray(8 * symbol, 8 * symbol + 8);
    for (let byte = 0; byte < 256; byte += 1) {
      const classes = classOf(byte);
      const bit = 31 - Math.clz32(classes & -classes);
      row[bit] = (row[bit] ?? 0) + chance(symbol, SYMBOL[byte] as number) * (SHARE[byte] as number);
    }
    const all = row.reduce((sum, share) => sum + share, 0);
    for (let i = 0; i < 8; i += 1) row[i] = (row[i] ?? 0) / (all || 1);
  }
  return out;
}

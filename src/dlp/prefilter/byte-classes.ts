/**
 * Eight classes of bytes, a bit for each, that tell well what may stand beside a text: signs and blanks, digits, brackets and
 * underscore, and five of letters, about as frequent as each other. A letter is in one class in either case. A vector of bytes is
 * put into them by two shuffles over their halves.
 */

import { OUTSIDE, type PlaceSet } from './set-sequence.ts';

const SIGN = 1;
const DIGIT = 2;
const BRACKET = 128;
/** Of the columns of ASCII from `@` to `o`, then from `P` to DEL: by the low half. */
const EARLY = lettersOf('`', ['ehcf', 'aidgbkj', '`onlm'], 4);
const LATE = lettersOf('p', ['pqtvxyz', 'rsuw'], 32);

function lettersOf(first: string, groups: readonly string[], bit: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => {
    const group = groups.findIndex((letters) => letters.includes(String.fromCharCode(first.charCodeAt(0) + i)));
    return group === -1 ? (first === 'p' ? BRACKET : bit) : bit << group;
  });
}

/** A byte's class is what both halves have. */
export const LOW_HALF = Uint8Array.from({ length: 16 }, (_, i) => SIGN | DIGIT | (EARLY[i] ?? 0) | (LATE[i] ?? 0));
export const HIGH_HALF = Uint8Array.from({ length: 16 }, (_, i) => {
  if (i < 3) return SIGN;
  if (i === 3 || i >= 8) return DIGIT;
  return i % 2 === 0 ? 4 | 8 | 16 : 32 | 64 | BRACKET;
});

export const ALL_CLASSES = 255;

export function classOf(byte: number): number {
  return (LOW_HALF[byte & 15] as number) & (HIGH_HALF[byte >>> 4] as number);
}

/** Those of a set of bytes. Beyond the text stands a sign: a line's end before it, a zero after it. */
export function classesOf(set: PlaceSet | undefined): number {
  if (set === undefined) return ALL_CLASSES;
  let classes = set[OUTSIDE] ? SIGN : 0;
  for (let byte = 0; byte < 256; byte += 1) if (set[byte]) classes |= classOf(byte);
  return classes;
}

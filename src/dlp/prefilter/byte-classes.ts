/**
 * Eight classes of bytes, a bit for each, that tell well what may stand beside a text: signs, blanks and what is beyond ASCII, digits,
 * brackets with colons and the like, and five of letters, put together so that with the shipped rules ordinary text is looked at least.
 * A letter is in the same in either case; `z` counts as a bracket too. A vector of bytes is put into them by two shuffles over halves.
 */

import { OUTSIDE, type PlaceSet } from './set-sequence.ts';

const SIGN = 1;
const DIGIT = 2;
const BRACKET = 128;
/** Of the columns of ASCII from `@` to `o`, then from `P` to DEL: by the low half. */
const EARLY = lettersOf('`', ['edgabj', 'ionlmc', '`khf'], 4);
const LATE = lettersOf('p', ['pqtxyzu', 'rswv'], 32);
/** Halves of `0` to `9`; `:` to `?`, in the same column, are in what the others have. */
const DIGITS = 10;

function lettersOf(first: string, groups: readonly string[], bit: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => {
    const group = groups.findIndex((letters) => letters.includes(String.fromCharCode(first.charCodeAt(0) + i)));
    return group === -1 ? (first === 'p' ? BRACKET : bit) : bit << group;
  });
}

/** A byte's class is what both halves have. */
export const LOW_HALF = Uint8Array.from(
  { length: 16 },
  (_, i) => SIGN | (i < DIGITS ? DIGIT : BRACKET) | (EARLY[i] ?? 0) | (LATE[i] ?? 0),
);
export const HIGH_HALF = Uint8Array.from({ length: 16 }, (_, i) => {
  if (i < 3 || i >= 8) return SIGN;
  if (i === 3) return DIGIT | BRACKET;
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

/** The Kelvin sign and the long s: under (?i) RE2 takes them for `k` and `s`, so a text that holds them is looked at again. */

import { isAscii } from 'node:buffer';

const LETTERS = [
  { bytes: Buffer.from('\u212a'), ascii: 0x6b },
  { bytes: Buffer.from('\u017f'), ascii: 0x73 },
] as const;

export interface FoldingLetter {
  readonly at: number;
  readonly length: number;
  readonly ascii: number;
}

export interface FoldedText {
  /** With the ASCII letters in their places. */
  readonly text: Buffer;
  /** Offset in the text as it was, of an offset of this one. */
  readonly original: (offset: number) => number;
}

/** In order; none, nearly always. */
export function foldingLetters(text: Buffer): FoldingLetter[] {
  if (isAscii(text)) return [];
  const found = LETTERS.flatMap(({ bytes, ascii }) =>
    placesOf(text, bytes).map((at) => ({ at, length: bytes.length, ascii })),
  );
  return found.sort((a, b) => a.at - b.at);
}

/** Those that are within twice that distance of each other, together. */
export function nearOf(letters: readonly FoldingLetter[], distance: number): FoldingLetter[][] {
  const out: FoldingLetter[][] = [];
  for (const letter of letters) {
    const last = out.at(-1);
    if (last !== undefined && letter.at - (last.at(-1)?.at ?? 0) <= 2 * distance) last.push(letter);
    else out.push([letter]);
  }
  return out;
}

/** A stretch of the text that the letters are in. */
export function foldedText(
  text: Buffer,
  letters: readonly FoldingLetter[],
  [start, end]: readonly [number, number],
): FoldedText {
  const out = Buffer.alloc(end - start);
  /** Offsets after each letter, in the new text, and how far the old text is ahead from there. */
  const after: number[] = [0];
  const ahead: number[] = [start];
  let [from, to] = [start, 0];
  for (const { at, length, ascii } of letters) {
    to += text.copy(out, to, from, at);
    out[to] = ascii;
    to += 1;
    from = at + length;
    after.push(to);
    ahead.push(from - to);
  }
  to += text.copy(out, to, from, end);
  const original = (offset: number) => offset + (ahead[firstAbove(after, offset) - 1] ?? start);
  return { text: out.subarray(0, to), original };
}

function placesOf(text: Buffer, what: Buffer): number[] {
  const out: number[] = [];
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length)) out.push(at);
  return out;
}

/** Index of the first that is greater. */
function firstAbove(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

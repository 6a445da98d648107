/**
 * Letters beyond ASCII that hide others: those that nobody sees, put between others, and those that look like letters of
 * ASCII (T-35; Unicode TR39, the few that keys are made of): full-width and mathematical forms wherever they stand, lookalikes
 * of other scripts only in words that hold ASCII as well, so that Russian stays Russian. Bytes that are no UTF-8 stay as
 * they are, and blind nothing beside them.
 */

import { isAscii } from 'node:buffer';
import type { Ranges } from '../ranges.ts';
import { Splices, type Undone } from './splices.ts';

/**
 * Zero-width and joining characters, soft hyphen, byte order mark, bidi controls, fillers, variation selectors, tags, by their
 * bytes in UTF-8: U+00AD, U+034F, U+061C, U+115F, U+1160, U+180E, U+200B to 200F, U+202A to 202E, U+2060 to 2064, U+2066 to 2069,
 * U+3164, U+FE00 to FE0F, U+FEFF, U+FFA0, U+E0001, U+E0020 to E007F, U+E0100 to E01EF.
 */
const INVISIBLE =
  /\xc2\xad|\xcd\x8f|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\xa0\x8e)|\xe3\x85\xa4|\xef(?:\xb8[\x80-\x8f]|\xbe\xa0)|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xa4\xa6-\xa9])|\xef\xbb\xbf|\xf3\xa0(?:\x80[\x81\xa0-\xbf]|\x81[\x80-\xbf]|[\x84-\x87][\x80-\xbf])/g;
const CYRILLIC = 'АВЕЅІЈКМНОРСТУХЗаеѕіјорсухԁԛԝһӀ';
const CYRILLIC_AS = 'ABESIJKMHOPCTYX3aesijopcyxdqwhl';
const GREEK = 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναρ';
const GREEK_AS = 'ABEZHIKMNOPTYXovap';

/** What is read for a letter, by its bytes as Latin-1. */
const READ_AS = new Map<string, number>();
const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
[...CYRILLIC, ...GREEK].forEach((letter, i) => {
  READ_AS.set(latin1(letter), ([...CYRILLIC_AS, ...GREEK_AS][i] ?? letter).charCodeAt(0));
});
const LOOKALIKE = [...READ_AS.keys()].join('|');
for (let point = 0xff01; point <= 0xff5e; point += 1)
  READ_AS.set(latin1(String.fromCharCode(point)), point - 0xff01 + 0x21);
for (let point = 0x1d400; point <= 0x1d7ff; point += 1) {
  const plain = String.fromCodePoint(point).normalize('NFKC');
  if (/^[\x21-\x7e]$/.test(plain)) READ_AS.set(latin1(String.fromCodePoint(point)), plain.charCodeAt(0));
}
/**
 * Full-width and mathematical letters one by one, lookalikes beside a letter of ASCII together; each row of them is looked at
 * once, from its beginning.
 */
const CONFUSABLE = new RegExp(
  [
    '\xef(?:\xbc[\x81-\xbf]|\xbd[\x80-\x9e])|\xf0\x9d[\x90-\x9f][\x80-\xbf]',
    `(?<=[0-9A-Za-z_-])(?:${LOOKALIKE})+`,
    `(?<!${LOOKALIKE})(?:${LOOKALIKE})+(?=[0-9A-Za-z_-])`,
  ].join('|'),
  'g',
);

/** Stretches nearer to each other than this are looked at as one: to begin anew costs as much. */
const NEAR = 64;

/** Stretches that hold all letters beyond ASCII, each with a byte more on both sides; none in most text. */
export function lettersIn(text: Buffer): Ranges {
  if (isAscii(text)) return [];
  const out: number[] = [];
  for (let at = nextBeyondAscii(text, 0); at < text.length; ) {
    let end = at + 1;
    for (let next = end; next < text.length && next - end < NEAR; next += 1)
      if ((text[next] as number) > 127) end = next + 1;
    out.push(Math.max(0, at - 1), Math.min(text.length, end + 1));
    at = nextBeyondAscii(text, end);
  }
  return out;
}

/** Four bytes at once. */
function nextBeyondAscii(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && ((text.byteOffset + at) & 3) !== 0) {
    if ((text[at] as number) > 127) return at;
    at += 1;
  }
  if (at === text.length) return at;
  const words = new Int32Array(text.buffer, text.byteOffset + at, (text.length - at) >>> 2);
  let word = 0;
  while (word < words.length && ((words[word] as number) & 0x80808080) === 0) word += 1;
  at += 4 * word;
  while (at < text.length && (text[at] as number) < 128) at += 1;
  return at;
}

export function invisibleLayer(text: Buffer, letters = lettersIn(text)): Undone | null {
  const splices = matched(text, letters, INVISIBLE, (out, start, [found]) => out.add(start, start + found.length));
  return splices.count === 0 ? null : { encoding: 'invisible', text, splices, write: (plain) => plain };
}

export function confusableLayer(text: Buffer, letters = lettersIn(text)): Undone | null {
  const splices = matched(text, letters, CONFUSABLE, takeLetters);
  return splices.count === 0 ? null : { encoding: 'confusable', text, splices, write: (plain) => plain };
}

/** What `take` makes of each match in the stretches; patterns go by bytes: a character of Latin-1 is one. */
function matched(
  text: Buffer,
  letters: Ranges,
  pattern: RegExp,
  take: (out: Splices, start: number, found: RegExpExecArray) => void,
): Splices {
  const splices = new Splices();
  for (let i = 0; i < letters.length; i += 2) {
    const from = letters[i] as number;
    for (const found of text.toString('latin1', from, letters[i + 1]).matchAll(pattern))
      take(splices, from + found.index, found);
  }
  return splices;
}

function takeLetters(out: Splices, start: number, [found]: RegExpExecArray): void {
  // Those of other scripts have two bytes; of the others there is one.
  const length = found.charCodeAt(0) < 0xe0 ? 2 : found.length;
  for (let at = 0; at < found.length; at += length) {
    const value = READ_AS.get(found.slice(at, at + length));
    if (value !== undefined) out.add(start + at, start + at + length, value);
  }
}

/**
 * Letters beyond ASCII that hide others: those that nobody sees, put between others, and those that look like letters of
 * ASCII (T-35; Unicode TR39, the few that keys are made of): full-width and mathematical forms wherever they stand, lookalikes
 * of other scripts only in words that hold ASCII as well, so that Russian stays Russian. Bytes that are no UTF-8 stay as
 * they are, and blind nothing beside them.
 */

import { alphabet, hasAny, sequenceLength } from './layer.ts';
import { Splices, type Undone } from './splices.ts';

/** Zero-width and joining characters, soft hyphen, byte order mark, bidi controls, tags: first and last of each range. */
const INVISIBLE: readonly (readonly [number, number])[] = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x2069],
  [0xfeff, 0xfeff],
  [0xe0001, 0xe0001],
  [0xe0020, 0xe007f],
];
const CYRILLIC = 'АВЕЅІЈКМНОРСТУХЗаеѕіјорсухԁԛԝһӀ';
const CYRILLIC_AS = 'ABESIJKMHOPCTYX3aesijopcyxdqwhl';
const GREEK = 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναρ';
const GREEK_AS = 'ABEZHIKMNOPTYXovap';

const LOOKS_LIKE: ReadonlyMap<number, number> = new Map(
  [...CYRILLIC, ...GREEK].map((letter, i) => [
    letter.charCodeAt(0),
    ([...CYRILLIC_AS, ...GREEK_AS][i] ?? letter).charCodeAt(0),
  ]),
);
const WORD = alphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-');

/** First bytes in UTF-8 of all that is taken away, and of all that is read as something else. */
const FIRST_INVISIBLE = flags([0xc2, 0xcd, 0xd8, 0xe1, 0xe2, 0xef, 0xf3]);
const FIRST_CONFUSABLE = flags([0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xef, 0xf0]);

function flags(bytes: readonly number[]): Uint8Array {
  const out = new Uint8Array(256);
  for (const byte of bytes) out[byte] = 1;
  return out;
}

/** Whether a text with these bytes may hold a letter that nobody sees. */
export function mayBeInvisible(signs: Uint8Array): boolean {
  return hasAny(signs, FIRST_INVISIBLE);
}

/** Whether a text with these bytes may hold a letter that looks like another. */
export function mayBeConfusable(signs: Uint8Array): boolean {
  return hasAny(signs, FIRST_CONFUSABLE);
}

export function invisibleLayer(text: Buffer): Undone | null {
  const splices = new Splices();
  for (let at = 0; at < text.length; at += 1) {
    if (FIRST_INVISIBLE[text[at] as number] === 0) continue;
    const length = sequenceLength(text, at);
    if (length === 0) continue;
    const point = codeAt(text, at, length);
    if (INVISIBLE.some(([first, last]) => point >= first && point <= last)) splices.add(at, at + length);
    at += length - 1;
  }
  return splices.count === 0 ? null : { encoding: 'invisible', text, splices, write: (plain) => plain };
}

export function confusableLayer(text: Buffer): Undone | null {
  const found = new Lookalikes(text);
  for (let at = 0; at < text.length; at += 1) {
    if (FIRST_CONFUSABLE[text[at] as number] === 0) continue;
    const length = sequenceLength(text, at);
    if (length === 0) continue;
    found.take(at, length, codeAt(text, at, length));
    at += length - 1;
  }
  const splices = found.end();
  return splices.count === 0 ? null : { encoding: 'confusable', text, splices, write: (plain) => plain };
}

class Lookalikes {
  readonly #text: Uint8Array;
  readonly #splices = new Splices();
  /** Letters of other scripts in a row, which count once a letter of ASCII is before or after them: two bytes each. */
  #run: number[] = [];
  #start = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  take(at: number, length: number, point: number): void {
    const alike = LOOKS_LIKE.get(point);
    if (alike === undefined) {
      const form = asciiOf(point);
      if (form === 0) return;
      this.#settle();
      this.#splices.add(at, at + length, form);
      return;
    }
    if (at !== this.#start + 2 * this.#run.length) this.#settle();
    if (this.#run.length === 0) this.#start = at;
    this.#run.push(alike);
  }

  end(): Splices {
    this.#settle();
    return this.#splices;
  }

  #settle(): void {
    const end = this.#start + 2 * this.#run.length;
    const isInWord = WORD[this.#text[this.#start - 1] ?? 0] === 1 || WORD[this.#text[end] ?? 0] === 1;
    for (let i = 0; isInWord && i < this.#run.length; i += 1)
      this.#splices.add(this.#start + 2 * i, this.#start + 2 * i + 2, this.#run[i]);
    this.#run = [];
  }
}

function codeAt(text: Uint8Array, at: number, length: number): number {
  let point = (text[at] as number) & (0xff >>> (length + 1));
  for (let i = at + 1; i < at + length; i += 1) point = (point << 6) | ((text[i] as number) & 63);
  return point;
}

/** The sign of ASCII that a full-width or mathematical one is a form of; 0 for none. */
function asciiOf(point: number): number {
  if (point >= 0xff01 && point <= 0xff5e) return point - 0xff01 + 0x21;
  return point >= 0x1d400 && point <= 0x1d7ff ? (MATHEMATICAL[point - 0x1d400] as number) : 0;
}

const MATHEMATICAL = Uint8Array.from({ length: 0x400 }, (_, i) => {
  const plain = String.fromCodePoint(0x1d400 + i).normalize('NFKC');
  return /^[\x21-\x7e]$/.test(plain) ? plain.charCodeAt(0) : 0;
});

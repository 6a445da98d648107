/**
 * What signs a text holds, in TypeScript, for where there is no WebAssembly: the same as assembly/survey.ts, bit for bit. Each bit says
 * that somewhere the bytes stand that one kind of reader needs; where it is missing, that reader finds nothing.
 */

import { alphabet, LETTERS_AND_DIGITS } from '../alphabet.ts';

/** Of `encodings`. */
export const ENCODINGS = {
  /** `%` and a hexadecimal digit. */
  percent: 1,
  /** A backslash before `u` or `/`. */
  jsonEscape: 2,
  /** One before `u`, `x`, `0` or `1`. */
  sourceEscape: 4,
  /** One before `n`, `r` or `t`. */
  writtenEnd: 8,
  /** `&` before `#` or the first two letters of a name that is read. */
  entity: 16,
  /** A sign of equality at the end of a line, or `=3D`. */
  quoted: 32,
  /** The first bytes of a letter that hides, or looks like another. */
  letters: 64,
  zero: 128,
  /** What orders to a terminal begin with. */
  escape: 256,
  /** The first bytes of gzip or zstd; the second and third of an entry of a zip archive. */
  packed: 512,
  /** The end of an offset in a dump, and what stands behind it. */
  dump: 1024,
} as const;

/** Of `shapes`. */
export const SHAPES = {
  /** Four blanks behind a word. */
  gap: 1,
  /** Two tabs behind a word. */
  tabs: 2,
  /** `: |` or `: >`. */
  block: 4,
  /** One or two stars before a word. */
  bold: 8,
  /** The end of an element that may hold a name. */
  element: 16,
  /** `alue` and what may stand between a key and its value. */
  field: 32,
  /** `#de`. */
  define: 64,
  /** `@"`. */
  objectString: 128,
  /** `<th`. */
  tableHead: 256,
  /** `alues`, `VAL` or `tdi`. */
  rows: 512,
  /** `</`, `/>` or `<![`. */
  markup: 1024,
  /** A line that begins with two dashes. */
  boundary: 2048,
} as const;

/** Lines that may be events: their count, and from which word on the first ones are noted. */
export const EVENT_COUNT = 0xfc / 4;
export const EVENTS = 0x100 / 4;
export const MOST_EVENTS = 64;

/** Both look at the bytes from `from` to before `to`, and at eight on both sides. */
export interface Kernel {
  readonly encodings: (from: number, to: number) => number;
  readonly shapes: (from: number, to: number) => number;
}

const HEX = alphabet('0123456789ABCDEFabcdef');
const NAME_FIRST = alphabet('lUpcesd');
const NAME_SECOND = alphabet('onelq');
const ELEMENT_FIRST = alphabet('tdknbselcTDKNBSELC');
const AROUND_VALUE = alphabet('"\':= \t\n\v\f\r\xa0');
const NAME_BEGINS = alphabet(`${LETTERS_AND_DIGITS.slice(0, 52)}_$.`).fill(1, 128);

export function kernelOver(memory: ArrayBufferLike): Kernel {
  const bytes = new Uint8Array(memory);
  const words = new Uint32Array(memory);
  const encodings = (from: number, to: number) => {
    let flags = 0;
    for (let at = from; at < to; at += 1) flags |= encodingAt(bytes, at);
    return flags;
  };
  const shapes = (from: number, to: number) => {
    let flags = 0;
    let count = 0;
    for (let at = from; at < to; at += 1) {
      flags |= shapeAt(bytes, at);
      if (!isEventLine(bytes, at)) continue;
      if (count < MOST_EVENTS) words[EVENTS + count] = at;
      count += 1;
    }
    words[EVENT_COUNT] = count;
    return flags;
  };
  return { encodings, shapes };
}

/** `text` stands there, a byte each. */
function has(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function encodingAt(bytes: Uint8Array, at: number): number {
  const here = bytes[at] as number;
  const next = bytes[at + 1] as number;
  if (here > 127) return mayHide(bytes, at) ? ENCODINGS.letters : 0;
  if (here === 0x25) return HEX[next] === 1 ? ENCODINGS.percent : 0;
  if (here === 0x5c) return backslashed(next);
  if (here === 0x26) return isEntity(bytes, at) ? ENCODINGS.entity : 0;
  if (here === 0x30) return isDump(bytes, at) ? ENCODINGS.dump : 0;
  return WORD_BEGINS[here] === 0 ? 0 : (WORDS.find(([sign]) => has(bytes, at, sign))?.[1] ?? 0);
}

function isEntity(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1] as number;
  return next === 0x23 || (NAME_FIRST[next] === 1 && NAME_SECOND[bytes[at + 2] as number] === 1);
}

const WORDS: readonly (readonly [string, number])[] = [
  ['\0', ENCODINGS.zero],
  ['\x1b', ENCODINGS.escape],
  ['=\n', ENCODINGS.quoted],
  ['=\r\n', ENCODINGS.quoted],
  ['=3D', ENCODINGS.quoted],
  ['\x1f\x8b', ENCODINGS.packed],
  ['(\xb5', ENCODINGS.packed],
  ['K\x03', ENCODINGS.packed],
];

const WORD_BEGINS = alphabet(WORDS.map(([sign]) => sign[0]).join(''));

function backslashed(next: number): number {
  const sign = String.fromCharCode(next);
  return (
    ('u/'.includes(sign) ? ENCODINGS.jsonEscape : 0) |
    ('ux01'.includes(sign) ? ENCODINGS.sourceEscape : 0) |
    ('nrt'.includes(sign) ? ENCODINGS.writtenEnd : 0)
  );
}

function isDump(bytes: Uint8Array, at: number): boolean {
  return has(bytes, at, '00: ') || has(bytes, at, '00  ') || has(bytes, at, '000 ');
}

/** By the first byte of a character that nobody sees, or of one that looks like another: those that may come second. */
const HIDING: Readonly<Record<number, readonly number[]>> = {
  194: [0xad],
  225: [0x85, 0xa0],
  226: [0x81],
  227: [0x85],
  239: [0xb8, 0xbb, 0xbc, 0xbd, 0xbe],
  240: [0x9d],
  243: [0xa0],
};
/** Behind `e2 80`: quotes and dashes are of the same block. */
const HIDDEN_THIRD = [0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0xaa, 0xab, 0xac, 0xad, 0xae];
/** Greek, Cyrillic and Arabic, and what joins them. */
const SCRIPTS = [0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd8];

function mayHide(bytes: Uint8Array, at: number): boolean {
  const [first, second, third] = [bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number];
  if (SCRIPTS.includes(first) || HIDING[first]?.includes(second) === true) return true;
  return first === 0xe2 && second === 0x80 && HIDDEN_THIRD.includes(third);
}

/** The bytes that begin a sign, what else must be so, and the flags. */
type Sign = readonly [begin: string, holds: (bytes: Uint8Array, at: number) => boolean, flags: number];

const always = () => true;
const isBehindWord = (bytes: Uint8Array, at: number) => !BLANKS.includes(bytes[at - 1] as number);
const isBehindColon = (bytes: Uint8Array, at: number) => bytes[at - 1] === 0x20 && bytes[at - 2] === 0x3a;
const BLANKS = [10, 0x20, 9];

const SIGNS: readonly Sign[] = [
  ['    ', isBehindWord, SHAPES.gap],
  ['\t\t', isBehindWord, SHAPES.tabs],
  ['|', isBehindColon, SHAPES.block],
  ['>', isBehindColon, SHAPES.block],
  ['*', isBold, SHAPES.bold],
  ['</', always, SHAPES.markup],
  ['</', (bytes, at) => ELEMENT_FIRST[bytes[at + 2] as number] === 1, SHAPES.element],
  ['/>', always, SHAPES.markup],
  ['<![', always, SHAPES.markup],
  ['<th', always, SHAPES.tableHead],
  ['alue', (bytes, at) => AROUND_VALUE[bytes[at + 4] as number] === 1, SHAPES.field],
  ['alues', always, SHAPES.rows],
  ['VAL', always, SHAPES.rows],
  ['tdi', always, SHAPES.rows],
  ['#de', always, SHAPES.define],
  ['@"', always, SHAPES.objectString],
  ['--', isLineStart, SHAPES.boundary],
];

const SIGN_BEGINS = alphabet(SIGNS.map(([begin]) => begin[0]).join(''));

function shapeAt(bytes: Uint8Array, at: number): number {
  let flags = 0;
  if (SIGN_BEGINS[bytes[at] as number] === 0) return flags;
  for (const [begin, holds, flag] of SIGNS) if (has(bytes, at, begin) && holds(bytes, at)) flags |= flag;
  return flags;
}

function isBold(bytes: Uint8Array, at: number): boolean {
  const word = bytes[at + 1] === 0x2a ? at + 2 : at + 1;
  return bytes[at - 1] !== 0x2a && NAME_BEGINS[bytes[word] as number] === 1;
}

function isLineStart(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 1] === 10 || bytes[at - 1] === 13;
}

function isEventLine(bytes: Uint8Array, at: number): boolean {
  if (!isLineStart(bytes, at)) return false;
  const here = bytes[at] as number;
  return here === 0x7b || here === 0x1e || here === 0xef || bytes[at + 1] === 0x3a || has(bytes, at, 'da');
}

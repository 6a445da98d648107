/**
 * Names and values that stand apart: lined up by blanks, in bold type, in two elements of HTML or XML, in two fields of an object,
 * in the block below the name. Rules that know a value by its name ask for it right behind it. Each is told as `name: value` on
 * a line of its own; every value keeps its place.
 */

import { alphabet, LETTERS_AND_DIGITS } from '../alphabet.ts';
import { nextByte } from '../next-byte.ts';
import { SHAPES } from '../survey/kernel.ts';
import { type Shapes, shapesOf } from '../survey/survey.ts';
import type { Piece } from './deltas.ts';

export interface Pair {
  readonly name: Piece;
  readonly value: Piece;
}

export interface Pairs {
  /** The text with line ends, tabs and quotes as they are, not as strings write them; every byte keeps its place. */
  readonly plain: Buffer;
  readonly pairs: readonly Pair[];
}

const LONGEST_NAME = 48;
const LONGEST_VALUE = 2048;
/** How far a name is looked for before its mark. */
const BEFORE = 2 * LONGEST_NAME;
/** How far from its value the name of a field may stand. */
const NEAR = 240;
/** Places of one kind that are looked at in a text. */
const MOST_TRIES = 1024;
const SHORTEST_VALUE = 6;
const [TAB, LF, BLANK, STAR, BACKSLASH] = [0x09, 0x0a, 0x20, 0x2a, 0x5c];
const NAME_BEGINS = alphabet(`${LETTERS_AND_DIGITS.slice(0, 52)}_$.`).fill(1, 128);

/** A text by its bytes, and in Latin-1, so that a character is a byte. */
interface Source {
  readonly bytes: Buffer;
  readonly text: string;
}

/** What stands at a mark. */
type Reader = (source: Source, at: number) => Pair | null;
/** The first place of a mark from here on; -1 where there is none. */
type Finder = (source: Source, from: number) => number;

export function pairsOf(text: Buffer, shapes: Shapes = shapesOf(text)): Pairs {
  const plain = unescaped(text);
  const { signs } = plain === text ? shapes : shapesOf(plain);
  if ((signs & ANY) === 0) return { plain, pairs: [] };
  const source = { bytes: plain, text: plain.toString('latin1') };
  const pairs = KINDS.flatMap(([find, read, sign]) => ((signs & sign) === 0 ? [] : pairsAt(source, find, read)));
  return { plain, pairs };
}

function pairsAt(source: Source, find: Finder, read: Reader): Pair[] {
  const out: Pair[] = [];
  for (let at = find(source, 0), tries = 0; at >= 0 && tries < MOST_TRIES; tries += 1) {
    const pair = read(source, at);
    if (pair !== null) out.push(pair);
    at = find(source, at + 1);
  }
  return out;
}

function mark(sign: string): Finder {
  return ({ text }, from) => text.indexOf(sign, from);
}

const fourBlanks: Finder = ({ bytes }, from) => gapFrom(bytes, from, BLANK, 4);
const twoTabs: Finder = ({ bytes }, from) => gapFrom(bytes, from, TAB, 2);

/** One or two stars before a name: lists and comments are full of others. */
const star: Finder = ({ bytes, text }, from) => {
  for (let at = text.indexOf('*', from); at >= 0; at = text.indexOf('*', at + 1)) {
    const name = bytes[at + 1] === STAR ? at + 2 : at + 1;
    if (bytes[at - 1] !== STAR && NAME_BEGINS[bytes[name] ?? 0] === 1) return at;
  }
  return -1;
};

/** Where a word ends that so many of one blank follow. One byte in so many is looked at; what lines begin with is passed over. */
function gapFrom(bytes: Buffer, from: number, blank: number, count: number): number {
  for (let at = from + count - 1; at < bytes.length; at += count) {
    if (bytes[at] !== blank) continue;
    let start = at;
    while (start > from && bytes[start - 1] === blank) start -= 1;
    while (bytes[at + 1] === blank) at += 1;
    if (at + 1 - start >= count && start > 0 && !isBreak(bytes[start - 1] as number)) return start;
  }
  return -1;
}

function isBreak(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === LF;
}

const STANDS_FOR = new Uint8Array(256);
for (const [letter, sign] of [
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
] as const)
  STANDS_FOR[letter.charCodeAt(0)] = sign.charCodeAt(0);

/** The text itself where a string escapes none of these; else a copy with blanks for the backslashes. */
function unescaped(text: Buffer): Buffer {
  let out: Buffer | null = null;
  for (let at = nextByte(text, BACKSLASH, 0); at < text.length; at = nextByte(text, BACKSLASH, at)) {
    const start = at;
    while (text[at] === BACKSLASH) at += 1;
    const sign = STANDS_FOR[text[at] ?? 0] as number;
    if (sign === 0) continue;
    out ??= Buffer.from(text);
    for (let i = start; i < at; i += 1) out[i] = BLANK;
    out[at] = sign;
  }
  return out ?? text;
}

/** Whether a value of this line could be one that a name would tell: most are words. */
function mayTell(bytes: Buffer, from: number): boolean {
  const end = Math.min(bytes.length, from + LONGEST_VALUE + BEFORE);
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === LF) return false;
    if (isDigit(byte)) return true;
  }
  return false;
}

function afterBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === BLANK || bytes[at] === TAB) at += 1;
  return at;
}

const NAME = `[A-Za-z\\x80-\\xff_$.][\\w .()/'\\x80-\\xff-]{1,${LONGEST_NAME - 1}}?`;
const SIGN = '(?::?=>?|:|->)';

const BEFORE_GAP = new RegExp(`(?:^|[{,:;|>("'\`]|[-+*]\\s)[ \\t]*(${NAME})["'\`\\])]{0,2}[ \\t]?(${SIGN})?$`, 'd');
const BEHIND_GAP = new RegExp(`(${SIGN}|\\|)?[ \\t]*([^\\s=:][^\\n]{0,${LONGEST_VALUE}})`, 'y');
const WORD = /^[\w.-]+$/;
/** By bytes: 0xa0 is no blank but the end of a letter. */
const TOKEN = /^[^\t-\r ]{6,}$/;
/** What a sign between a name and its value ends with. */
const ENDS_SIGN = Buffer.from('=>:');

/** `name     = value`, `name:      value`, and the columns of a word and one more. */
function inLine({ bytes, text }: Source, at: number): Pair | null {
  const next = afterBlanks(bytes, at);
  if (!mayTell(bytes, next)) return null;
  const behind = matchAt(BEHIND_GAP, text, next);
  const value = behind && telling(text, lastOf(behind, 2));
  if (behind === null || value === null) return null;
  const isToken = TOKEN.test(text.slice(value.start, value.end));
  // Without a sign one word stands behind another.
  if (!isToken && behind[1] === undefined && !ENDS_SIGN.includes(bytes[at - 1] as number)) return null;
  const from = at - BEFORE;
  const name = BEFORE_GAP.exec(text.slice(Math.max(0, from, lineStart(bytes, at, from)), at));
  if (name === null) return null;
  const isTold = name[2] ?? behind[1] ?? (isToken && WORD.test(name[1] ?? ''));
  return isTold ? { name: placed(name, 1, at - name.input.length), value } : null;
}

/** Not looked for before `from`. */
function lineStart(bytes: Buffer, at: number, from: number): number {
  let start = at;
  while (start > from && bytes[start - 1] !== LF) start -= 1;
  return start;
}

const BLOCK_NAME = new RegExp(`(?:^|\\n)[ \\t-]*["']?(${NAME})["']?: $`, 'd');
const BLOCK = /[|>][-+]?\r?\n[ \t]+([^\s][^\n]{0,2048})/y;

/** The first line of a block of YAML, by the colon of its name. */
function inBlock({ text }: Source, colon: number): Pair | null {
  const at = colon + 2;
  const from = Math.max(0, at - BEFORE);
  const block = matchAt(BLOCK, text, at);
  const value = block && telling(text, lastOf(block, 1));
  const name = value && BLOCK_NAME.exec(text.slice(from, at));
  return name && { name: placed(name, 1, from), value };
}

const BOLD = new RegExp(
  `\\*{1,2}(${NAME})(?::\\*{1,2}|\\*{1,2}[ \\t]?(?:[:=-]|\\xe2\\x80[\\x93\\x94]))[ \\t]*([^\\s*][^\\n]{0,${LONGEST_VALUE}})`,
  'dy',
);

/** `**name**: value` and `*name:* value`. */
function inBold({ text }: Source, at: number): Pair | null {
  const match = matchAt(BOLD, text, at);
  const value = match && telling(text, lastOf(match, 2));
  return match && value && { name: placed(match, 1), value };
}

const ELEMENT_NAME = new RegExp(`>\\s*(${NAME})\\s?:?\\s*$`, 'd');
const NEXT_ELEMENT = new RegExp(
  `</(?:t[hd]|dt|key|name|b|strong|em|label|span|code)>[ \\t]?[:=]?\\s*(?:</?[a-z][^<>]{0,80}>\\s*){0,4}([^\\s<>][^<>]{0,${LONGEST_VALUE}})`,
  'iy',
);

/** `<th>name</th><td>value</td>` and its like. */
function inElements({ text }: Source, at: number): Pair | null {
  const from = Math.max(0, at - BEFORE);
  const next = matchAt(NEXT_ELEMENT, text, at);
  const value = next && telling(text, lastOf(next, 1));
  const name = value && ELEMENT_NAME.exec(text.slice(from, at));
  return name && { name: placed(name, 1, from), value };
}

const NAMING = `(?:name|key|label|field|title|parameter|header|property|variable|attribute|id)["']?\\s{0,3}[:=]\\s{0,3}["']?`;
const NAME_BEFORE = new RegExp(`${NAMING}(${NAME})["']?(?:[\\s,;][^{}]*)?$`, 'di');
const NAME_BEHIND = new RegExp(`^[^{}]*?${NAMING}(${NAME})["']?(?:[\\s,;/}]|$)`, 'di');
/** Others, such as `currentValue`, have a name of their own. */
const IS_VALUE = /(?:(?:^|[^A-Za-z])|parameter_?|output_?|default_?|string_?|attribute_?|option_?|property_?)v$/i;
const FIELD_VALUE = /alue["']?\s{0,3}[:=]\s{0,3}(?:"([^"\n]{1,2048})"|'([^'\n]{1,2048})'|([^\s"',;{}[\]]{1,2048}))/dy;

/** `{"name": "…", "type": "…", "value": "…"}`, whichever comes first. */
function inFields({ text }: Source, at: number): Pair | null {
  const match = matchAt(FIELD_VALUE, text, at);
  if (match === null) return null;
  const all = placed(match, [1, 2, 3].find((group) => match[group] !== undefined) ?? 0);
  const from = Math.max(0, at - NEAR);
  const value = telling(text, all);
  if (value === null || !IS_VALUE.test(text.slice(Math.max(0, at - 12), at))) return null;
  const before = NAME_BEFORE.exec(text.slice(from, at));
  if (before !== null) return { name: placed(before, 1, from), value };
  const to = all.end + 1;
  const behind = NAME_BEHIND.exec(text.slice(to, to + NEAR));
  return behind && { name: placed(behind, 1, to), value };
}

const DEFINE = /#define[ \t]+(\w{2,48})[ \t]+("[^\n]{0,2048})/dy;

/** `#define name "value"` of C. */
function inDefine({ text }: Source, at: number): Pair | null {
  const match = matchAt(DEFINE, text, at);
  const value = match && telling(text, lastOf(match, 2));
  return match && value && { name: placed(match, 1), value };
}

const ASSIGNED = /(\w{2,48})["'\]]{0,2}\s{0,3}[:=]\s{0,3}$/d;
const OBJECT_STRING = /@("[^"\n]{1,2048}")/y;

/** `name = @"value"` of Objective-C. */
function inAssignment({ text }: Source, at: number): Pair | null {
  const from = Math.max(0, at - BEFORE);
  const string = matchAt(OBJECT_STRING, text, at);
  const value = string && telling(text, lastOf(string, 1));
  const name = value && ASSIGNED.exec(text.slice(from, at));
  return name && { name: placed(name, 1, from), value };
}

/** What says that there may be a pair, who reads it, and the shape of a text that holds one. */
const KINDS: readonly (readonly [find: Finder, read: Reader, sign: number])[] = [
  [fourBlanks, inLine, SHAPES.gap],
  [twoTabs, inLine, SHAPES.tabs],
  [mark(': |'), inBlock, SHAPES.block],
  [mark(': >'), inBlock, SHAPES.block],
  [star, inBold, SHAPES.bold],
  [mark('</'), inElements, SHAPES.element],
  [mark('alue'), inFields, SHAPES.field],
  [mark('#def'), inDefine, SHAPES.define],
  [mark('@"'), inAssignment, SHAPES.objectString],
];
const ANY = KINDS.reduce((signs, [, , sign]) => signs | sign, 0);

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Where a group is with which the match ends: to ask for the places of all would search again. */
function lastOf(match: RegExpExecArray, group: number): Piece {
  const end = match.index + match[0].length;
  return { start: end - (match[group] ?? '').length, end };
}

function placed({ indices }: RegExpExecArray, group: number, from = 0): Piece {
  const [start, end] = indices?.[group] ?? [0, 0];
  return { start: from + start, end: from + end };
}

/**
 * A value without the blanks behind it. Null for short ones and words without a number, which are nothing that a name would tell:
 * most are none, so that this is asked before the name is looked for.
 */
function telling(text: string, { start, end }: Piece): Piece | null {
  let last = Math.min(end, start + LONGEST_VALUE);
  while (last > start && text.charCodeAt(last - 1) <= BLANK) last -= 1;
  return last - start >= SHORTEST_VALUE && hasDigit(text, start, last) ? { start, end: last } : null;
}

function hasDigit(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (isDigit(text.charCodeAt(at))) return true;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/**
 * Names and values that stand apart: lined up by blanks, in bold type, in two elements of HTML or XML, in two fields of an object,
 * in the block below the name. Rules that know a value by its name ask for it right behind it. Each is told as `name: value` on
 * a line of its own; every value keeps its place.
 */

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
const [BLANK, BACKSLASH] = [0x20, 0x5c];

/** In Latin-1, so that a character is a byte, and the place of a mark. */
type Reader = (text: string, at: number) => Pair | null;

export function pairsOf(text: Buffer, shapes: Shapes = shapesOf(text)): Pairs {
  const plain = unescaped(text);
  const { signs } = plain === text ? shapes : shapesOf(plain);
  if ((signs & ANY) === 0) return { plain, pairs: [] };
  const all = plain.toString('latin1');
  const pairs = KINDS.flatMap(([mark, read, sign]) => ((signs & sign) === 0 ? [] : pairsAt(all, mark, read)));
  return { plain, pairs };
}

function pairsAt(text: string, mark: string, read: Reader): Pair[] {
  const out: Pair[] = [];
  for (let at = text.indexOf(mark), tries = 0; at >= 0 && tries < MOST_TRIES; tries += 1) {
    const pair = read(text, at);
    if (pair !== null) out.push(pair);
    at = text.indexOf(mark, Math.max(at + mark.length, afterBlanks(text, at)));
  }
  return out;
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
  for (let at = text.indexOf(BACKSLASH); at >= 0; at = text.indexOf(BACKSLASH, at)) {
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

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}

const NAME = `[A-Za-z\\x80-\\xff_$.][\\w .()/'\\x80-\\xff-]{1,${LONGEST_NAME - 1}}?`;
const SIGN = '(?::?=>?|:|->)';

const BEFORE_GAP = new RegExp(`(?:^|[{,:;|>("'\`]|[-+*]\\s)[ \\t]*(${NAME})["'\`\\])]{0,2}[ \\t]?(${SIGN})?$`, 'd');
const BEHIND_GAP = new RegExp(`(${SIGN}|\\|)?[ \\t]*([^\\s=:][^\\n]{0,${LONGEST_VALUE}})`, 'dy');
const WORD = /^[\w.-]+$/;
const TOKEN = /^\S{6,}$/;

/** `name     = value`, `name:      value`, and the columns of a word and one more. */
function inLine(text: string, at: number): Pair | null {
  if (at === 0 || text[at - 1] === '\n' || text[at - 1] === ' ' || text[at - 1] === '\t') return null;
  const from = Math.max(text.lastIndexOf('\n', at) + 1, at - BEFORE);
  const behind = matchAt(BEHIND_GAP, text, afterBlanks(text, at));
  const value = behind && telling(text, placed(behind, 2));
  const name = value && BEFORE_GAP.exec(text.slice(from, at));
  if (!name) return null;
  const isTold = name[2] ?? behind?.[1] ?? (WORD.test(name[1] ?? '') && TOKEN.test((behind?.[2] ?? '').trimEnd()));
  return isTold ? { name: placed(name, 1, from), value } : null;
}

const BLOCK_NAME = new RegExp(`(?:^|\\n)[ \\t-]*["']?(${NAME})["']?: $`, 'd');
const BLOCK = /[|>][-+]?\r?\n[ \t]+([^\s][^\n]{0,2048})/dy;

/** The first line of a block of YAML. */
function inBlock(text: string, at: number): Pair | null {
  if (text[at - 1] !== ' ' || text[at - 2] !== ':') return null;
  const from = Math.max(0, at - BEFORE);
  const block = matchAt(BLOCK, text, at);
  const value = block && telling(text, placed(block, 1));
  const name = value && BLOCK_NAME.exec(text.slice(from, at));
  return name && { name: placed(name, 1, from), value };
}

const BOLD = new RegExp(
  `\\*{1,2}(${NAME})(?::\\*{1,2}|\\*{1,2}[ \\t]?(?:[:=-]|\\xe2\\x80[\\x93\\x94]))[ \\t]*([^\\s*][^\\n]{0,${LONGEST_VALUE}})`,
  'dy',
);

/** `**name**: value` and `*name:* value`. */
function inBold(text: string, at: number): Pair | null {
  const match = text[at - 1] === '*' ? null : matchAt(BOLD, text, at);
  const value = match && telling(text, placed(match, 2));
  return match && value && { name: placed(match, 1), value };
}

const ELEMENT_NAME = new RegExp(`>\\s*(${NAME})\\s?:?\\s*$`, 'd');
const NEXT_ELEMENT = new RegExp(
  `</(?:t[hd]|dt|key|name|b|strong|em|label|span|code)>[ \\t]?[:=]?\\s*(?:</?[a-z][^<>]{0,80}>\\s*){0,4}([^\\s<>][^<>]{0,${LONGEST_VALUE}})`,
  'diy',
);

/** `<th>name</th><td>value</td>` and its like. */
function inElements(text: string, at: number): Pair | null {
  const from = Math.max(0, at - BEFORE);
  const next = matchAt(NEXT_ELEMENT, text, at);
  const value = next && telling(text, placed(next, 1));
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
function inFields(text: string, at: number): Pair | null {
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
function inDefine(text: string, at: number): Pair | null {
  const match = matchAt(DEFINE, text, at);
  const value = match && telling(text, placed(match, 2));
  return match && value && { name: placed(match, 1), value };
}

const ASSIGNED = /(\w{2,48})["'\]]{0,2}\s{0,3}[:=]\s{0,3}$/d;
const OBJECT_STRING = /@("[^"\n]{1,2048}")/dy;

/** `name = @"value"` of Objective-C. */
function inAssignment(text: string, at: number): Pair | null {
  const from = Math.max(0, at - BEFORE);
  const string = matchAt(OBJECT_STRING, text, at);
  const value = string && telling(text, placed(string, 1));
  const name = value && ASSIGNED.exec(text.slice(from, at));
  return name && { name: placed(name, 1, from), value };
}

/** What says that there may be a pair, who reads it, and the shape of a text that holds one. */
const KINDS: readonly (readonly [mark: string, read: Reader, sign: number])[] = [
  ['    ', inLine, SHAPES.gap],
  ['\t\t', inLine, SHAPES.tabs],
  ['|', inBlock, SHAPES.block],
  ['>', inBlock, SHAPES.block],
  ['*', inBold, SHAPES.bold],
  ['</', inElements, SHAPES.element],
  ['alue', inFields, SHAPES.field],
  ['#def', inDefine, SHAPES.define],
  ['@"', inAssignment, SHAPES.objectString],
];
const ANY = KINDS.reduce((signs, [, , sign]) => signs | sign, 0);

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
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
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) return true;
  }
  return false;
}

/**
 * Values that stand apart in one text and may be parts of one secret (T-36): the strings of a JSON document in their order,
 * its keys, and the strings of one field in all its records; values and names of a form; parts of a multipart body and the
 * parameters of their heads; values of YAML, XML and CSV; the literals of an expression. A reader puts them together; so does the scan.
 */

import { KEY_SIGNS } from '../alphabet.ts';
import { SHAPES } from '../survey/kernel.ts';
import { type Shapes, shapesOf } from '../survey/survey.ts';
import type { Piece } from './deltas.ts';
import { hasEvents } from './event-values.ts';
import { formChains, formPairs, isLikeForm } from './form-pairs.ts';
import { loneWords } from './lone-words.ts';
import { multipartChains } from './multipart.ts';

/** Longer values are text, not parts. */
const LONGEST_PART = 512;
const LONGEST_CHAIN = 4096;

export interface ChainKind {
  readonly isForm?: boolean;
  /** Part of a head: no kind of body. */
  readonly isHead?: boolean;
}

/** Each in the order of the text, of two parts or more. */
export function chainsOf(
  text: Buffer,
  { isForm = false, isHead = false }: ChainKind,
  shapes: Shapes = shapesOf(text),
): readonly (readonly Piece[])[] {
  const first = firstSign(text);
  const isJson = text[first] === 0x7b || text[first] === 0x5b;
  // What a body is called need not be what it is.
  const chains = [
    ...(isForm || (!isJson && !isHead && isLikeForm(text)) ? formChains(text) : []),
    ...(isJson || hasEvents(text, 1, shapes) ? jsonValues(text, isJson ? quoteOf(text, first) : QUOTE) : []),
    ...(isJson || isForm ? [] : literals(text)),
    ...(isJson || isForm || isHead ? [] : loneWords(text, (shapes.signs & SHAPES.markup) !== 0)),
    ...(isHead || (shapes.signs & SHAPES.boundary) === 0 ? [] : multipartChains(text)),
  ];
  return chains.filter((chain) => chain.length > 1);
}

function firstSign(text: Buffer): number {
  let at = 0;
  while (at < text.length && (text[at] as number) <= 0x20) at += 1;
  return at;
}

/** What stands round strings: literals of Python and JavaScript have other quotes than JSON, near their beginning as well. */
function quoteOf(text: Buffer, first: number): number {
  const near = text.subarray(first, first + NEAR);
  return near.includes(QUOTE) || !near.includes(APOSTROPHE) ? QUOTE : APOSTROPHE;
}

const NEAR = 256;

/** Strings by their quotes alone: a field is known by the last key before it, which costs a fraction of following the JSON. */
function jsonValues(text: Buffer, quote: number): Piece[][] {
  const all: Piece[] = [];
  const keys: Piece[] = [];
  const take = (chain: Piece[], piece: Piece, isPart: boolean) => {
    if (isPart && chain.length < LONGEST_CHAIN) chain.push(piece);
  };
  const fields = new Map<string, Piece[]>();
  let last: Piece | null = null;
  let field: Piece[] = [];
  eachString(text, quote, (piece, key, isWord) => {
    if (piece === key) return take(keys, piece, isWord);
    if (piece.end - piece.start > LONGEST_PART) return;
    take(all, piece, isWord);
    // Items of a list have one key.
    if (key !== last) {
      last = key;
      const name = text.toString('latin1', key.start, key.end);
      field = fields.get(name) ?? [];
      if (field.length === 0) fields.set(name, field);
    }
    take(field, piece, true);
  });
  return [all, keys, ...fields.values()];
}

const [QUOTE, APOSTROPHE, BACKSLASH, COLON] = [0x22, 0x27, 0x5c, 0x3a];
const LONGEST_KEY = 64;

type OnString = (piece: Piece, key: Piece, isWord: boolean) => void;

/**
 * Calls with each string value that is not empty, the key that went before it (empty where none did), and whether it is a
 * word; and with each key as both.
 */
function eachString(text: Buffer, quote: number, call: OnString): void {
  let key = NO_KEY;
  const { length } = text;
  for (let start = afterQuote(text, quote, 0); start > 0; ) {
    const close = closeOf(text, quote, start);
    const end = Math.abs(close);
    if (end >= length) return;
    let next = end + 1;
    while (next < length && (text[next] as number) <= 0x20) next += 1;
    if (text[next] === COLON) {
      key = { start, end: Math.min(end, start + LONGEST_KEY) };
      call(key, key, close > 0);
    } else if (end > start) call({ start, end }, key, close > 0);
    start = afterQuote(text, quote, next);
  }
}

/** Byte by byte, here and below: strings are so short that asking for the next quote costs more. */
function afterQuote(text: Buffer, quote: number, from: number): number {
  for (let at = from; at < text.length; at += 1) if (text[at] === quote) return at + 1;
  return 0;
}

/** Where the string ends, negative where it is no word that could be cut out of a key; the length of the text where it does not. */
function closeOf(text: Buffer, quote: number, from: number): number {
  let isWord = true;
  for (let at = from; at < text.length; at += 1) {
    const byte = text[at] as number;
    if (KEY_SIGNS[byte] !== 0) continue;
    if (byte === quote) return isWord ? at : -at;
    isWord = false;
    if (byte === BACKSLASH) at += 1;
  }
  return text.length;
}

const NO_KEY: Piece = { start: 0, end: 0 };

/** No blanks, quotes or brackets: a word that could be cut out of a key. */
function isToken(text: Buffer, { start, end }: Piece): boolean {
  for (let at = start; at < end; at += 1) if (KEY_SIGNS[text[at] as number] === 0) return false;
  return true;
}

/** A literal, and what may stand before the next one that is put behind it. */
const LITERAL = /(["'`])([\w+/=.~:@!$-]{1,512})\1/g;
const GLUE = /^\s{0,8}(?:\+|\.|,|&|\|\||\\?\n)?\s{0,16}$/;

function literals(text: Buffer): Piece[][] {
  const out: Piece[][] = [];
  let chain: Piece[] = [];
  if (!text.includes('"') && !text.includes("'") && !text.includes('`')) return out;
  const source = text.toString('latin1');
  for (const found of source.matchAll(LITERAL)) {
    const piece = { start: found.index + 1, end: found.index + found[0].length - 1 };
    const last = chain.at(-1);
    const goesOn =
      last !== undefined && piece.start - last.end < 32 && GLUE.test(source.slice(last.end + 1, piece.start - 1));
    if (!goesOn) {
      chain = [];
      out.push(chain);
    }
    chain.push(piece);
  }
  return out;
}

/** A value and what it is called: the field it stands in, or nothing where it is all of the text. */
export interface NamedValue {
  readonly name: string;
  readonly value: Buffer;
}

/** Words of a short text that could be parts of a key, each with its name. */
export function namedValues(text: Buffer, { isForm }: ChainKind): NamedValue[] {
  const out: NamedValue[] = [];
  const take = (name: string, piece: Piece) => {
    const isPart = piece.end > piece.start && piece.end - piece.start <= LONGEST_PART && isToken(text, piece);
    if (isPart) out.push({ name, value: Buffer.from(text.subarray(piece.start, piece.end)) });
  };
  const first = text[firstSign(text)];
  if (isForm)
    for (const { name, value } of formPairs(text)) take(`${text.toString('latin1', name.start, name.end)}=`, value);
  else if (first === 0x7b || first === 0x5b)
    eachString(text, QUOTE, (piece, key) => {
      if (piece !== key) take(text.toString('latin1', key.start, key.end), piece);
    });
  else take('', { start: firstSign(text), end: lastSign(text) });
  return out;
}

function lastSign(text: Buffer): number {
  let at = text.length;
  while (at > 0 && (text[at - 1] as number) <= 0x20) at -= 1;
  return at;
}

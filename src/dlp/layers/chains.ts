/**
 * Values that stand apart in one text and may be parts of one secret (T-36): the strings of a JSON document in their order
 * and those of one field in all its records, the values of a form, parts of a multipart body, and the literals of an
 * expression. A reader puts them together; so does the scan.
 */

import type { Piece } from './deltas.ts';
import { hasEvents } from './event-values.ts';

/** Longer values are text, not parts. */
const LONGEST_PART = 512;
const LONGEST_CHAIN = 4096;

export interface ChainKind {
  readonly isForm: boolean;
}

/** Each in the order of the text, of two parts or more. */
export function chainsOf(text: Buffer, { isForm }: ChainKind): readonly (readonly Piece[])[] {
  const first = text[firstSign(text)];
  const isJson = first === 0x7b || first === 0x5b;
  const chains = isForm
    ? [formValues(text)]
    : isJson
      ? jsonValues(text)
      : [...literals(text), ...multipartValues(text), ...(hasEvents(text, 1) ? jsonValues(text) : [])];
  return chains.filter((chain) => chain.length > 1);
}

function firstSign(text: Buffer): number {
  let at = 0;
  while (at < text.length && (text[at] as number) <= 0x20) at += 1;
  return at;
}

/** Strings by their quotes alone: a field is known by the last key before it, which costs a fraction of following the JSON. */
function jsonValues(text: Buffer): Piece[][] {
  const all: Piece[] = [];
  const fields = new Map<string, Piece[]>();
  let last: Piece | null = null;
  let field: Piece[] = [];
  eachString(text, (piece, key, isWord) => {
    if (piece.end - piece.start > LONGEST_PART) return;
    if (isWord && all.length < LONGEST_CHAIN) all.push(piece);
    // Items of a list have one key.
    if (key !== last) {
      last = key;
      const name = text.toString('latin1', key.start, key.end);
      field = fields.get(name) ?? [];
      if (field.length === 0) fields.set(name, field);
    }
    if (field.length < LONGEST_CHAIN) field.push(piece);
  });
  return [all, ...fields.values()];
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const LONGEST_KEY = 64;

/** Calls with each string value that is not empty, the key that went before it (empty where none did), and whether it is a word. */
function eachString(text: Buffer, call: (piece: Piece, key: Piece, isWord: boolean) => void): void {
  let key = NO_KEY;
  const { length } = text;
  for (let start = afterQuote(text, 0); start > 0; ) {
    const close = closeOf(text, start);
    const end = Math.abs(close);
    if (end >= length) return;
    let next = end + 1;
    while (next < length && (text[next] as number) <= 0x20) next += 1;
    if (text[next] === COLON) key = { start, end: Math.min(end, start + LONGEST_KEY) };
    else if (end > start) call({ start, end }, key, close > 0);
    start = afterQuote(text, next);
  }
}

/** Byte by byte, here and below: strings are so short that asking for the next quote costs more. */
function afterQuote(text: Buffer, from: number): number {
  for (let at = from; at < text.length; at += 1) if (text[at] === QUOTE) return at + 1;
  return 0;
}

/** Where the string ends, negative where it is no word that could be cut out of a key; the length of the text where it does not. */
function closeOf(text: Buffer, from: number): number {
  let isWord = true;
  for (let at = from; at < text.length; at += 1) {
    const byte = text[at] as number;
    if (TOKEN[byte] !== 0) continue;
    if (byte === QUOTE) return isWord ? at : -at;
    isWord = false;
    if (byte === BACKSLASH) at += 1;
  }
  return text.length;
}

const NO_KEY: Piece = { start: 0, end: 0 };

/** No blanks, quotes or brackets: a word that could be cut out of a key. */
function isToken(text: Buffer, { start, end }: Piece): boolean {
  for (let at = start; at < end; at += 1) if (TOKEN[text[at] as number] === 0) return false;
  return true;
}

const TOKEN = new Uint8Array(256);
for (const sign of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=.~:@!$') {
  TOKEN[sign.charCodeAt(0)] = 1;
}

function formValues(text: Buffer): Piece[] {
  const out: Piece[] = [];
  for (let at = 0; at < text.length && out.length < LONGEST_CHAIN; ) {
    const end = indexOr(text, 0x26, at);
    const equals = text.indexOf(0x3d, at);
    const start = equals < 0 || equals >= end ? at : equals + 1;
    if (start < end && end - start <= LONGEST_PART) out.push({ start, end });
    at = end + 1;
  }
  return out;
}

function indexOr(text: Buffer, byte: number, from: number): number {
  const at = text.indexOf(byte, from);
  return at < 0 ? text.length : at;
}

/** A value of one line between the head of a part and the next boundary (RFC 2046 section 5.1). */
const PART = /\r\n\r\n([^\r\n]{1,512})(?=\r\n--)/g;

function multipartValues(text: Buffer): Piece[][] {
  if (!text.includes('\r\n--')) return [];
  const pieces: Piece[] = [];
  for (const found of text.toString('latin1').matchAll(PART)) {
    pieces.push({ start: found.index + 4, end: found.index + found[0].length });
  }
  return [pieces];
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
  if (isForm) for (const piece of formValues(text)) take(formName(text, piece), piece);
  else if (first === 0x7b || first === 0x5b)
    eachString(text, (piece, { start, end }) => take(text.toString('latin1', start, end), piece));
  else take('', { start: firstSign(text), end: lastSign(text) });
  return out;
}

function formName(text: Buffer, { start }: Piece): string {
  const from = start === 0 ? 0 : text.lastIndexOf(0x26, start - 1) + 1;
  return text.toString('latin1', from, start);
}

function lastSign(text: Buffer): number {
  let at = text.length;
  while (at > 0 && (text[at - 1] as number) <= 0x20) at -= 1;
  return at;
}

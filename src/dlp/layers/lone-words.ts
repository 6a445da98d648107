/**
 * Words that stand alone where a record has its values: on a line of a list or behind its key (YAML, settings), in a cell of
 * CSV, in an element or attribute of XML. Told by their signs; prose has no such words, or few.
 */

import { KEY_SIGNS } from '../alphabet.ts';
import type { Piece } from './deltas.ts';

const LONGEST_WORD = 512;
const LONGEST_TAG = 1024;
const MOST = 4096;
const [TAB, LF, CR, BLANK, QUOTE, APOSTROPHE, COMMA] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2c];
const [DASH, SLASH, COLON, SEMICOLON, LESS, EQUALS, MORE] = [0x2d, 0x2f, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e];

/** All in order, and those of each key, element, attribute or column. `isMarkup`: it holds an end of an element, or data. */
export function loneWords(text: Buffer, isMarkup: boolean): Piece[][] {
  const chains = new Chains(text);
  if (isMarkup) inMarkup(text, chains);
  else for (let at = 0; at < text.length; ) at = onLine(text, at, chains);
  return chains.all();
}

class Chains {
  readonly #text: Buffer;
  readonly #all: Piece[] = [];
  readonly #named = new Map<string, Piece[]>();

  constructor(text: Buffer) {
    this.#text = text;
  }

  add(name: Piece | string, piece: Piece): void {
    if (piece.end <= piece.start || piece.end - piece.start > LONGEST_WORD || this.#all.length >= MOST) return;
    this.#all.push(piece);
    const known = typeof name === 'string' ? name : this.#text.toString('latin1', name.start, name.end);
    const own = this.#named.get(known);
    if (own === undefined) this.#named.set(known, [piece]);
    else own.push(piece);
  }

  all(): Piece[][] {
    return this.#named.size < 2 ? [this.#all] : [this.#all, ...this.#named.values()];
  }
}

/** `word`, `- word`, `key: 'word',`, `KEY=word`, `word,word`. Gives the beginning of the next line. */
function onLine(text: Buffer, from: number, chains: Chains): number {
  const newline = text.indexOf(LF, from);
  const next = newline < 0 ? text.length : newline + 1;
  let end = newline < 0 ? text.length : newline;
  while (end > from && (text[end - 1] === CR || isBlank(text[end - 1]))) end -= 1;
  let start = blanksFrom(text, from, end);
  if (text[start] === DASH && isBlank(text[start + 1])) start = blanksFrom(text, start + 1, end);
  const first = wordAt(text, start, end);
  if (first === null) return next;
  // Most lines are prose.
  if (text[first.end] === BLANK && text[first.end - 1] !== COLON) return next;
  const name = nameBefore(text, first);
  if (name === null) inRow(text, { start, end }, chains);
  else {
    const word = wordAt(text, blanksFrom(text, name.behind, end), end);
    if (word !== null && behind(text, word, end) === end) chains.add(name.name, word);
  }
  return next;
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB;
}

function blanksFrom(text: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(text[at])) at += 1;
  return at;
}

/** A word, perhaps in quotes, which are not part of it. */
function wordAt(text: Buffer, from: number, end: number): Piece | null {
  const start = text[from] === QUOTE || text[from] === APOSTROPHE ? from + 1 : from;
  let at = start;
  while (at < end && KEY_SIGNS[text[at] as number] === 1) at += 1;
  if (start > from && text[at] !== text[from]) return null;
  return at > start ? { start, end: at } : null;
}

/** Behind a word, its quotes, and a comma or semicolon. */
function behind(text: Buffer, word: Piece, end: number): number {
  const at = afterQuotes(text, word);
  return at === end - 1 && (text[at] === COMMA || text[at] === SEMICOLON) ? end : at;
}

function afterQuotes(text: Buffer, { start, end }: Piece): number {
  const quote = text[start - 1];
  return (quote === QUOTE || quote === APOSTROPHE) && text[end] === quote ? end + 1 : end;
}

interface Name {
  readonly name: Piece;
  /** Where its value may begin. */
  readonly behind: number;
}

/** The word is a key with its sign, or holds one: `key:`, `"key":`, `KEY=word`. */
function nameBefore(text: Buffer, word: Piece): Name | null {
  const { start, end } = word;
  const after = afterQuotes(text, word);
  if (after > end) return text[after] === COLON ? { name: word, behind: after + 1 } : null;
  if (text[end - 1] === COLON) return { name: { start, end: end - 1 }, behind: end };
  const equals = text.subarray(start, end).indexOf(EQUALS);
  // What stands at the end of a word is its padding.
  const isPair = equals > 0 && start + equals + 1 < end && text[start + equals + 1] !== EQUALS;
  return isPair ? { name: { start, end: start + equals }, behind: start + equals + 1 } : null;
}

/** The cells of a line, which is nothing but words. */
function inRow(text: Buffer, { start, end }: Piece, chains: Chains): void {
  const cells: Piece[] = [];
  for (let at = start; at < end && cells.length < MOST; ) {
    const cell = wordAt(text, at, end) ?? { start: at, end: at };
    const next = afterQuotes(text, cell);
    const sign = text[next];
    if (next < end && sign !== COMMA && sign !== SEMICOLON && sign !== TAB) return;
    cells.push(cell);
    at = next + 1;
  }
  for (const [column, cell] of cells.entries()) chains.add(`#${column}`, cell);
}

function inMarkup(text: Buffer, chains: Chains): void {
  for (let at = text.indexOf(LESS); at >= 0; at = text.indexOf(LESS, at + 1)) {
    const isData = text[at + 1] === 0x21 && text[at + 2] === 0x5b;
    const end = isData ? at + DATA.length : text[at + 1] === SLASH ? -1 : inTag(text, at, chains);
    if (end >= 0) inElement(text, end, isData ? DATA : nameOf(text, at + 1), chains);
  }
}

const DATA = '<![CDATA[';

function inElement(text: Buffer, from: number, name: Piece | string, chains: Chains): void {
  const word = wordAt(text, whiteFrom(text, from), text.length);
  if (word === null) return;
  const after = text[whiteFrom(text, word.end)];
  if (after === LESS || after === 0x5d) chains.add(name, word);
}

function nameOf(text: Buffer, start: number): Piece {
  let end = start;
  while (end - start < 64 && KEY_SIGNS[text[end] as number] === 1 && text[end] !== SLASH) end += 1;
  return { start, end };
}

function whiteFrom(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && at - from < LONGEST_WORD && (text[at] as number) <= BLANK) at += 1;
  return at;
}

/** Behind the tag; -1 where it does not end. */
function inTag(text: Buffer, from: number, chains: Chains): number {
  for (let at = from + 1; at < text.length && at - from < LONGEST_TAG; at += 1) {
    const byte = text[at];
    if (byte === MORE) return at + 1;
    if (byte === LESS) return -1;
    if (byte === EQUALS) at = inAttribute(text, at, { tag: from, chains });
  }
  return -1;
}

/** The end of the attribute whose sign of equality stands at `equals`. */
function inAttribute(
  text: Buffer,
  equals: number,
  { tag, chains }: { readonly tag: number; readonly chains: Chains },
): number {
  const quote = text[equals + 1];
  if (quote !== QUOTE && quote !== APOSTROPHE) return equals;
  let close = equals + 2;
  while (close < text.length && close - tag < LONGEST_TAG && text[close] !== quote) close += 1;
  const word = wordAt(text, equals + 1, close);
  let name = equals;
  while (name > tag + 1 && (text[name - 1] as number) > BLANK) name -= 1;
  if (word !== null && word.end === close) chains.add({ start: name, end: equals + 1 }, word);
  return close;
}

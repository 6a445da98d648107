/**
 * Tables: CSV and its like with a line of names, Markdown, and what databases print. A cell is far from the name of its column, so
 * that rules which know a value by its name would miss it. Each is told as `name: value` on a line of its own; every value
 * keeps its place.
 */

import type { Piece } from './deltas.ts';

export interface Table {
  readonly names: readonly Piece[];
  /** As many cells in each as there are names; empty ones hold nothing. */
  readonly rows: readonly (readonly Piece[])[];
}

const [TAB, LF, CR, BLANK, QUOTE] = [0x09, 0x0a, 0x0d, 0x20, 0x22];
const [PLUS, COMMA, DASH, COLON, SEMICOLON, BACKSLASH, BACKTICK, PIPE] = [
  0x2b, 0x2c, 0x2d, 0x3a, 0x3b, 0x5c, 0x60, 0x7c,
];
const [DOT, OPEN, CLOSE] = [0x2e, 0x28, 0x29];
const BREAK = Buffer.from('\\n');
const RULER = Buffer.from('--');
const PARAGRAPH = Buffer.from('\n\n');
const FENCE = Buffer.from('```');
/** Lines that are looked at for names: most are none. */
const MOST_HEADS = 32;
const MOST_TABLES = 16;
const MOST_COLUMNS = 64;
const MOST_ROWS = 4096;
const LONGEST_NAME = 48;
const LONGEST_LINE = 4096;

/** How lines end: as they are, or as a string of JSON writes it. */
interface Lines {
  readonly text: Buffer;
  readonly isJson: boolean;
}

/** In order; none lies in another. */
export function tablesOf(text: Buffer): Table[] {
  const first = text[skipWhite(text, 0)];
  const lines = { text, isJson: (first === 0x7b || first === 0x5b || first === QUOTE) && text.includes(BREAK) };
  const out: Table[] = [];
  let done = 0;
  for (const head of headsOf(lines)) {
    if (head.start < done || out.length >= MOST_TABLES) continue;
    const table = tableAt(lines, head);
    if (table === null) continue;
    out.push(table);
    done = table.rows.at(-1)?.at(-1)?.end ?? head.end;
  }
  return out;
}

function skipWhite(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && (text[at] as number) <= BLANK) at += 1;
  return at;
}

/** Lines that may hold the names of columns. */
function headsOf(lines: Lines): Piece[] {
  const { text, isJson } = lines;
  const starts = new Set<number>(isJson ? stringHeads(text) : [skipWhite(text, 0), ...paragraphHeads(text)]);
  for (const at of rulerHeads(lines)) starts.add(at);
  const likely = [...starts].filter((start) => mayBeNames(text, start)).sort((a, b) => a - b);
  return likely.map((start) => ({ start, end: lineEnd(lines, start) }));
}

/** Byte by byte, and most lines end it soon: whether nothing but names and what stands between them follows up to the line's end. */
function mayBeNames(text: Buffer, start: number): boolean {
  let signs = 0;
  for (let at = start; at < text.length && at - start < LONGEST_LINE; at += 1) {
    const byte = text[at] as number;
    if (byte === LF || byte === BACKSLASH) break;
    const kind = IN_HEAD[byte] as number;
    if (kind === 0) return false;
    if (kind === 2) signs += 1;
  }
  return signs > 0;
}

/** The first line of each string that has several. */
function stringHeads(text: Buffer): number[] {
  const out: number[] = [];
  for (let at = text.indexOf(BREAK), last = 0; at >= 0 && out.length < MOST_HEADS; at = text.indexOf(BREAK, last)) {
    out.push(Math.max(text.lastIndexOf(QUOTE, at) + 1, last));
    // What goes on in the same string has its names already.
    const close = text.indexOf(QUOTE, at);
    last = close < 0 ? text.length : Math.max(close, at + BREAK.length);
  }
  return out;
}

/** Behind an empty line, or the mark of a block of code. */
function paragraphHeads(text: Buffer): number[] {
  const out: number[] = [];
  for (let at = text.indexOf(PARAGRAPH); at >= 0 && out.length < MOST_HEADS; at = text.indexOf(PARAGRAPH, at + 1))
    out.push(at + PARAGRAPH.length);
  for (let at = text.indexOf(FENCE); at >= 0 && out.length < 2 * MOST_HEADS; at = text.indexOf(FENCE, at + 1)) {
    const end = text.indexOf(LF, at);
    if (end > 0) out.push(end + 1);
  }
  return out;
}

/** The line before one of dashes. */
function rulerHeads(lines: Lines): number[] {
  const { text } = lines;
  const out: number[] = [];
  for (let at = text.indexOf(RULER), tries = 0; at >= 0 && tries < 4 * MOST_HEADS; tries += 1) {
    const [start, end, signs] = rulerAround(text, at);
    const before = breakBefore(lines, start);
    if (signs > 0 && before > 0) out.push(lineStart(lines, before - 1));
    at = text.indexOf(RULER, end);
  }
  return out;
}

/** The longest stretch of a ruler's signs around a place, and how many of them stand between columns. */
function rulerAround(text: Buffer, at: number): readonly [number, number, number] {
  let start = at;
  while (start > 0 && at - start < LONGEST_LINE && IN_RULER[text[start - 1] as number] !== 0) start -= 1;
  let end = at;
  while (end < text.length && end - at < LONGEST_LINE && IN_RULER[text[end] as number] !== 0) end += 1;
  let signs = 0;
  for (let i = start; i < end; i += 1) if (IN_RULER[text[i] as number] === 2) signs += 1;
  return [start, end, signs];
}

/** 2 for the signs between columns. */
const IN_RULER = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === PIPE || byte === PLUS) return 2;
  return byte === DASH || byte === COLON || byte === BLANK || byte === CR ? 1 : 0;
});

function isRuler(text: Buffer, { start, end }: Piece): boolean {
  const [from, to, signs] = rulerAround(text, start);
  return from <= start && to >= end && signs > 0 && end > start;
}

function lineStart({ text, isJson }: Lines, at: number): number {
  const near = Math.max(0, at - LONGEST_LINE);
  const part = text.subarray(near, at);
  if (!isJson) return near + part.lastIndexOf(LF) + 1;
  const broken = part.lastIndexOf(BREAK);
  return near + Math.max(part.lastIndexOf(QUOTE) + 1, broken < 0 ? 0 : broken + BREAK.length);
}

/** The end of the line before the one that begins at `start`; 0 where none does. */
function breakBefore({ text, isJson }: Lines, start: number): number {
  if (!isJson) return text[start - 1] === LF ? start - 1 : 0;
  return text[start - 2] === BACKSLASH && text[start - 1] === 0x6e ? start - BREAK.length : 0;
}

function lineEnd({ text, isJson }: Lines, from: number): number {
  const part = text.subarray(from, from + LONGEST_LINE);
  if (!isJson) return endOf(part.indexOf(LF), part) + from;
  const broken = endOf(part.indexOf(BREAK), part);
  return from + Math.min(broken, closingQuote(part, broken));
}

function endOf(found: number, part: Buffer): number {
  return found < 0 ? part.length : found;
}

/** The quote that ends a string of JSON. */
function closingQuote(part: Buffer, most: number): number {
  for (let at = part.indexOf(QUOTE); at >= 0 && at < most; at = part.indexOf(QUOTE, at + 1))
    if (part[at - 1] !== BACKSLASH) return at;
  return most;
}

function nextLine({ text, isJson }: Lines, end: number): number {
  if (!isJson) return end < text.length ? end + 1 : -1;
  return text[end] === BACKSLASH ? end + BREAK.length : -1;
}

function tableAt(lines: Lines, head: Piece): Table | null {
  const { text } = lines;
  const delimiter = delimiterOf(text, head);
  if (delimiter === 0) return null;
  const names = cellsOf(text, head, delimiter);
  if (names.length < 2 || !names.every((name) => isName(text, name)) || names.every(isEmpty)) return null;
  const rows: Piece[][] = [];
  for (let at = nextLine(lines, head.end); at >= 0 && rows.length < MOST_ROWS; ) {
    const line = { start: at, end: lineEnd(lines, at) };
    at = nextLine(lines, line.end);
    if (isRuler(text, line)) continue;
    const cells = cellsOf(text, line, delimiter);
    if (cells.length !== names.length) break;
    rows.push(cells);
  }
  return rows.length === 0 ? null : { names, rows };
}

function isEmpty({ start, end }: Piece): boolean {
  return start === end;
}

/** The sign between the cells of a line; 0 where it has none. */
function delimiterOf(text: Buffer, { start, end }: Piece): number {
  const line = text.subarray(start, end);
  return [PIPE, TAB, SEMICOLON, COMMA].find((sign) => line.includes(sign)) ?? 0;
}

/** Names have no signs but those between words, are no numbers, and no pieces of sentences or calls. */
function isName(text: Buffer, { start, end }: Piece): boolean {
  if (end - start > LONGEST_NAME || text[end - 1] === DOT) return start === end;
  let letters = start === end ? 1 : 0;
  let open = 0;
  for (let at = start; at < end && open >= 0; at += 1) {
    const byte = text[at] as number;
    if (byte >= 0x80 || isLetter(byte)) letters += 1;
    else if (NAME_SIGNS[byte] === 0) return false;
    if (byte === OPEN) open += 1;
    else if (byte === CLOSE) open -= 1;
  }
  return letters > 0 && open === 0;
}

function isLetter(byte: number): boolean {
  return (byte | BLANK) >= 0x61 && (byte | BLANK) <= 0x7a;
}

const NAME_SIGNS = new Uint8Array(256);
for (const sign of " 0123456789_-./#()'*&%:\\") NAME_SIGNS[sign.charCodeAt(0)] = 1;

/** 1 for what a line of names may hold, 2 for the signs between its cells. */
const IN_HEAD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === PIPE || byte === TAB || byte === SEMICOLON || byte === COMMA) return 2;
  return byte >= 0x80 || isLetter(byte) || NAME_SIGNS[byte] === 1 || byte === QUOTE || byte === CR || byte === BACKTICK
    ? 1
    : 0;
});

/** Without what stands around them: blanks, quotes, and the pipes at both ends of a line. */
function cellsOf(text: Buffer, line: Piece, delimiter: number): Piece[] {
  const [from, to] = delimiter === PIPE ? withinPipes(text, line) : [line.start, line.end];
  const out: Piece[] = [];
  for (let at = from; at <= to && out.length <= MOST_COLUMNS; ) {
    const end = cellEnd(text, [at, to], delimiter);
    out.push(trimmed(text, at, end));
    at = end + 1;
  }
  return out;
}

function withinPipes(text: Buffer, { start, end }: Piece): readonly [number, number] {
  const bare = trimmed(text, start, end);
  const from = text[bare.start] === PIPE ? bare.start + 1 : bare.start;
  const to = bare.end > from && text[bare.end - 1] === PIPE ? bare.end - 1 : bare.end;
  return [from, to];
}

/** A cell in quotes may hold the sign between cells. */
function cellEnd(text: Buffer, [from, to]: readonly [number, number], delimiter: number): number {
  const quote = text[from] === BACKSLASH ? from + 1 : from;
  let at = from;
  if (text[quote] === QUOTE) {
    const close = text.indexOf(QUOTE, quote + 1);
    if (close > 0 && close < to) at = close;
  }
  while (at < to && text[at] !== delimiter) at += 1;
  return at;
}

function trimmed(text: Buffer, from: number, to: number): Piece {
  let [start, end] = [from, to];
  while (start < end && isAround(text[start] as number)) start += 1;
  while (end > start && isAround(text[end - 1] as number)) end -= 1;
  return { start, end };
}

function isAround(byte: number): boolean {
  return byte === BLANK || byte === CR || byte === QUOTE || byte === BACKSLASH || byte === BACKTICK;
}

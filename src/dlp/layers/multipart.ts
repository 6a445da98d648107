/**
 * Parts of multipart bodies (RFC 2046 section 5.1): their values, and the parameters of their heads, as names and names of
 * files. Read as lenient readers do: line ends of either kind, no last boundary, any text before the first one. The boundary is known
 * by its line, behind which a head begins.
 */

import { alphabet, LETTERS_AND_DIGITS } from '../alphabet.ts';
import type { Piece } from './deltas.ts';

/** Longer values are text, not parts. */
const LONGEST_PART = 512;
const MOST_PARTS = 4096;
const LONGEST_HEAD = 4096;

const [LF, CR, DASH, COLON, BLANK] = [0x0a, 0x0d, 0x2d, 0x3a, 0x20];
const MARK = Buffer.from('\n--');
const LONGEST_BOUNDARY = 72;
const MOST_BOUNDARIES = 16;
const [STAR, EQUALS, QUOTE, APOSTROPHE, BACKSLASH, SEMICOLON, COMMA] = [0x2a, 0x3d, 0x22, 0x27, 0x5c, 0x3b, 0x2c];
const IN_NAME = alphabet(`${LETTERS_AND_DIGITS}-_*`);
const IS_BASE64 = /content-transfer-encoding:[ \t]*base64/i;

/** The values of the parts in order, and those of each parameter. */
export function multipartChains(text: Buffer): Piece[][] {
  const starts = boundaryLines(text);
  if (starts.length === 0) return [];
  const values: Piece[] = [];
  const parameters = new Map<string, Piece[]>();
  for (const [i, { end }] of starts.entries()) {
    const next = starts[i + 1]?.start ?? text.length;
    const body = headEnd(text, end, Math.min(next, end + LONGEST_HEAD));
    if (body < 0) continue;
    addParameters(text, { start: end, end: body }, parameters);
    const value = trimmed(text, { start: body, end: Math.max(body, next) });
    const coding = isBase64(text, { start: end, end: body }) ? { coding: 'base64' as const } : {};
    if (value.end > value.start && value.end - value.start <= LONGEST_PART) values.push({ ...value, ...coding });
  }
  return [values, ...parameters.values()];
}

function isBase64(text: Buffer, { start, end }: Piece): boolean {
  return IS_BASE64.test(text.toString('latin1', start, end));
}

/** Where each line of a boundary begins and ends: of all boundaries behind which a head or an empty line came. */
function boundaryLines(text: Buffer): Piece[] {
  const out: Piece[] = [];
  const known: Buffer[] = [];
  let at = text[0] === DASH && text[1] === DASH ? 0 : text.indexOf(MARK) + 1;
  for (let isFirst = true; (at > 0 || isFirst) && out.length < MOST_PARTS; isFirst = false) {
    if (text[at] !== DASH) return out;
    const end = lineEnd(text, at);
    const line = trimmed(text, { start: at, end });
    if (isBoundary(text, line, end, known)) out.push({ start: at, end });
    at = text.indexOf(MARK, end - 1) + 1;
  }
  return out;
}

function isBoundary(text: Buffer, { start, end }: Piece, next: number, known: Buffer[]): boolean {
  if (end - start > LONGEST_BOUNDARY + 2) return false;
  const line = text.subarray(start, end);
  if (known.some((one) => line.equals(one) || (line.length === one.length + 2 && line.subarray(0, -2).equals(one))))
    return true;
  if (line.length < 3 || line.includes(BLANK) || known.length >= MOST_BOUNDARIES || !isHead(text, next)) return false;
  known.push(line);
  return true;
}

/** The name of a field and a colon, or an empty line. */
function isHead(text: Buffer, from: number): boolean {
  if (text[from] === LF || (text[from] === CR && text[from + 1] === LF)) return true;
  for (let at = from; at < from + 64; at += 1) {
    const byte = text[at] as number;
    if (byte === COLON) return at > from;
    if (byte !== DASH && !((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a)) return false;
  }
  return false;
}

/** Behind the empty line that ends a head; -1 where there is none near. */
function headEnd(text: Buffer, from: number, most: number): number {
  for (let at = from; at < most; ) {
    const end = lineEnd(text, at);
    if (text[at] === LF || (text[at] === CR && text[at + 1] === LF)) return end;
    at = end;
  }
  return -1;
}

function lineEnd(text: Buffer, at: number): number {
  const end = text.indexOf(LF, at);
  return end < 0 ? text.length : end + 1;
}

/** Without the line ends behind it. */
function trimmed(text: Buffer, { start, end }: Piece): Piece {
  let to = end;
  while (to > start && (text[to - 1] === LF || text[to - 1] === CR)) to -= 1;
  return { start, end: to };
}

/** `name="…"`, `filename*=UTF-8''…`, and the sections of a long one: `filename*0="…"` (RFC 2231). */
function addParameters(text: Buffer, head: Piece, out: Map<string, Piece[]>): void {
  for (let at = head.start; at < head.end; at += 1) {
    const name = text[at] === EQUALS ? nameBefore(text, at, head.start) : '';
    if (name === '') continue;
    const value = valueFrom(text, at + 1, head.end);
    const isEncoded = text[at - 1] === STAR;
    const from = isEncoded ? text.subarray(value.start, value.end).lastIndexOf(APOSTROPHE) + 1 : 0;
    const coding = isEncoded ? { coding: 'percent' as const } : {};
    const chain = out.get(name) ?? [];
    out.set(name, chain);
    for (const piece of unfolded(text, { start: value.start + from, end: value.end }))
      chain.push({ ...piece, ...coding });
    at = Math.max(at, value.end - 1);
  }
}

/** In small letters, without the number of its section. */
function nameBefore(text: Buffer, equals: number, least: number): string {
  let start = equals;
  while (start > least && equals - start < 64 && IN_NAME[text[start - 1] as number] === 1) start -= 1;
  const name = text.toString('latin1', start, equals).toLowerCase();
  const star = name.indexOf('*');
  return star < 0 ? name : name.slice(0, star);
}

/** The inside of a string in quotes, or what stands before the next sign. */
function valueFrom(text: Buffer, from: number, most: number): Piece {
  const isQuoted = text[from] === QUOTE;
  const start = isQuoted ? from + 1 : from;
  let end = start;
  for (; end < most; end += 1) {
    const byte = text[end] as number;
    if (isQuoted ? byte === QUOTE : byte <= BLANK || byte === SEMICOLON || byte === COMMA) break;
    if (isQuoted && byte === BACKSLASH) end += 1;
  }
  return { start, end: Math.min(end, most) };
}

/** What stands on several lines is read without their ends. */
function unfolded(text: Buffer, { start, end }: Piece): Piece[] {
  const out: Piece[] = [];
  for (let from = start; from < end; ) {
    const newline = text.indexOf(LF, from);
    const to = newline < 0 || newline >= end ? end : newline;
    const piece = trimmed(text, { start: from, end: to });
    if (piece.end > piece.start && piece.end - piece.start <= LONGEST_PART) out.push(piece);
    from = to + 1;
    while (text[from] === BLANK || text[from] === 0x09) from += 1;
  }
  return out;
}

/**
 * Dumps of `xxd`, `hexdump -C`, `od -t x1` and `tcpdump -X`: lines of an offset, bytes in hexadecimal and, mostly, the same bytes as
 * text beside them. Read as the bytes that they show; what takes the place of some stands in both columns, and no line grows.
 */

import type { IsWanted, Layer } from './layer.ts';
import { textsOf } from './text-in-bytes.ts';

/** Ends of offsets, of which one in sixteen lines has one, and what stands behind them. */
const MARKS = ['00: ', '00  ', '000 '];
const LONGEST_LINE = 400;
const LONGEST_OFFSET = 48;
const [NARROWEST, WIDEST] = [8, 64];
const OFFSET = /^(?:[ \t]|\\t){0,64}(?:0x)?([0-9A-Fa-f]{4,16}):?[ \t]{1,4}(?=[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2}){0,3} )/;
const STAR = 0x2a;

interface Line {
  readonly start: number;
  readonly end: number;
}

/** Where the bytes of a dump stand in the text: their digits, and as text; -1 where it has no such column. */
interface Places {
  readonly digits: readonly number[];
  readonly signs: readonly number[];
  readonly bytes: readonly number[];
}

export function* dumpLineLayers(text: Buffer, isWanted: IsWanted): Generator<Layer> {
  if (!MARKS.some((mark) => text.includes(mark))) return;
  const all = text.toString('latin1');
  let done = 0;
  for (const at of marksIn(all)) {
    if (at < done) continue;
    const first = done;
    const lines = linesAround(all, at, first);
    done = lines.at(-1)?.end ?? at;
    for (const found of runsOf(all, lines)) {
      const run = withLineBefore(all, found, first);
      if (!isWanted(run[0]?.line.start ?? 0, run.at(-1)?.line.end ?? done)) continue;
      const places = placesOf(all, run);
      yield* textsOf(layerOf(text, places, Buffer.from(places.bytes)));
    }
  }
}

/** All of them, as nobody may hide a dump behind others: each costs a look at one line. */
function marksIn(text: string): number[] {
  const out: number[] = [];
  for (const mark of MARKS) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1))
      if (OFFSET.test(text.slice(lineStart(text, at), at + 16))) out.push(at);
      else if (OFFSET_WITHIN.test(text.slice(Math.max(0, at - 16), at + 16))) out.push(lineBehind(text, at));
  }
  return out.filter((at) => at >= 0).sort((a, b) => a - b);
}

/** An offset before which something else stands: then the next line tells. */
const OFFSET_WITHIN = /[0-9A-Fa-f]{2}0?0(?::| ) {0,1}[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2}){0,3} /;

/** Behind the offset of the line behind this one; -1 where there is none. */
function lineBehind(text: string, at: number): number {
  const start = nextLine(text, lineEnd(text, at));
  const offset = start < 0 ? null : OFFSET.exec(text.slice(start, start + LONGEST_OFFSET));
  return offset === null ? -1 : start + offset[0].length - 1;
}

/** Lines end in a line feed, or as a string of JSON writes one. */
function lineStart(text: string, at: number): number {
  const near = text.slice(Math.max(0, at - LONGEST_LINE), at);
  const [feed, written] = [near.lastIndexOf('\n'), near.lastIndexOf('\\n')];
  const quote = near.lastIndexOf('"');
  return at - near.length + Math.max(feed + 1, written < 0 ? 0 : written + 2, written < 0 && feed < 0 ? quote + 1 : 0);
}

function lineEnd(text: string, from: number): number {
  const near = text.slice(from, from + LONGEST_LINE);
  const end = near.search(/\r?\n|\\r?\\?n|$/);
  return from + end;
}

function nextLine(text: string, end: number): number {
  const sign = /^(?:\r?\n|\\r\\n|\\n)/.exec(text.slice(end, end + 4));
  return sign === null ? -1 : end + sign[0].length;
}

/** Those that begin with an offset, around a place, but none that begins before `first`: it was looked at. */
function linesAround(text: string, at: number, first: number): Line[] {
  const lines: Line[] = [];
  const line = (start: number) => ({ start, end: lineEnd(text, start) });
  const isLine = ({ start, end }: Line) => OFFSET.test(text.slice(start, end));
  for (let start = lineStart(text, at); start >= first; ) {
    const one = line(start);
    if (!isLine(one)) break;
    lines.unshift(one);
    const before = start - 1;
    const previous = before <= 0 ? start : lineStart(text, text[before] === 'n' ? before - 1 : before);
    if (previous >= start) break;
    start = previous;
  }
  for (let start = nextLine(text, lines.at(-1)?.end ?? at); start >= 0; ) {
    const one = line(start);
    if (!isLine(one)) break;
    lines.push(one);
    start = nextLine(text, one.end);
  }
  return lines;
}

/** A line of a dump, and where its digits stand. */
interface DumpLine {
  readonly line: Line;
  readonly digits: readonly number[];
}

/** What stands before and behind a dump may look like lines of it. */
function runsOf(text: string, lines: readonly Line[]): DumpLine[][] {
  const offsets = lines.map(({ start, end }) => OFFSET.exec(text.slice(start, end))?.[1] ?? '');
  const runs: DumpLine[][] = [];
  for (let from = 0; from + 1 < lines.length; ) {
    const run = runFrom(text, { lines, offsets }, from);
    if (run.length > 1) runs.push(run);
    from += Math.max(1, run.length);
  }
  return runs;
}

/** Something may stand before the offset of the first line, on its line; none begins before `least`: it was looked at. */
function withLineBefore(text: string, run: DumpLine[], least: number): DumpLine[] {
  const [first, second] = run as [DumpLine, DumpLine];
  const [offset, next] = [first, second].map(({ line }) => OFFSET.exec(text.slice(line.start, line.end))?.[1] ?? '');
  const { base, width } = stepOf(offset as string, next as string);
  const number = Number.parseInt(offset as string, base) - width;
  const end = lineBreakBefore(text, first.line.start);
  if (number < 0 || end < 0) return run;
  const from = Math.max(least, lineStart(text, end));
  const written = number.toString(base).padStart((offset as string).length, '0');
  const at = text.slice(from, end).toLowerCase().lastIndexOf(written);
  const line = { start: from + at, end };
  const digits = at < 0 ? [] : digitsOf(text, line, width);
  return digits.length === width ? [{ line, digits }, ...run] : run;
}

/** Where the line before ends; -1 where there is none. */
function lineBreakBefore(text: string, start: number): number {
  const sign = /(?:\r?\n|\\r\\n|\\n)$/.exec(text.slice(Math.max(0, start - 4), start));
  return sign === null ? -1 : start - sign[0].length;
}

interface Numbered {
  readonly lines: readonly Line[];
  readonly offsets: readonly string[];
}

/** Lines of which the offsets count the bytes: the last may have fewer. */
function runFrom(text: string, { lines, offsets }: Numbered, from: number): DumpLine[] {
  const { base, width } = stepOf(offsets[from] as string, offsets[from + 1] as string);
  const run: DumpLine[] = [];
  if (!(width >= NARROWEST && width <= WIDEST)) return run;
  for (let at = from; at < lines.length; at += 1) {
    if (at > from && apart(offsets[at - 1] as string, offsets[at] as string, base) !== width) break;
    const line = lines[at] as Line;
    const digits = digitsOf(text, line, width);
    if (digits.length > 0) run.push({ line, digits });
    if (digits.length < width) break;
  }
  return run;
}

function apart(first: string, second: string, base: number): number {
  return Number.parseInt(second, base) - Number.parseInt(first, base);
}

/** Bytes from one offset to the next, which may be written in octal. */
function stepOf(first: string, second: string): { readonly base: number; readonly width: number } {
  const octal = /^[0-7]+$/.test(first + second) && second.endsWith('20') && first.endsWith('00');
  return octal && apart(first, second, 8) === 16
    ? { base: 8, width: 16 }
    : { base: 16, width: apart(first, second, 16) };
}

function placesOf(text: string, run: readonly DumpLine[]): Places {
  const [{ line, digits: first } = { line: { start: 0, end: 0 }, digits: [] }] = run;
  const column = signColumn(text, (first.at(-1) ?? 0) + 2, line.end) - line.start;
  const digits = run.flatMap((one) => one.digits);
  const signs = run.flatMap((one) => signsOf(text, one.line, { column, count: one.digits.length }));
  return { digits, signs, bytes: digits.map((at) => Number.parseInt(text.slice(at, at + 2), 16)) };
}

/** Where the bytes of one line stand as text, which a string of JSON may escape. */
function signsOf(text: string, { start, end }: Line, { column, count }: { column: number; count: number }): number[] {
  const out: number[] = [];
  let at = start + column;
  for (let i = 0; i < count; i += 1) {
    out.push(column >= 0 && at < end ? at : -1);
    at += text[at] === '\\' && (text[at + 1] === '\\' || text[at + 1] === '"') ? 2 : 1;
  }
  return out;
}

function digitsOf(text: string, { start, end }: Line, width: number): number[] {
  const out: number[] = [];
  let at = start + (OFFSET.exec(text.slice(start, end))?.[0].length ?? 0);
  for (let blanks = 0; at < end && out.length < width && blanks < 3; ) {
    if (/^[0-9A-Fa-f]{2}$/.test(text.slice(at, at + 2))) {
      out.push(at);
      at += 2;
      blanks = 0;
    } else if (text[at] === ' ') {
      at += 1;
      blanks += 1;
    } else break;
  }
  return out;
}

/** Where the column of text begins; before the line where there is none. */
function signColumn(text: string, from: number, end: number): number {
  const rest = text.slice(from, end);
  const marked = /^ {1,3}[|>]/.exec(rest);
  if (marked !== null) return from + marked[0].length;
  return /^ {2}./.test(rest) ? from + 2 : -1e9;
}

function layerOf(text: Buffer, { digits, signs }: Places, decoded: Buffer): Layer {
  const outer = (from: number, to: number): readonly [number, number] => [
    digits[from] as number,
    Math.max((digits[to - 1] as number) + 2, (signs[to - 1] as number) + 1),
  ];
  const encode = (from: number, to: number, replacement: Uint8Array): Uint8Array => {
    const [start, end] = outer(from, to);
    const out = Buffer.from(text.subarray(start, end));
    for (let i = from; i < to; i += 1) {
      const byte = replacement[i - from] ?? STAR;
      out.write(byte.toString(16).padStart(2, '0'), (digits[i] as number) - start, 'latin1');
      const sign = (signs[i] as number) - start;
      // What a string escapes stays: it is a quote or a backslash.
      if (sign >= 0 && out[sign] !== BACKSLASH) out[sign] = isPlain(byte) ? byte : DOT;
    }
    return out;
  };
  return { encoding: 'hex', decoded, outer, encode };
}

const [DOT, BACKSLASH] = [0x2e, 0x5c];

/** A sign that no string has to escape. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== BACKSLASH;
}

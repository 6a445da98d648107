/**
 * Base64 and base64url (RFC 4648), with or without padding, on one line or on lines of one length (RFC 2045, PEM); base32 on
 * lines as well.
 */

import { alphabet } from '../alphabet.ts';
import { longRuns, longRunsAt, type Ranges } from '../ranges.ts';
import { base32Layer } from './base32.ts';
import { mayBeBrotli, mayBePacked } from './compressed.ts';
import { type IsWanted, isText, type Layer, LONGEST_RUN } from './layer.ts';

/** Shorter runs hold no secret, and words are such runs. */
const SHORTEST = 24;
/** Brotli says nothing at its beginning: longer blobs are rather images. */
const LONGEST_BROTLI = 16 * 1024;
/** Flags of the bytes of both alphabets. */
const ALPHABET = alphabet('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_');
const HEXADECIMAL = alphabet('0123456789abcdefABCDEF');

/** Values of the signs of both alphabets; 64 for what is none. */
const VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const sign = String.fromCharCode(byte);
  const at = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(sign);
  return at >= 0 ? at : sign === '-' ? 62 : sign === '_' ? 63 : 64;
});

/** Stretches of both alphabets that are long enough: of base64, and of hexadecimal; beside `near` only, where that is given. */
export function encodedRuns(text: Uint8Array, near: Ranges | null = null): Ranges {
  return near === null ? longRuns(ALPHABET, text, SHORTEST) : longRunsAt(ALPHABET, text, SHORTEST, near);
}

export function* base64Layers(text: Buffer, runs: Ranges, isWanted: IsWanted): Generator<Layer> {
  for (let i = 0; i < runs.length; i += 2) {
    const [start, end] = [runs[i] as number, runs[i + 1] as number];
    if (end - start > LONGEST_RUN || !isWanted(start, end) || isHexadecimal(text, start, end)) continue;
    // A run that was cut before this text may be out of step by one, two or three.
    for (let skip = 0; skip < (start === 0 ? 4 : 1); skip += 1) {
      const layer = decode(text, start + skip, end);
      if (layer !== null) yield layer;
    }
  }
}

function isHexadecimal(text: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && HEXADECIMAL[text[at] as number] === 1) at += 1;
  return at === end;
}

/** Bytes that a decision is made by, of 64 signs. */
const HEAD = Buffer.alloc(48);

function headOf(text: Uint8Array, start: number, end: number): Buffer {
  const signs = Math.min(64, end - start);
  let bits = 0;
  let length = 0;
  for (let i = 0; i < signs; i += 1) {
    bits = ((bits << 6) | (VALUES[text[start + i] as number] as number)) & 0xffffff;
    // Four signs are three bytes: each sign but the first ends one.
    if ((i & 3) !== 0) HEAD[length++] = bits >>> (6 - 2 * (i & 3));
  }
  return HEAD.subarray(0, Math.min(47, Math.floor((signs * 3) / 4)));
}

function decode(text: Buffer, start: number, end: number): Layer | null {
  const head = headOf(text, start, end);
  const isBlob = !isText(head, true);
  const length = Math.floor(((end - start) * 3) / 4);
  if (isBlob && !mayBePacked(head) && !(end - start <= LONGEST_BROTLI && mayBeBrotli(head, length))) return null;
  const run = text.toString('latin1', start, end);
  const url = /[-_]/.test(run);
  if (url && /[+/]/.test(run)) return null;
  const decoded = Buffer.from(run, 'base64');
  if (!isBlob && !isText(decoded)) return null;
  const encoding = url ? 'base64url' : 'base64';
  const outer = (from: number, to: number): readonly [number, number] => [
    start + Math.floor(from / 3) * 4,
    Math.min(end, start + Math.ceil(to / 3) * 4),
  ];
  return {
    ...{ encoding: 'base64', decoded, outer, isBlob },
    encode(from, to, replacement) {
      const before = decoded.subarray(from - (from % 3), from);
      const after = decoded.subarray(to, Math.ceil(to / 3) * 3);
      const last = outer(from, to)[1] === end;
      const length = before.length + replacement.length + after.length;
      // Groups of three keep what follows in step; the last one may be short, as it was.
      const filler = Buffer.alloc(last && after.length === 0 ? 0 : (3 - (length % 3)) % 3, '*');
      // Behind a closing quote it would be out of the string.
      const tail = replacement.at(-1) === 0x22 ? 1 : 0;
      const head = replacement.subarray(0, replacement.length - tail);
      const bytes = Buffer.concat([before, head, filler, replacement.subarray(head.length), after]);
      return Buffer.from(bytes.toString(encoding).replace(/=+$/, ''), 'latin1');
    },
  };
}

/** A shorter first line is no wrapped text. */
const SHORTEST_LINE = 40;
const LONGEST_LINE = 1024;
/** What is between two lines; escaped where the text stands in JSON. */
const LINE_END = /^(?:\r?\n[ \t]{0,16}|(?:\\r)?\\n)/;
const LONGEST_END = 18;

/** Those of the runs that text on lines may begin with: a line end may stand behind them. */
export function firstLines(text: Buffer, runs: Ranges): Ranges {
  const out: number[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    const [start, end] = [runs[i] as number, runs[i + 1] as number];
    if (end - start >= SHORTEST_LINE && end - start <= LONGEST_LINE && mayEndLine(text[end])) out.push(start, end);
  }
  return out;
}

/** `first` are the lines that it may begin with. */
export function* wrappedBase64Layers(text: Buffer, first: Ranges, isWanted: IsWanted): Generator<Layer> {
  let done = 0;
  for (let i = 0; i < first.length; i += 2) {
    const [start, end] = [first[i] as number, first[i + 1] as number];
    if (end - start < SHORTEST_LINE || start < done || end - start > LONGEST_LINE) continue;
    const lines = linesFrom(text, start, end);
    if (lines.length < 2) continue;
    const last = lines.at(-1) as Line;
    done = last.start + last.length;
    if (!isWanted(start, done)) continue;
    const layer = decodeLines(text, lines);
    if (layer !== null) yield layer;
  }
}

interface Line {
  readonly start: number;
  readonly length: number;
}

/** All as long as the first, but the last one may be shorter. */
function linesFrom(text: Buffer, start: number, end: number): Line[] {
  const length = end - start;
  const lines = [{ start, length }];
  for (let at = end; at - start < LONGEST_RUN; ) {
    const gap = lineEndAt(text, at);
    if (gap === 0) break;
    const from = at + gap;
    let to = from;
    while (to < text.length && to - from < length && ALPHABET[text[to] as number] === 1) to += 1;
    if (to === from) break;
    lines.push({ start: from, length: to - from });
    at = to;
    if (to - from < length || ALPHABET[text[to] ?? 0] === 1) break;
  }
  return lines;
}

/** Length of what is between two lines; 0 where it is something else. */
function lineEndAt(text: Buffer, at: number): number {
  if (!mayEndLine(text[at])) return 0;
  return LINE_END.exec(text.toString('latin1', at, at + LONGEST_END))?.[0].length ?? 0;
}

/** Most runs end a word, not a line. */
function mayEndLine(sign: number | undefined): boolean {
  return sign === 0x0a || sign === 0x0d || sign === 0x5c;
}

function decodeLines(text: Buffer, lines: readonly Line[]): Layer | null {
  const [first, second] = lines as [Line, Line];
  const joined = lines.map((line) => text.toString('latin1', line.start, line.start + line.length)).join('');
  const run = Buffer.from(joined, 'latin1');
  // The tools of base32 break lines where those of base64 do.
  const inner = base32Layer(run, 0, run.length) ?? decode(run, 0, run.length);
  if (inner === null) return null;
  const placeOf = (at: number) => {
    const line = lines[Math.floor(at / first.length)];
    return line === undefined ? -1 : line.start + (at % first.length);
  };
  const ending = text.toString('latin1', first.start + first.length, second.start);
  return {
    encoding: inner.encoding,
    ...(inner.isBlob && { isBlob: true }),
    decoded: inner.decoded,
    outer(from, to) {
      const [start, end] = inner.outer(from, to);
      return [placeOf(start), placeOf(end - 1) + 1];
    },
    encode(from, to, replacement) {
      const [start, end] = inner.outer(from, to);
      const column = start % first.length;
      const written = Buffer.from(inner.encode(from, to, replacement)).toString('latin1');
      // No line grows beyond the others.
      const rows: string[] = [];
      for (let at = 0, room = first.length - column; at < written.length; at += room, room = first.length)
        rows.push(written.slice(at, at + room));
      const behind = (first.length - (end % first.length)) % first.length;
      const last = (rows.at(-1)?.length ?? 0) + (rows.length === 1 ? column : 0);
      if (last + behind > first.length) rows.push('');
      return Buffer.from(rows.join(ending), 'latin1');
    },
  };
}

/**
 * Base64 and base64url (RFC 4648), with or without padding, on one line or on lines of one length (RFC 2045, PEM); base32 on
 * lines as well.
 */

import { alphabet } from '../alphabet.ts';
import { lastUpTo, longRuns, longRunsAt, type Ranges } from '../ranges.ts';
import { base32Layers, base32Texts } from './base32.ts';
import { holdsPacked, mayBeBrotli, mayBePacked } from './compressed.ts';
import { type IsWanted, isText, type Layer } from './layer.ts';
import { PLAIN, textsIn } from './text-in-bytes.ts';

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
  const marks = runs.length === 0 ? [] : marksIn(text);
  for (let i = 0; i < runs.length; i += 2) {
    const [start, end] = [runs[i] as number, runs[i + 1] as number];
    if (!isWanted(start, end) || isHexadecimal(text, start, end)) continue;
    // A run that was cut before this text may be out of step by one, two or three.
    yield* layersOfRun(text, [start, end], start === 0 ? GROUP : 1);
    for (const mark of marks.length === 0 ? [] : firstMarks(marks, start, end)) {
      const layer = wholeLayer(text, mark, end);
      if (layer !== null) yield layer;
    }
  }
}

/** Signs of a group, and its bytes. */
const [GROUP, BYTES] = [4, 3];

const NOTHING: readonly Layer[] = [];

/**
 * What all of it is, where it begins in one of the first `wholes` places; and texts in it, wherever their groups begin. Most
 * runs are none of these, and there are many: nothing is made for them.
 */
function layersOfRun(text: Buffer, [start, end]: readonly [number, number], wholes: number): readonly Layer[] {
  let out: Layer[] | null = null;
  for (let skip = 0; skip < GROUP; skip += 1) {
    const whole = skip < wholes ? wholeLayer(text, start + skip, end) : null;
    if (whole !== null) out = [...(out ?? NOTHING), whole];
    if ((whole === null || whole.isBlob === true) && mayHoldText(text, start + skip, end))
      out = [...(out ?? NOTHING), ...textsIn(layerOf(text, start + skip, end))];
  }
  return out ?? NOTHING;
}

/** Groups of which all bytes are in a text as short as one that counts: one of them is looked at in so many signs. */
const GROUPS_OF_TEXT = 4;

/** Whether there may be a stretch of text in what these groups hold. */
function mayHoldText(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at + GROUP <= end; at += GROUP * GROUPS_OF_TEXT) {
    if (!isPlainGroup(text, at)) continue;
    let from = at;
    while (from - GROUP >= start && isPlainGroup(text, from - GROUP)) from -= GROUP;
    let to = at + GROUP;
    while (to + GROUP <= end && isPlainGroup(text, to)) to += GROUP;
    if (to - from >= GROUP * GROUPS_OF_TEXT) return true;
    // The next one that is looked at is the first behind these.
    while (at + GROUP * GROUPS_OF_TEXT < to) at += GROUP * GROUPS_OF_TEXT;
  }
  return false;
}

function isPlainGroup(text: Buffer, at: number): boolean {
  const first = VALUES[text[at] as number] as number;
  // Letters of ASCII have no highest bit.
  if (first > 31) return false;
  const second = VALUES[text[at + 1] as number] as number;
  const third = VALUES[text[at + 2] as number] as number;
  if ((second & 8) !== 0 || (third & 2) !== 0) return false;
  if (PLAIN[(first << 2) | (second >> 4)] !== 1) return false;
  if (PLAIN[((second & 15) << 4) | (third >> 2)] !== 1) return false;
  return PLAIN[((third & 3) << 6) | (VALUES[text[at + 3] as number] as number)] === 1;
}

/** What gzip, zstd and zip archives begin with in base64: a word before them may look like a part of the run. */
const MARKS = ['H4sI', 'KLUv', 'UEsD'];

function marksIn(text: Buffer): number[] {
  const out: number[] = [];
  for (const mark of MARKS) for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) out.push(at);
  return out.sort((a, b) => a - b);
}

/** The first behind the beginning of a run for each step: what begins behind that in the same step is found in it. */
function firstMarks(marks: readonly number[], start: number, end: number): number[] {
  const steps = new Map<number, number>();
  for (
    let i = firstFrom(marks, start + 1);
    i < marks.length && (marks[i] as number) < end && steps.size < GROUP;
    i += 1
  ) {
    const at = marks[i] as number;
    if (!steps.has(at % GROUP)) steps.set(at % GROUP, at);
  }
  return [...steps.values()];
}

/** Index of the first that is at least `from`. */
function firstFrom(places: readonly number[], from: number): number {
  return places.length === 0 || (places[0] as number) >= from ? 0 : lastUpTo(places, from - 1) + 1;
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

/** What all of a run is, if it is text or may be compressed. */
function wholeLayer(text: Buffer, start: number, end: number): Layer | null {
  const head = headOf(text, start, end);
  const isTextHead = isText(head, true);
  const length = Math.floor(((end - start) * BYTES) / GROUP);
  const isPacked = mayBePacked(head) || (end - start <= LONGEST_BROTLI && mayBeBrotli(head, length));
  if (!isTextHead && !isPacked) return null;
  const layer = layerOf(text, start, end);
  if (isTextHead && isText(layer.decoded)) return layer;
  return isPacked || holdsPacked(layer.decoded) ? { ...layer, isBlob: true } : null;
}

function layerOf(text: Buffer, start: number, end: number): Layer {
  const run = text.toString('latin1', start, end);
  const encoding = /[-_]/.test(run) ? 'base64url' : 'base64';
  const decoded = Buffer.from(run, 'base64');
  const outer = (from: number, to: number): readonly [number, number] => [
    start + Math.floor(from / BYTES) * GROUP,
    Math.min(end, start + Math.ceil(to / BYTES) * GROUP),
  ];
  return {
    ...{ encoding: 'base64', decoded, outer },
    encode(from, to, replacement) {
      const before = decoded.subarray(from - (from % BYTES), from);
      const after = decoded.subarray(to, Math.ceil(to / BYTES) * BYTES);
      const last = outer(from, to)[1] === end;
      const length = before.length + replacement.length + after.length;
      // Groups of three keep what follows in step; the last one may be short, as it was.
      const filler = Buffer.alloc(last && after.length === 0 ? 0 : (BYTES - (length % BYTES)) % BYTES, '*');
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
    done = endOf(lines);
    const blocks = blocksOf(lines);
    for (const block of blocks) {
      if (block.length > 1 && isWanted((block[0] as Line).start, endOf(block))) yield* layersOfLines(text, block, true);
    }
    // A line that does not belong to it, or has something before it, must not hide the lines behind it.
    if (blocks.length > 1 && isWanted(start, done)) yield* layersOfLines(text, lines, false);
  }
}

interface Line {
  readonly start: number;
  readonly length: number;
}

function endOf(lines: readonly Line[]): number {
  const last = lines.at(-1) as Line;
  return last.start + last.length;
}

/** Nothing but their ends between them. */
function linesFrom(text: Buffer, start: number, end: number): Line[] {
  const lines = [{ start, length: end - start }];
  for (let at = end; ; ) {
    const gap = lineEndAt(text, at);
    const from = at + gap;
    let to = from;
    while (gap > 0 && to < text.length && ALPHABET[text[to] as number] === 1) to += 1;
    if (to === from) return lines;
    lines.push({ start: from, length: to - from });
    at = to;
  }
}

/** Those together that are as long as the first, with a last one that may be shorter. */
function blocksOf(lines: readonly Line[]): Line[][] {
  const out: Line[][] = [];
  let block: Line[] = [];
  for (const line of lines) {
    const [first = line] = block;
    if (line.length > first.length || (block.at(-1)?.length ?? 0) < first.length) block = [];
    if (block.length === 0) out.push(block);
    block.push(line);
  }
  return out;
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

/** `isBlock`: no line may grow beyond the others. */
function* layersOfLines(text: Buffer, lines: readonly Line[], isBlock: boolean): Generator<Layer> {
  const parts = lines.map(({ start, length }) => text.subarray(start, start + length));
  const run = Buffer.concat(parts);
  const begins: number[] = [];
  let length = 0;
  for (const part of parts) {
    begins.push(length);
    length += part.length;
  }
  const placeOf = (at: number) => {
    const line = lastUpTo(begins, at);
    return (lines[line] as Line).start + at - (begins[line] as number);
  };
  const rows = isBlock ? rowsOf(text, lines) : null;
  for (const inner of isBlock ? layersOfBlock(run) : layersOfRest(run)) yield onLines(inner, placeOf, rows);
}

/** The tools of base32 break lines where those of base64 do. */
function* layersOfBlock(run: Buffer): Generator<Layer> {
  const all = [0, run.length] as const;
  const inBase32 = [...base32Texts(run)];
  yield* inBase32;
  if (inBase32.length > 0) return;
  yield* layersOfRun(run, all, 1);
  yield* base32Layers(run, all, () => true);
}

function* layersOfRest(run: Buffer): Generator<Layer> {
  const all = [0, run.length] as const;
  yield* base32Layers(run, all, () => true);
  if (!isHexadecimal(run, ...all)) yield* layersOfRun(run, all, GROUP);
}

/** Lines of one length. */
interface Rows {
  readonly width: number;
  readonly ending: string;
}

function rowsOf(text: Buffer, lines: readonly Line[]): Rows {
  const [first, second] = lines as [Line, Line];
  return { width: first.length, ending: text.toString('latin1', first.start + first.length, second.start) };
}

function onLines(inner: Layer, placeOf: (at: number) => number, rows: Rows | null): Layer {
  return {
    encoding: inner.encoding,
    ...(inner.isBlob && { isBlob: true }),
    decoded: inner.decoded,
    outer(from, to) {
      const [start, end] = inner.outer(from, to);
      return [placeOf(start), placeOf(end - 1) + 1];
    },
    encode(from, to, replacement) {
      const encoded = inner.encode(from, to, replacement);
      return rows === null ? encoded : inRows(encoded, inner.outer(from, to), rows);
    },
  };
}

/** What takes the place of a stretch of a block, on lines as long as the others. */
function inRows(encoded: Uint8Array, [start, end]: readonly [number, number], { width, ending }: Rows): Buffer {
  const column = start % width;
  const written = Buffer.from(encoded).toString('latin1');
  const rows: string[] = [];
  for (let at = 0, room = width - column; at < written.length; at += room, room = width)
    rows.push(written.slice(at, at + room));
  const behind = (width - (end % width)) % width;
  const last = (rows.at(-1)?.length ?? 0) + (rows.length === 1 ? column : 0);
  if (last + behind > width) rows.push('');
  return Buffer.from(rows.join(ending), 'latin1');
}

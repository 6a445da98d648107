/** Hexadecimal text: two digits a byte, with nothing or the same few signs between (`67:68`, `0x67, 0x68`). */

import { alphabet } from '../alphabet.ts';
import { longRuns, longRunsAt, type Ranges, runBefore } from '../ranges.ts';
import { holdsPacked, mayBePacked } from './compressed.ts';
import { type IsWanted, isText, type Layer } from './layer.ts';
import { textsIn, textsOf } from './text-in-bytes.ts';

const DIGITS = alphabet('0123456789abcdefABCDEF');
/** Twelve bytes: shorter ones hold no secret. */
const SHORTEST = 24;
/** In shorter bytes nothing is looked for that begins further in: most are digests. */
const LONGEST_DIGEST = 64;

/** `runs` are stretches of letters and digits: those of digits lie in them. */
export function* hexLayers(text: Buffer, runs: Ranges, isWanted: IsWanted): Generator<Layer> {
  for (let i = 0; i < runs.length; i += 2) {
    const digits = longRuns(DIGITS, text, SHORTEST, [runs[i] as number, runs[i + 1] as number]);
    for (let j = 0; j < digits.length; j += 2) {
      const [start, end] = [digits[j] as number, digits[j + 1] as number];
      if (isWanted(start, end)) yield* decodeRun(text, start, end);
    }
  }
}

function* decodeRun(text: Buffer, start: number, end: number): Generator<Layer> {
  // A neighbour may look like a digit and be none, on either side.
  for (let skip = 0; skip < 2; skip += 1) {
    yield* decode(text, start + skip, end - ((end - start - skip) % 2));
  }
}

function* decode(text: Buffer, start: number, end: number): Generator<Layer> {
  const decoded = Buffer.from(text.toString('latin1', start, end), 'hex');
  const layer: Layer = {
    encoding: 'hex',
    decoded,
    outer: (from, to) => [start + from * 2, start + to * 2],
    encode: (_from, _to, replacement) => Buffer.from(Buffer.from(replacement).toString('hex'), 'latin1'),
  };
  if (isText(decoded)) yield layer;
  else {
    yield* textsIn(layer);
    if (decoded.length > LONGEST_DIGEST ? holdsPacked(decoded) : mayBePacked(decoded)) yield { ...layer, isBlob: true };
  }
}

/** A line of `xxd -p` and the lines behind it; a string of JSON writes their ends. */
const LINES = /[0-9A-Fa-f]{40,}(?:(?:\r?\n|\\r\\n|\\n)[0-9A-Fa-f]{2,})+/y;
const SHORTEST_LINE = 40;
const [STAR, BACKSLASH] = [0x2a, 0x5c];

/** Digits on lines of the same length; what takes the place of some is as long, so that no line grows. */
export function* wrappedHexLayers(text: Buffer, runs: Ranges, isWanted: IsWanted): Generator<Layer> {
  let all: string | undefined;
  let done = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const end = runs[i + 1] as number;
    if (!isBreak(text[end])) continue;
    // What stands before the digits may look like letters of the run: a word, or the end of a written line end.
    const start = runBefore(DIGITS, text, end, runs[i] as number);
    if (start < done || end - start < SHORTEST_LINE) continue;
    all ??= text.toString('latin1');
    LINES.lastIndex = start;
    const lines = LINES.exec(all)?.[0];
    if (lines === undefined) continue;
    done = start + lines.length;
    if (!isWanted(start, done)) continue;
    // A digit too many stands before the first line, or behind it.
    for (let skip = 0; skip <= (end - start) % 2; skip += 1) yield* decodeLines(text, lines.slice(skip), start + skip);
  }
}

function isBreak(byte = 0): boolean {
  return byte === 0x0a || byte === 0x0d || byte === BACKSLASH;
}

function decodeLines(text: Buffer, lines: string, start: number): Iterable<Layer> {
  const places = [...lines.matchAll(PAIR)].map(({ index }) => start + index);
  const decoded = Buffer.from(places.map((at) => Number.parseInt(text.toString('latin1', at, at + 2), 16)));
  const outer = (from: number, to: number) => [places[from] as number, (places[to - 1] as number) + 2] as const;
  const encode = (from: number, to: number, replacement: Uint8Array) => {
    const out = Buffer.from(text.subarray(...outer(from, to)));
    for (let i = from; i < to; i += 1) {
      const digits = (replacement[i - from] ?? STAR).toString(16).padStart(2, '0');
      out.write(digits, (places[i] as number) - (places[from] as number), 'latin1');
    }
    return out;
  };
  return textsOf({ encoding: 'hex', decoded, outer, encode });
}

const DUMP = alphabet('0123456789abcdefABCDEF xX:,-');
/** Pairs of digits that are apart; a prefix belongs to what is between. */
const PAIRS = /(?:0[xX])?[0-9A-Fa-f]{2}(?:[ :,-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2}){11,}/g;
const PAIR = /[0-9A-Fa-f]{2}(?![xX])/g;

export function* hexDumpLayers(text: Buffer, isWanted: IsWanted, near: Ranges | null = null): Generator<Layer> {
  const shortest = 3 * (SHORTEST / 2) - 1;
  const runs = near === null ? longRuns(DUMP, text, shortest) : longRunsAt(DUMP, text, shortest, near);
  for (let i = 0; i < runs.length; i += 2) {
    const [from, to] = [runs[i] as number, runs[i + 1] as number];
    if (!isWanted(from, to)) continue;
    for (const found of text.toString('latin1', from, to).matchAll(PAIRS))
      yield* decodeDump(found[0], from + found.index);
  }
}

function decodeDump(run: string, start: number): Iterable<Layer> {
  const places: number[] = [];
  let digits = '';
  for (const pair of run.matchAll(PAIR)) {
    places.push(start + pair.index);
    digits += pair[0];
  }
  const decoded = Buffer.from(digits, 'hex');
  const between = run.slice((places[0] as number) - start + 2, (places[1] as number) - start);
  return textsOf({
    encoding: 'hex',
    decoded,
    outer: (from, to) => [places[from] as number, (places[to - 1] as number) + 2],
    encode: (_from, _to, replacement) =>
      Buffer.from([...replacement].map((byte) => byte.toString(16).padStart(2, '0')).join(between), 'latin1'),
  });
}

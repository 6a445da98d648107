/** Hexadecimal text: two digits a byte, with nothing or the same few signs between (`67:68`, `0x67, 0x68`). */

import { alphabet } from '../alphabet.ts';
import { longRuns, longRunsAt, type Ranges } from '../ranges.ts';
import { mayBePacked } from './compressed.ts';
import { type IsWanted, isText, type Layer, LONGEST_RUN } from './layer.ts';

const DIGITS = alphabet('0123456789abcdefABCDEF');
/** Twelve bytes: shorter ones hold no secret. */
const SHORTEST = 24;

/** `runs` are stretches of letters and digits: those of digits lie in them. */
export function* hexLayers(text: Buffer, runs: Ranges, isWanted: IsWanted): Generator<Layer> {
  for (let i = 0; i < runs.length; i += 2) {
    const digits = longRuns(DIGITS, text, SHORTEST, [runs[i] as number, runs[i + 1] as number]);
    for (let j = 0; j < digits.length; j += 2) {
      const [start, end] = [digits[j] as number, digits[j + 1] as number];
      if (end - start <= LONGEST_RUN && isWanted(start, end)) yield* decodeRun(text, start, end);
    }
  }
}

function* decodeRun(text: Buffer, start: number, end: number): Generator<Layer> {
  // A digit more than bytes need: one of its neighbours looks like a digit and is none.
  for (let skip = 0; skip <= (end - start) % 2; skip += 1) {
    const layer = decode(text, start + skip, end - ((end - start - skip) % 2));
    if (layer !== null) yield layer;
  }
}

function decode(text: Buffer, start: number, end: number): Layer | null {
  const decoded = Buffer.from(text.toString('latin1', start, end), 'hex');
  const isBlob = !isText(decoded);
  if (isBlob && !mayBePacked(decoded)) return null;
  return {
    encoding: 'hex',
    decoded,
    isBlob,
    outer: (from, to) => [start + from * 2, start + to * 2],
    encode: (_from, _to, replacement) => Buffer.from(Buffer.from(replacement).toString('hex'), 'latin1'),
  };
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
    if (to - from > LONGEST_RUN || !isWanted(from, to)) continue;
    for (const found of text.toString('latin1', from, to).matchAll(PAIRS)) {
      const layer = decodeDump(found[0], from + found.index);
      if (layer !== null) yield layer;
    }
  }
}

function decodeDump(run: string, start: number): Layer | null {
  const places: number[] = [];
  let digits = '';
  for (const pair of run.matchAll(PAIR)) {
    places.push(start + pair.index);
    digits += pair[0];
  }
  const decoded = Buffer.from(digits, 'hex');
  if (!isText(decoded)) return null;
  const between = run.slice((places[0] as number) - start + 2, (places[1] as number) - start);
  return {
    encoding: 'hex',
    decoded,
    outer: (from, to) => [places[from] as number, (places[to - 1] as number) + 2],
    encode: (_from, _to, replacement) =>
      Buffer.from([...replacement].map((byte) => byte.toString(16).padStart(2, '0')).join(between), 'latin1'),
  };
}

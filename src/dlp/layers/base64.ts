/** Base64 and base64url (RFC 4648), with or without padding, on one line. */

import { alphabet, isText, type Layer, LONGEST_RUN, longRuns } from './layer.ts';

/** Shorter runs hold no secret, and words are such runs. */
const SHORTEST = 24;
/** Flags of the bytes of both alphabets. */
const ALPHABET = alphabet('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_');
const HEXADECIMAL = alphabet('0123456789abcdefABCDEF');

export function* base64Layers(text: Buffer): Generator<Layer> {
  for (const [start, end] of runs(text)) {
    // A run that was cut before this text may be out of step by one, two or three.
    for (let skip = 0; skip < (start === 0 ? 4 : 1); skip += 1) {
      const layer = decode(text, start + skip, end);
      if (layer !== null) yield layer;
    }
  }
}

/** Stretches of the alphabet that are long enough, and are not plain hexadecimal. */
function* runs(text: Buffer): Generator<readonly [number, number]> {
  for (const [start, end] of longRuns(ALPHABET, text, SHORTEST)) {
    if (end - start <= LONGEST_RUN && !isHexadecimal(text, start, end)) yield [start, end];
  }
}

function isHexadecimal(text: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && HEXADECIMAL[text[at] as number] === 1) at += 1;
  return at === end;
}

function decode(text: Buffer, start: number, end: number): Layer | null {
  const run = text.toString('latin1', start, end);
  const url = /[-_]/.test(run);
  if (url && /[+/]/.test(run)) return null;
  if (!isText(Buffer.from(run.slice(0, 64), 'base64').subarray(0, 47))) return null;
  const decoded = Buffer.from(run, 'base64');
  if (!isText(decoded)) return null;
  const encoding = url ? 'base64url' : 'base64';
  const outer = (from: number, to: number): readonly [number, number] => [
    start + Math.floor(from / 3) * 4,
    Math.min(end, start + Math.ceil(to / 3) * 4),
  ];
  return {
    encoding: 'base64',
    decoded,
    outer,
    encode(from, to, replacement) {
      const before = decoded.subarray(from - (from % 3), from);
      const after = decoded.subarray(to, Math.ceil(to / 3) * 3);
      const last = outer(from, to)[1] === end;
      const length = before.length + replacement.length + after.length;
      // Groups of three keep what follows in step; the last one may be short, as it was.
      const filler = Buffer.alloc(last && after.length === 0 ? 0 : (3 - (length % 3)) % 3, '*');
      const bytes = Buffer.concat([before, replacement, filler, after]);
      return Buffer.from(bytes.toString(encoding).replace(/=+$/, ''), 'latin1');
    },
  };
}

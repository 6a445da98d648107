/**
 * UTF-16 text in either byte order, whole or in a stretch of something else (T-35): letters of ASCII with a zero byte beside
 * each. No byte order mark is needed; a letter beyond ASCII ends a stretch.
 */

import { type IsWanted, type Layer, LONGEST_RUN } from './layer.ts';

/** Letters; shorter stretches hold no secret, and tables of numbers are such stretches. */
const SHORTEST = 8;

export function* utf16Layers(text: Buffer, isWanted: IsWanted): Generator<Layer> {
  let at = 0;
  for (let zero = text.indexOf(0); zero >= 0; zero = text.indexOf(0, at)) {
    const little = zero > at ? endOf(text, zero - 1, 0) : zero;
    const [start, low] = little - zero + 1 >= 2 * SHORTEST ? [zero - 1, 0] : [zero, 1];
    const end = low === 0 ? little : endOf(text, zero, 1);
    at = Math.max(end, zero + 1);
    if (end - start < 2 * SHORTEST || end - start > LONGEST_RUN) continue;
    if (isWanted(start, end)) yield layerOf(text, start, end, low);
  }
}

/** End of the letters from `start` on; `low` is the place of the letter in its pair of bytes. */
function endOf(text: Buffer, start: number, low: number): number {
  let at = start;
  while (at + 1 < text.length && isLetter(text[at + low] as number) && text[at + 1 - low] === 0) at += 2;
  return at;
}

function isLetter(byte: number): boolean {
  return (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13);
}

function layerOf(text: Buffer, start: number, end: number, low: number): Layer {
  const decoded = Buffer.alloc((end - start) / 2);
  for (let i = 0; i < decoded.length; i += 1) decoded[i] = text[start + 2 * i + low] as number;
  return {
    encoding: 'utf16',
    decoded,
    outer: (from, to) => [start + 2 * from, start + 2 * to],
    encode: (_from, _to, replacement) => {
      const wide = Buffer.from(Buffer.from(replacement).toString('latin1'), 'utf16le');
      return low === 0 ? wide : wide.swap16();
    },
  };
}

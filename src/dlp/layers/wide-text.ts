/**
 * UTF-16 and UTF-32 text in either byte order, whole or in a stretch of something else (T-35): letters of ASCII with zero
 * bytes beside each. No byte order mark is needed; a letter beyond ASCII ends a stretch. A letter that stands before or behind
 * such text can be taken for one of it, so that each stretch is read in both orders.
 */

import type { IsWanted, Layer } from './layer.ts';

/** Letters; shorter stretches hold no secret, and tables of numbers are such stretches. */
const SHORTEST = 8;

const ZEROES = Buffer.alloc(3);
const NEAR = 16;

/** Bytes of a letter, and which of them is not zero. */
interface Form {
  readonly encoding: 'utf16' | 'utf32';
  readonly width: 2 | 4;
  readonly low: number;
}

export function* wideLayers(text: Buffer, isWanted: IsWanted): Generator<Layer> {
  yield* layersOfWidth(text, { encoding: 'utf16', width: 2 }, isWanted);
  yield* layersOfWidth(text, { encoding: 'utf32', width: 4 }, isWanted);
}

type Width = Pick<Form, 'encoding' | 'width'>;

function* layersOfWidth(text: Buffer, of: Width, isWanted: IsWanted): Generator<Layer> {
  const { width } = of;
  const little = { ...of, low: 0 };
  const big = { ...of, low: width - 1 };
  let at = 0;
  for (let found = zeroesFrom(text, 0, width - 1); found >= 0; found = zeroesFrom(text, at, width - 1)) {
    const isBehindLetter = found > 0 && isLetter(text[found - 1] as number);
    const zero = isBehindLetter ? found : nextToOther(text, found, width);
    at = zero + 1;
    const stretches = [
      { form: little, start: isBehindLetter ? zero - 1 : zero + width - 1 },
      { form: big, start: zero },
    ];
    for (const { form, start } of stretches) {
      const end = endOf(text, start, form);
      if (end > start) at = Math.max(at, end);
      if (end - start >= width * SHORTEST && isWanted(start, end)) yield layerOf(text, start, end, form);
    }
  }
}

/** Where `count` zeros stand next, or -1; a search costs as much as looking at many bytes, so that near ones are looked for. */
function zeroesFrom(text: Buffer, at: number, count: number): number {
  for (let i = at; i < at + NEAR; i += 1) if (areZero(text, i, count, count)) return i;
  return text.indexOf(ZEROES.subarray(0, count), at);
}

/**
 * The last place from `at` on where zeros stand before something else. Nothing begins further in, and files are full of zeros:
 * a search for each of them took more than everything else.
 */
function nextToOther(text: Buffer, at: number, width: number): number {
  let zero = at;
  while (text[zero + width - 1] === 0) zero += 1;
  return zero;
}

/** End of the letters from `start` on. */
function endOf(text: Buffer, start: number, { width, low }: Form): number {
  let at = start;
  while (at + width <= text.length && isLetter(text[at + low] as number) && areZero(text, at, width, low)) at += width;
  return at;
}

function areZero(text: Buffer, at: number, width: number, low: number): boolean {
  for (let i = 0; i < width; i += 1) if (i !== low && text[at + i] !== 0) return false;
  return true;
}

function isLetter(byte: number): boolean {
  return (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13);
}

function layerOf(text: Buffer, start: number, end: number, { encoding, width, low }: Form): Layer {
  const decoded = Buffer.alloc((end - start) / width);
  for (let i = 0; i < decoded.length; i += 1) decoded[i] = text[start + width * i + low] as number;
  return {
    encoding,
    decoded,
    outer: (from, to) => [start + width * from, start + width * to],
    encode: (_from, _to, replacement) => {
      const wide = Buffer.alloc(replacement.length * width);
      for (let i = 0; i < replacement.length; i += 1) wide[width * i + low] = replacement[i] as number;
      return wide;
    },
  };
}

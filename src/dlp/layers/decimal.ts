/** Bytes as decimal numbers with commas or blanks between, as an array of them is written (`[103, 104, 112]`). */

import { alphabet } from '../alphabet.ts';
import { longRuns, longRunsAt, type Ranges } from '../ranges.ts';
import type { IsWanted, Layer } from './layer.ts';

const SIGNS = alphabet('0123456789, \t\r\n');
/** Twelve letters: shorter ones hold no secret. */
const SHORTEST = 12;
const LETTER = '(?:3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6])';
const BETWEEN = '(?:\\s{0,20},\\s{0,20}|\\s{1,20})';
/** Letters of ASCII only: what else is in a row of numbers says that they are none. */
const LETTERS = new RegExp(`(?<![0-9.])${LETTER}(?:${BETWEEN}${LETTER}){${SHORTEST - 1},}(?![0-9.])`, 'g');

export function* decimalLayers(text: Buffer, isWanted: IsWanted, near: Ranges | null = null): Generator<Layer> {
  const shortest = 3 * SHORTEST - 1;
  const runs = near === null ? longRuns(SIGNS, text, shortest) : longRunsAt(SIGNS, text, shortest, near);
  for (let i = 0; i < runs.length; i += 2) {
    const [from, to] = [runs[i] as number, runs[i + 1] as number];
    if (!isWanted(from, to)) continue;
    for (const { 0: found, index } of text.toString('latin1', from, to).matchAll(LETTERS))
      yield layerOf(found, from + index);
  }
}

function layerOf(run: string, start: number): Layer {
  const numbers = [...run.matchAll(/[0-9]+/g)];
  const [first, second] = numbers as [RegExpExecArray, RegExpExecArray];
  const between = run.slice(first[0].length, second.index);
  return {
    encoding: 'decimal',
    decoded: Buffer.from(numbers.map(([digits]) => Number(digits))),
    outer: (from, to) => {
      const last = numbers[to - 1] as RegExpExecArray;
      return [start + (numbers[from] as RegExpExecArray).index, start + last.index + last[0].length];
    },
    encode: (_from, _to, replacement) => Buffer.from([...replacement].join(between), 'latin1'),
  };
}

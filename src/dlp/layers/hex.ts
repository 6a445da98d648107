/** Hexadecimal text: two digits a byte, nothing between. */

import { alphabet, isText, type Layer, LONGEST_RUN, longRuns } from './layer.ts';

const DIGITS = alphabet('0123456789abcdefABCDEF');
/** Twelve bytes: shorter ones hold no secret. */
const SHORTEST = 24;

export function* hexLayers(text: Buffer): Generator<Layer> {
  for (const [start, end] of longRuns(DIGITS, text, SHORTEST)) {
    // A digit more than bytes need: one of its neighbours looks like a digit and is none.
    const skips = (end - start) % 2 === 0 ? [0] : [0, 1];
    if (end - start > LONGEST_RUN) continue;
    for (const skip of skips) {
      const layer = decode(text, start + skip, end - ((end - start - skip) % 2));
      if (layer !== null) yield layer;
    }
  }
}

function decode(text: Buffer, start: number, end: number): Layer | null {
  const decoded = Buffer.from(text.toString('latin1', start, end), 'hex');
  if (!isText(decoded)) return null;
  return {
    encoding: 'hex',
    decoded,
    outer: (from, to) => [start + from * 2, start + to * 2],
    encode: (_from, _to, replacement) => Buffer.from(Buffer.from(replacement).toString('hex'), 'latin1'),
  };
}

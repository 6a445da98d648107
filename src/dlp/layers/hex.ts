/** Hexadecimal text: two digits a byte, nothing between. */

import { isText, type Layer, LONGEST_RUN } from './layer.ts';

const RUN = /(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){12,}(?![0-9A-Fa-f])/g;

export function* hexLayers(text: Buffer): Generator<Layer> {
  // Latin-1: a character a byte, so that offsets are the same.
  for (const found of text.toString('latin1').matchAll(RUN)) {
    const start = found.index;
    if (found[0].length > LONGEST_RUN) continue;
    const decoded = Buffer.from(found[0], 'hex');
    if (!isText(decoded)) continue;
    yield {
      encoding: 'hex',
      decoded,
      outer: (from, to) => [start + from * 2, start + to * 2],
      encode: (_from, _to, replacement) => Buffer.from(Buffer.from(replacement).toString('hex'), 'latin1'),
    };
  }
}

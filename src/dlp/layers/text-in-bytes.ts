/**
 * Text within bytes that are no text as a whole (T-35): what stands before or behind it must not hide it, as a few bytes that
 * are no letters would.
 */

import { longRuns, type Ranges } from '../ranges.ts';
import { isText, type Layer } from './layer.ts';

/** Bytes of text in a row: in random ones there are so many in one place of ten million. */
export const SHORTEST_TEXT = 16;

/** What text in ASCII is made of. */
export const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 9 && byte <= 13) || (byte >= 32 && byte < 127) ? 1 : 0,
);

/** The layer itself where it is text, else each stretch of text in it. */
export function* textsOf(layer: Layer): Generator<Layer> {
  if (isText(layer.decoded)) yield layer;
  else yield* textsIn(layer);
}

/** Each stretch of text in it. */
export function* textsIn(layer: Layer): Generator<Layer> {
  const stretches: Ranges = longRuns(PLAIN, layer.decoded, SHORTEST_TEXT);
  for (let i = 0; i < stretches.length; i += 2) yield partOf(layer, stretches[i] as number, stretches[i + 1] as number);
}

function partOf({ encoding, decoded, outer, encode }: Layer, from: number, to: number): Layer {
  return {
    encoding,
    decoded: decoded.subarray(from, to),
    outer: (start, end) => outer(from + start, from + end),
    encode: (start, end, replacement) => encode(from + start, from + end, replacement),
  };
}

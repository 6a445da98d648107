/** The scan of a text and of what is encoded in it, to a bounded depth: base64, hex, percent, JSON escapes, hidden signs. */

import type { RuleSet } from './compiled-rules.ts';
import { JsonPlaces } from './json-tracker.ts';
import { base64Layers } from './layers/base64.ts';
import { invisibleLayer, jsonLayer, percentLayer } from './layers/escapes.ts';
import { hexLayers } from './layers/hex.ts';
import type { Encoding, Layer } from './layers/layer.ts';
import { type Candidate, candidatesOf, NOWHERE, type ScanContext, withoutOverlaps } from './scan.ts';

/** A candidate, and how to write something else in its place. */
export interface LayeredCandidate extends Candidate {
  /** The secret itself, decoded. */
  readonly secret: Buffer;
  /** Encodings round it, the outermost first; empty when it stands in the clear. */
  readonly encodings: readonly Encoding[];
  /** What the text holds in place of `start..end` once the secret is `replacement`. */
  replaced(replacement: Uint8Array): Uint8Array;
}

export interface LayerLimits {
  /** Encodings one inside the other. */
  readonly depth: number;
  /** Decoded bytes in all, so that nothing can be made to grow without end. */
  readonly bytes: number;
}

export const LAYER_LIMITS: LayerLimits = { depth: 3, bytes: 8 * 1024 * 1024 };

/** Candidates in the clear and in every layer, overlaps resolved, in order of position. */
export function scanLayers(
  text: Buffer,
  set: RuleSet,
  context: ScanContext = { ...NOWHERE, pathAt: new JsonPlaces().over(text, 0) },
  limits: LayerLimits = LAYER_LIMITS,
): LayeredCandidate[] {
  return withoutOverlaps(collect(text, { set, context, left: { bytes: limits.bytes } }, limits.depth));
}

interface Walk {
  readonly set: RuleSet;
  readonly context: ScanContext;
  readonly left: { bytes: number };
}

function collect(text: Buffer, walk: Walk, depth: number): LayeredCandidate[] {
  const found: LayeredCandidate[] = candidatesOf(text, walk.set, walk.context).map((candidate) => ({
    ...candidate,
    secret: text.subarray(candidate.start, candidate.end),
    encodings: [],
    replaced: (replacement) => replacement,
  }));
  if (depth === 0) return found;
  for (const layer of layersOf(text)) {
    walk.left.bytes -= layer.decoded.length;
    if (walk.left.bytes < 0) break;
    for (const inner of collect(layer.decoded, inLayer(walk, layer), depth - 1)) found.push(lifted(inner, layer));
  }
  return found;
}

/** What is encoded stands where its encoded form stands. */
function inLayer(walk: Walk, layer: Layer): Walk {
  const { pathAt, ...rest } = walk.context;
  if (pathAt === undefined) return walk;
  return { ...walk, context: { ...rest, pathAt: (offset) => pathAt(layer.outer(offset, offset + 1)[0]) } };
}

function* layersOf(text: Buffer): Generator<Layer> {
  yield* base64Layers(text);
  yield* hexLayers(text);
  for (const layer of [percentLayer(text), jsonLayer(text), invisibleLayer(text)]) if (layer !== null) yield layer;
}

/** The candidate of a layer, as the text around it shows it. */
function lifted(inner: LayeredCandidate, layer: Layer): LayeredCandidate {
  const [start, end] = layer.outer(inner.start, inner.end);
  return {
    ...inner,
    start,
    end,
    encodings: [layer.encoding, ...inner.encodings],
    replaced: (replacement) => layer.encode(inner.start, inner.end, inner.replaced(replacement)),
  };
}

/** The scan of a text and of what is encoded in it, to a bounded depth: base64, hex, percent, JSON escapes, hidden signs. */

import type { RuleSet } from './compiled-rules.ts';
import { JsonPlaces } from './json-tracker.ts';
import { base64Layers, wrappedBase64Layers } from './layers/base64.ts';
import { confusableLayer } from './layers/confusables.ts';
import { deltaLayers, type Piece } from './layers/deltas.ts';
import {
  entityLayer,
  invisibleLayer,
  jsonLayer,
  percentLayer,
  quotedPrintableLayer,
  sourceLayer,
} from './layers/escapes.ts';
import { hexDumpLayers, hexLayers } from './layers/hex.ts';
import type { Encoding, Layer } from './layers/layer.ts';
import { utf16Layers } from './layers/utf16.ts';
import { type Candidate, candidatesOf, NOWHERE, type ScanContext, withoutOverlaps } from './scan.ts';
import { bareJsonValue } from './transform.ts';

/** A candidate, and how to write something else in its place. */
export interface LayeredCandidate extends Candidate {
  /** The secret itself, decoded. */
  readonly secret: Buffer;
  /** Encodings round it, the outermost first; empty when it stands in the clear. */
  readonly encodings: readonly Encoding[];
  /** What the text holds in place of `start..end` once the secret is `replacement`. */
  replaced(replacement: Uint8Array): Uint8Array;
  /**
   * A later piece of a secret that lies in several, and where its first piece begins. The first stands for all: what takes
   * the place of this one is empty.
   */
  readonly continues?: number;
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
  const walk = { set, context, left: { bytes: limits.bytes }, isInner: false };
  return withoutOverlaps([...collect(text, walk, limits.depth), ...inPieces(text, walk, limits.depth)]);
}

interface Walk {
  readonly set: RuleSet;
  readonly context: ScanContext;
  readonly left: { bytes: number };
  /** The text was encoded in another. */
  readonly isInner: boolean;
}

function collect(text: Buffer, walk: Walk, depth: number): LayeredCandidate[] {
  const found: LayeredCandidate[] = candidatesOf(text, walk.set, walk.context).map((candidate) => ({
    ...candidate,
    secret: text.subarray(candidate.start, candidate.end),
    encodings: [],
    replaced: (replacement) => (walk.isInner ? asJsonValue(text, candidate, replacement) : replacement),
  }));
  if (depth === 0) return found;
  for (const layer of layersOf(text, walk.context)) {
    walk.left.bytes -= layer.decoded.length;
    if (walk.left.bytes < 0) break;
    for (const inner of collect(layer.decoded, inLayer(walk, layer), depth - 1)) found.push(lifted(inner, layer));
  }
  return found;
}

/** JSON that is encoded stays JSON: what stands for a number is put in quotes. */
function asJsonValue(text: Buffer, { start, end }: Candidate, replacement: Uint8Array): Uint8Array {
  const value = bareJsonValue(text, start, end);
  if (value === null || value[0] !== start || value[1] !== end) return replacement;
  if (new JsonPlaces().kinds(text, 0)(start) !== 'bare') return replacement;
  return Buffer.concat([QUOTE, replacement, QUOTE]);
}

const QUOTE = Buffer.from('"');

/** What lies in several places of the text, a candidate for each, so that what is between them is seen for itself. */
function* inPieces(text: Buffer, walk: Walk, depth: number): Generator<LayeredCandidate> {
  if (depth === 0) return;
  for (const { decoded, encoding, parts } of deltaLayers(text)) {
    walk.left.bytes -= decoded.length;
    if (walk.left.bytes < 0) return;
    for (const inner of collect(decoded, { ...walk, context: withoutPlaces(walk.context) }, depth - 1)) {
      const places = parts(inner.start, inner.end);
      // In one piece it is found as it stands.
      if (places.length > 1) yield* spread(inner, places, encoding);
    }
  }
}

function withoutPlaces({ host, tool }: ScanContext): ScanContext {
  return { host, tool };
}

function* spread(inner: LayeredCandidate, places: readonly Piece[], encoding: Encoding): Generator<LayeredCandidate> {
  const encodings = [encoding, ...inner.encodings];
  const [first, ...rest] = places;
  if (first === undefined) return;
  yield { ...inner, ...first, encodings };
  for (const place of rest) yield { ...inner, ...place, encodings, continues: first.start };
}

/** What is encoded stands where its encoded form stands. */
function inLayer(walk: Walk, layer: Layer): Walk {
  const { pathAt, host, tool } = walk.context;
  const inside = pathAt && { pathAt: (offset: number) => pathAt(layer.outer(offset, offset + 1)[0]) };
  return { ...walk, isInner: true, context: { host, tool, ...inside } };
}

function* layersOf(text: Buffer, { isForm }: ScanContext): Generator<Layer> {
  yield* base64Layers(text);
  yield* wrappedBase64Layers(text);
  yield* hexLayers(text);
  yield* hexDumpLayers(text);
  yield* utf16Layers(text);
  const wholes = [
    () => percentLayer(text, isForm),
    () => jsonLayer(text),
    () => sourceLayer(text),
    () => entityLayer(text),
    () => quotedPrintableLayer(text),
    () => invisibleLayer(text),
    () => confusableLayer(text),
  ];
  for (const whole of wholes) {
    const layer = whole();
    if (layer !== null) yield layer;
  }
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

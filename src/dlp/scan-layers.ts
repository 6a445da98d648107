/** The scan of a text and of what is encoded in it, to a bounded depth: base64, hex, percent, JSON escapes, hidden signs. */

import { LIKELIHOODS } from '../core/finding.ts';
import { addAll } from '../core/large-lists.ts';
import { anchoredChains } from './anchored-chains.ts';
import type { Seen } from './candidates.ts';
import type { RuleSet } from './compiled-rules.ts';
import { joinedMatches, mostEffort } from './joined.ts';
import { JsonPlaces } from './json-places.ts';
import { chainsOf } from './layers/chains.ts';
import { Allowance, type Packing, packedLayers } from './layers/compressed.ts';
import { joined, type Piece } from './layers/deltas.ts';
import { lanesOf } from './layers/lanes.ts';
import type { Encoding, Layer } from './layers/layer.ts';
import { layersOf, type View } from './layers/layers-of.ts';
import { copied } from './layers/splices.ts';
import { withLineEnds } from './line-ends.ts';
import { pairMatches } from './pair-matches.ts';
import { touches } from './ranges.ts';
import { type Candidate, candidatesOf, NOWHERE, type ScanContext, withoutOverlaps } from './scan.ts';
import { ENCODINGS } from './survey/kernel.ts';
import { encodingsIn, type Shapes, shapesOf } from './survey/survey.ts';
import { tableMatches } from './table-matches.ts';
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
  /** What it shares its place with: all of it is replaced at once, and `replaced` says nothing. */
  readonly within?: Container;
}

/** A stretch that can be rewritten as a whole only, or not at all. */
export interface Container {
  readonly decoded: Buffer;
  /** In it, in order; not overlapping. */
  readonly inner: readonly LayeredCandidate[];
  /** What the text holds in its place once it is `decoded`; null where it cannot be rewritten. */
  readonly encode: (decoded: Uint8Array) => Uint8Array | null;
}

export interface LayerLimits {
  /** Encodings one inside the other. */
  readonly depth: number;
  /** Bytes in all of what is decoded, and of what is unpacked, so that nothing can be made to grow without end. */
  readonly bytes: number;
  /** Undoes compression; without it nothing compressed is looked into. */
  readonly packing?: Packing;
}

export const LAYER_LIMITS: LayerLimits = { depth: 3, bytes: 8 * 1024 * 1024 };

export interface LayeredScan {
  readonly found: LayeredCandidate[];
  /** False where more was encoded in it than the limits let be undone: there may be something in what was left. */
  readonly isWhole: boolean;
}

/** Candidates in the clear and in every layer, overlaps resolved, in order of position. */
export function scanLayers(
  text: Buffer,
  set: RuleSet,
  context?: ScanContext,
  limits?: LayerLimits,
): LayeredCandidate[] {
  return lookInto(text, set, context, limits).found;
}

/** What `scanLayers` finds, and whether all was looked into. */
export function lookInto(
  text: Buffer,
  set: RuleSet,
  context: ScanContext = { ...NOWHERE, pathAt: new JsonPlaces().over(text, 0) },
  limits: LayerLimits = LAYER_LIMITS,
): LayeredScan {
  const left = new Left(limits.bytes);
  const walk = { set, context, left, isInner: false, packing: limits.packing };
  const shapes = shapesOf(text);
  const lanes = lanesOf(text, 2, shapes);
  const all = [
    ...collect(wholly(text, set), walk, limits.depth),
    ...inPieces({ text, chains: lanes.texts }, walk, limits.depth),
    ...inParts({ text, chains: lanes.parts }, walk, shapes),
    ...behindNames(text, walk, shapes),
  ];
  // Of two that are alike the one that is nearer to the clear stays.
  const found = withoutOverlaps(all.sort((a, b) => a.encodings.length - b.encodings.length));
  const isFlat = !found.some(({ within }) => within !== undefined);
  return { found: isFlat ? found : found.flatMap(flat), isWhole: !left.isBeyond && !left.packed.isBeyond };
}

/** What may still be undone. */
class Left {
  bytes: number;
  isBeyond = false;
  /** Has bytes of its own: whoever uses those up hides nothing that is only encoded. */
  readonly packed: Allowance;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.packed = new Allowance(bytes);
  }

  /** False where this is more than there was left. */
  take({ length }: Uint8Array): boolean {
    this.bytes -= length;
    this.isBeyond ||= this.bytes < 0;
    return this.bytes >= 0;
  }
}

/** Each finding of a container for itself, at the place of all of it. */
function flat(one: LayeredCandidate): readonly LayeredCandidate[] {
  const { start, end, within, encodings } = one;
  if (within === undefined) return [one];
  const place = { start, end, within };
  return within.inner
    .flatMap(flat)
    .map((inner) => ({ ...inner, ...place, encodings: [...encodings, ...inner.encodings] }));
}

interface Walk {
  readonly set: RuleSet;
  readonly context: ScanContext;
  readonly left: Left;
  /** The text was encoded in another. */
  readonly isInner: boolean;
  readonly packing: Packing | undefined;
}

/** All of a text is to be searched. */
function wholly(text: Buffer, { plan }: RuleSet): View {
  const signs = encodingsIn(text);
  const shown = (signs & ENCODINGS.writtenEnd) === 0 ? text : withLineEnds(text);
  return { text, shown, seen: { hits: copied(plan.prefilter.scan(shown)), changes: [] }, kinds: [], signs };
}

function collect(view: View, walk: Walk, depth: number): LayeredCandidate[] {
  const { text, shown, seen } = view;
  const candidates = candidatesOf(shown, walk.set, walk.context, seen).filter((one) => !isOfJson(text, one, walk));
  const found: LayeredCandidate[] = candidates.map((candidate) => ({
    ...candidate,
    secret: text.subarray(candidate.start, candidate.end),
    encodings: [],
    replaced: (replacement) => (walk.isInner ? asJsonValue(text, candidate, replacement) : replacement),
  }));
  if (depth === 0) return found;
  if (walk.isInner || walk.context.isLeaving) addAll(found, packedIn(view, walk, depth));
  for (const { layer, kind, lines } of layersOf(view, walk.context.isForm)) {
    if (!walk.left.take(layer.decoded)) break;
    const inside = inLayer(walk, layer);
    const inner = layer.isBlob
      ? [...unpacked(layer.decoded, inside, { depth, isBlob: true, changes: [] })]
      : collect(viewIn({ ...view, seen: { ...seen, lines } }, layer, kind, walk.set), inside, depth - 1);
    const [from, to] = layer.counts ?? [0, layer.decoded.length];
    for (const one of asUnits(inner, layer)) if (one.start >= from && one.end <= to) found.push(lifted(one, layer));
  }
  return found;
}

/**
 * A model's own answer has calls of tools in its fields: nobody reads them as text. Within a string of JSON a quote is escaped,
 * so that what begins with a bare one is none of its text.
 */
function isOfJson(text: Buffer, { rule, start }: Candidate, { context, isInner }: Walk): boolean {
  if (isInner || rule.spec.kind !== 'injection' || text[start] !== QUOTE[0] || text[start - 1] === BACKSLASH)
    return false;
  return (context.pathAt?.(start) ?? null) !== null;
}

/** Of a text that is no blob. */
function packedIn(
  { text, seen: { changes }, signs = encodingsIn(text) }: View,
  walk: Walk,
  depth: number,
): Iterable<LayeredCandidate> {
  return (signs & ENCODINGS.packed) === 0 ? [] : unpacked(text, walk, { depth, isBlob: false, changes });
}

function viewIn(view: View, layer: Layer, kind: number, set: RuleSet): View {
  const seen = layer.seen?.(view.seen, set.plan);
  const text = layer.decoded;
  if (seen === undefined) return wholly(text, set);
  const kinds = [...view.kinds, kind];
  const signs = encodingsIn(text);
  const shown = bringsBackslash(text, seen) ? withLineEnds(text) : text;
  // A word that begins behind a line end was none before.
  const hits = shown === text ? seen.hits : copied(set.plan.prefilter.scan(shown));
  return { text, shown, seen: { ...seen, hits }, kinds, signs };
}

/** Whether what was undone holds the beginning of an escape. */
function bringsBackslash(text: Buffer, { changes }: Seen): boolean {
  const changed = changes.at(-1) ?? [];
  for (let i = 0; i < changed.length; i += 2)
    for (let at = changed[i] as number; at < (changed[i + 1] as number); at += 1)
      if (text[at] === BACKSLASH) return true;
  return false;
}

interface Unpacking {
  readonly depth: number;
  readonly isBlob: boolean;
  readonly changes: Seen['changes'];
}

/** A candidate for each compressed stretch that holds any. */
function* unpacked(text: Buffer, walk: Walk, { depth, isBlob, changes }: Unpacking): Generator<LayeredCandidate> {
  if (walk.packing === undefined) return;
  const { pathAt, host, tool } = walk.context;
  const isNew = (from: number, to: number) => changes.every((ranges) => touches(ranges, from, to));
  const looking = { packing: walk.packing, left: walk.left.packed, isBlob, isNew };
  for (const { decoded, start, end, encode } of packedLayers(text, looking)) {
    const context = { host, tool, ...(pathAt && { pathAt: () => pathAt(start) }) };
    const inner = withoutOverlaps(collect(wholly(decoded, walk.set), { ...walk, context, isInner: true }, depth - 1));
    if (inner.length > 0) yield asOne(inner, { start, end, encoding: 'compressed' }, { decoded, inner, encode });
  }
}

interface UnitPlace {
  readonly start: number;
  readonly end: number;
  readonly encoding: Encoding;
}

/** One that stands for all in a container, as likely as the likeliest of them. */
function asOne(
  inner: readonly LayeredCandidate[],
  { start, end, encoding }: UnitPlace,
  within: Container,
): LayeredCandidate {
  const rank = ({ likelihood }: LayeredCandidate) => LIKELIHOODS.indexOf(likelihood);
  const likeliest = inner.reduce((best, one) => (rank(one) > rank(best) ? one : best));
  return { ...likeliest, start, end, encodings: encoding === 'joined' ? [] : [encoding], within };
}

/** Those whose encoded forms share a group of signs are put together: neither can be replaced without the other. */
function asUnits(found: readonly LayeredCandidate[], layer: Layer): readonly LayeredCandidate[] {
  if (found.length < 2) return found;
  const inner = withoutOverlaps([...found]);
  const out: LayeredCandidate[] = [];
  for (let i = 0; i < inner.length; ) {
    const first = inner[i] as LayeredCandidate;
    let to = first.end;
    let next = i + 1;
    for (; next < inner.length; next += 1) {
      const { start, end } = inner[next] as LayeredCandidate;
      if (layer.outer(start, end)[0] >= layer.outer(first.start, to)[1]) break;
      to = end;
    }
    const together = inner.slice(i, next);
    out.push(together.length === 1 ? first : sharing(together, layer.decoded.subarray(first.start, to)));
    i = next;
  }
  return out;
}

function sharing(together: readonly LayeredCandidate[], decoded: Buffer): LayeredCandidate {
  const start = together[0]?.start ?? 0;
  const inner = together.map((one) => ({ ...one, start: one.start - start, end: one.end - start }));
  const place = { start, end: start + decoded.length, encoding: 'joined' } as const;
  return asOne(inner, place, { decoded, inner, encode: (bytes) => bytes });
}

/** JSON that is encoded stays JSON: what stands for a number is put in quotes. */
function asJsonValue(text: Buffer, { start, end }: Candidate, replacement: Uint8Array): Uint8Array {
  const value = bareJsonValue(text, start, end);
  if (value === null || value[0] !== start || value[1] !== end) return replacement;
  if (new JsonPlaces().kinds(text, 0)(start) !== 'bare') return replacement;
  return Buffer.concat([QUOTE, replacement, QUOTE]);
}

const QUOTE = Buffer.from('"');
const BACKSLASH = 0x5c;

interface Chains {
  readonly text: Buffer;
  readonly chains: readonly (readonly Piece[])[];
}

/** What lies in several places of the text, a candidate for each, so that what is between them is seen for itself. */
function* inPieces({ text, chains }: Chains, walk: Walk, depth: number): Generator<LayeredCandidate> {
  if (depth === 0) return;
  for (const chain of chains) {
    const { decoded, encoding, parts } = joined(text, chain);
    if (!walk.left.take(decoded)) return;
    for (const inner of collect(
      wholly(decoded, walk.set),
      { ...walk, context: withoutPlaces(walk.context) },
      depth - 1,
    )) {
      const places = parts(inner.start, inner.end);
      // In one piece it is found as it stands.
      if (places.length > 1) yield* spread(inner, places, encoding);
    }
  }
}

/** Larger texts that come in are not searched for secrets in parts: the cost is another reading of them. */
const LARGEST_IN_PARTS = 16 * 1024;

/** What lies in several values (T-36): of events, and of other texts; in what leaves, whatever its size. */
function* inParts({ text, chains }: Chains, { set, context }: Walk, shapes: Shapes): Generator<LayeredCandidate> {
  const isLooked = text.length <= LARGEST_IN_PARTS || context.isLeaving;
  const others = isLooked ? chainsOf(text, context, shapes) : [];
  const left = mostEffort();
  for (const chain of anchoredChains(text, [...chains, ...others], set)) {
    const { decoded, begins, parts, written } = joined(text, chain);
    const { pathAt, host, tool } = context;
    const placed = pathAt && { pathAt: (offset: number) => pathAt(parts(offset, offset + 1)[0]?.start ?? 0) };
    const matches = joinedMatches({ joined: decoded, begins }, set, { host, tool, ...placed }, left);
    for (const match of matches) {
      const replaced = (replacement: Uint8Array) => written(match.start, replacement);
      const one = { ...match, encodings: [], replaced };
      yield* spread(one, parts(match.start, match.end), 'joined');
    }
  }
}

/** Larger ones are told their columns' names in their first window only, so that nothing is gained by reading them twice. */
const LARGEST_WITH_NAMES = 96 * 1024;

/** What is known by a name that does not stand right before it. */
function behindNames(text: Buffer, { set, context }: Walk, shapes: Shapes): LayeredCandidate[] {
  if (text.length > LARGEST_WITH_NAMES || context.isHead) return [];
  const found = [...tableMatches(text, set, context, shapes), ...pairMatches(text, set, context, shapes)];
  return found.map((candidate) => ({
    ...candidate,
    secret: text.subarray(candidate.start, candidate.end),
    encodings: [],
    replaced: (replacement) => replacement,
  }));
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

/** The candidate of a layer, as the text around it shows it. */
function lifted(inner: LayeredCandidate, layer: Layer): LayeredCandidate {
  const [start, end] = layer.outer(inner.start, inner.end);
  const encodings = [layer.encoding, ...inner.encodings];
  const put = (bytes: Uint8Array) => layer.encode(inner.start, inner.end, bytes);
  const { within } = inner;
  if (within === undefined)
    return { ...inner, start, end, encodings, replaced: (replacement) => put(inner.replaced(replacement)) };
  const encode = (bytes: Uint8Array) => {
    const encoded = within.encode(bytes);
    return encoded === null ? null : put(encoded);
  };
  return { ...inner, start, end, encodings, within: { ...within, encode } };
}

/** All that is encoded in a text, one layer after the other. What kinds there can be is told by the bytes that are in it. */

import type { Seen } from '../candidates.ts';
import { merged, type Ranges, touches } from '../ranges.ts';
import { ENCODINGS } from '../survey/kernel.ts';
import { encodingsIn } from '../survey/survey.ts';
import { base32Layers } from './base32.ts';
import { base64Layers, encodedRuns, firstLines, wrappedBase64Layers } from './base64.ts';
import { decimalLayers } from './decimal.ts';
import { dumpLineLayers } from './dump-lines.ts';
import { entityLayer, jsonLayer, percentLayer, quotedPrintableLayer, sourceLayer } from './escapes.ts';
import { hexDumpLayers, hexLayers, wrappedHexLayers } from './hex.ts';
import type { IsWanted, Layer } from './layer.ts';
import { confusableLayer, invisibleLayer, lettersIn } from './letters.ts';
import { nearChanges, type Undone } from './splices.ts';
import { terminalLayer } from './terminal.ts';
import { wideLayers } from './wide-text.ts';

/** A text to be searched. */
export interface View {
  readonly text: Buffer;
  /** As it is searched: byte for byte as long. */
  readonly shown: Buffer;
  readonly seen: Seen;
  /** By the changes of `seen`: the number of the kind of escape that was undone. */
  readonly kinds: readonly number[];
  /** What signs the text holds, where that is known: of `ENCODINGS`. */
  readonly signs?: number;
}

/** A layer, and the number of its kind where most of the text stays as it is. */
export interface KnownLayer {
  readonly layer: Layer;
  readonly kind: number;
  /** Of the text: lines that encoded text on lines may begin with. */
  readonly lines: Ranges;
}

/** What of a text is told ahead of its layers. */
interface Signs {
  readonly isForm: boolean;
  /** Of `ENCODINGS`. */
  readonly told: number;
  /** Stretches with letters beyond ASCII. */
  readonly letters: Ranges;
}

interface Kind {
  /** Whether there may be any: told by what costs next to nothing. */
  readonly mayBe: (text: Buffer, signs: Signs) => boolean;
  readonly undo: (text: Buffer, signs: Signs) => Undone | null;
}

const PLUS = 0x2b;

const hasSign = (flag: number) => (_: Buffer, signs: Signs) => (signs.told & flag) !== 0;
const hasLetters = (_: Buffer, { letters }: Signs) => letters.length > 0;

const KINDS: readonly Kind[] = [
  {
    mayBe: (text, { isForm, told }) => (told & ENCODINGS.percent) !== 0 || (isForm && text.includes(PLUS)),
    undo: (text, { isForm }) => percentLayer(text, isForm),
  },
  { mayBe: hasSign(ENCODINGS.jsonEscape), undo: jsonLayer },
  { mayBe: hasSign(ENCODINGS.sourceEscape), undo: sourceLayer },
  { mayBe: hasSign(ENCODINGS.entity), undo: entityLayer },
  { mayBe: hasSign(ENCODINGS.quoted), undo: quotedPrintableLayer },
  { mayBe: hasLetters, undo: (text, { letters }) => invisibleLayer(text, letters) },
  { mayBe: hasLetters, undo: (text, { letters }) => confusableLayer(text, letters) },
  { mayBe: hasSign(ENCODINGS.escape), undo: terminalLayer },
];

/** Of a text in which something was undone, what that made or changed: the rest is found without it. */
export function* layersOf(view: View, isForm = false): Generator<KnownLayer> {
  const { text, seen, kinds, signs: told = encodingsIn(text) } = view;
  const { changes } = seen;
  const isNew = (start: number, end: number) => changes.every((ranges) => touches(ranges, start, end));
  // What touches all changes touches the last of them.
  const near = changes.at(-1) ?? null;
  const runs = encodedRuns(text, near);
  const lines = linesOf(text, runs, seen, near);
  const hasDumps = (told & ENCODINGS.dump) !== 0;
  for (const layer of blocksOf(text, { runs, lines, near, hasDumps }, isNew)) yield { layer, kind: -1, lines };
  if ((told & ENCODINGS.zero) !== 0) for (const layer of wideLayers(text, isNew)) yield { layer, kind: -1, lines };
  const signs = { isForm, told, letters: (told & ENCODINGS.letters) === 0 ? [] : lettersIn(text) };
  for (const [kind, { mayBe, undo }] of KINDS.entries()) {
    const undone = mayBe(text, signs) ? undo(text, signs) : null;
    if (undone === null || isUndoneBefore(undone, changes, kinds, kind)) continue;
    for (const layer of nearChanges(undone)) yield { layer, kind, lines };
  }
}

/** Where changes are, the lines near them, and those that are what they were. */
function linesOf(text: Buffer, runs: Ranges, { lines = [] }: Seen, near: Ranges | null): Ranges {
  const fresh = firstLines(text, runs);
  if (near === null || lines.length === 0) return fresh;
  const same: number[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const [start, end] = [lines[i] as number, lines[i + 1] as number];
    if (!touches(near, start, end)) same.push(start, end);
  }
  return merged(same, fresh);
}

interface Blocks {
  readonly runs: Ranges;
  readonly lines: Ranges;
  /** Places to look at, where not all of the text is new. */
  readonly near: Ranges | null;
  /** There may be dumps of bytes. */
  readonly hasDumps: boolean;
}

function* blocksOf(text: Buffer, { runs, lines, near, hasDumps }: Blocks, isNew: IsWanted): Generator<Layer> {
  yield* base64Layers(text, runs, isNew);
  yield* wrappedBase64Layers(text, lines, isNew);
  yield* base32Layers(text, runs, isNew);
  yield* hexLayers(text, runs, isNew);
  yield* wrappedHexLayers(text, runs, isNew);
  yield* hexDumpLayers(text, isNew, near);
  if (hasDumps) yield* dumpLineLayers(text, isNew);
  yield* decimalLayers(text, isNew, near);
}

/**
 * Of two kinds of escapes that leave one another alone both orders give the same text: it is looked at in the order of the
 * kinds. The other order counts where undoing one kind made an escape of the other.
 */
function isUndoneBefore(
  { splices }: Undone,
  changes: readonly Ranges[],
  kinds: readonly number[],
  kind: number,
): boolean {
  return changes.some(
    (ranges, i) =>
      (kinds[i] as number) >= kind &&
      !splices.starts.some((start, j) => touches(ranges, start, splices.ends[j] as number)),
  );
}

/** All that is encoded in a text, one layer after the other. What kinds there can be is told by the bytes that are in it. */

import type { Seen } from '../candidates.ts';
import { type Ranges, touches } from '../ranges.ts';
import { base64Layers, encodedRuns, wrappedBase64Layers } from './base64.ts';
import { entityLayer, jsonLayer, percentLayer, quotedPrintableLayer, sourceLayer } from './escapes.ts';
import { hexDumpLayers, hexLayers } from './hex.ts';
import { type Layer, signsOf } from './layer.ts';
import { confusableLayer, invisibleLayer, mayBeConfusable, mayBeInvisible } from './letters.ts';
import { nearChanges, type Undone } from './splices.ts';
import { utf16Layers } from './utf16.ts';

/** A text to be searched. */
export interface View {
  readonly text: Buffer;
  readonly seen: Seen;
  /** By the changes of `seen`: the number of the kind of escape that was undone. */
  readonly kinds: readonly number[];
}

/** A layer, and the number of its kind where most of the text stays as it is. */
export interface KnownLayer {
  readonly layer: Layer;
  readonly kind: number;
}

interface Kind {
  /** The bytes that are in the text. */
  readonly mayBe: (signs: Uint8Array, isForm: boolean) => boolean;
  readonly undo: (text: Buffer, isForm: boolean) => Undone | null;
}

const [PERCENT, PLUS, AMPERSAND, HASH, EQUALS, BACKSLASH] = [0x25, 0x2b, 0x26, 0x23, 0x3d, 0x5c];

const KINDS: readonly Kind[] = [
  { mayBe: (signs, isForm) => signs[PERCENT] === 1 || (isForm && signs[PLUS] === 1), undo: percentLayer },
  { mayBe: (signs) => signs[BACKSLASH] === 1, undo: jsonLayer },
  { mayBe: (signs) => signs[BACKSLASH] === 1, undo: sourceLayer },
  { mayBe: (signs) => signs[AMPERSAND] === 1 && signs[HASH] === 1, undo: entityLayer },
  { mayBe: (signs) => signs[EQUALS] === 1, undo: quotedPrintableLayer },
  { mayBe: mayBeInvisible, undo: invisibleLayer },
  { mayBe: mayBeConfusable, undo: confusableLayer },
];

/** Of a text in which something was undone, what that made or changed: the rest is found without it. */
export function* layersOf({ text, seen, kinds }: View, isForm = false): Generator<KnownLayer> {
  const { changes } = seen;
  const isNew = (start: number, end: number) => changes.every((ranges) => touches(ranges, start, end));
  for (const layer of blocksOf(text, isNew)) yield { layer, kind: -1 };
  const signs = signsOf(text);
  if (signs[0] === 1) for (const layer of utf16Layers(text, isNew)) yield { layer, kind: -1 };
  for (const [kind, { mayBe, undo }] of KINDS.entries()) {
    const undone = mayBe(signs, isForm) ? undo(text, isForm) : null;
    if (undone === null || isUndoneBefore(undone, changes, kinds, kind)) continue;
    for (const layer of nearChanges(undone)) yield { layer, kind };
  }
}

function* blocksOf(text: Buffer, isNew: (start: number, end: number) => boolean): Generator<Layer> {
  const runs = encodedRuns(text);
  yield* base64Layers(text, runs, isNew);
  yield* wrappedBase64Layers(text, runs, isNew);
  yield* hexLayers(text, runs, isNew);
  yield* hexDumpLayers(text, isNew);
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

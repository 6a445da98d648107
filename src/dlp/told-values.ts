/** Values told behind their names, `name: value` on a line each, and what rules find in them, where they stand in the text. */

import type { RuleSet } from './compiled-rules.ts';
import type { Piece } from './layers/deltas.ts';
import type { Pair } from './layers/pairs.ts';
import { lastUpTo } from './ranges.ts';
import { type Candidate, candidatesOf, NOWHERE, type ScanContext } from './scan.ts';

export interface Told {
  readonly bytes: Buffer;
  /** Where each value begins in `bytes`, and what it is in the text. */
  readonly begins: readonly number[];
  readonly values: readonly Piece[];
}

/** Bytes that are told of one text. */
const MOST_TOLD = 128 * 1024;
const COLON = Buffer.from(': ');
const LF = Buffer.from('\n');

export function toldOf(text: Buffer, pairs: Iterable<Pair>): Told {
  const parts: Buffer[] = [];
  const begins: number[] = [];
  const values: Piece[] = [];
  let length = 0;
  for (const { name, value } of pairs) {
    if (length > MOST_TOLD) break;
    const label = text.subarray(name.start, name.end);
    begins.push(length + label.length + COLON.length);
    values.push(value);
    parts.push(label, COLON, text.subarray(value.start, value.end), LF);
    length += label.length + COLON.length + (value.end - value.start) + LF.length;
  }
  return { bytes: Buffer.concat(parts), begins, values };
}

/** Candidates that lie in one value each. */
export function inValues(
  text: Buffer,
  { bytes, begins, values }: Told,
  set: RuleSet,
  { host, tool, pathAt }: ScanContext,
): Candidate[] {
  if (values.length === 0) return [];
  const placeOf = (start: number): { readonly value: Piece; readonly shift: number } => {
    const at = lastUpTo(begins, start);
    const value = values[at] as Piece;
    return { value, shift: value.start - (begins[at] as number) };
  };
  const placed = pathAt && {
    pathAt: (offset: number) => pathAt(Math.min(text.length - 1, offset + placeOf(offset).shift)),
  };
  return candidatesOf(bytes, set, { ...NOWHERE, host, tool, ...placed }).flatMap((one) => {
    const { value, shift } = placeOf(one.start);
    const [start, end] = [one.start + shift, one.end + shift];
    const isWithin =
      one.rule.spec.kind !== 'injection' &&
      start >= value.start &&
      end <= value.end &&
      one.start >= (begins[0] as number);
    return isWithin ? [{ ...one, start, end }] : [];
  });
}

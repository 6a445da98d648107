/** What rules find in the cells of tables once each stands behind the name of its column. */

import type { RuleSet } from './compiled-rules.ts';
import type { Piece } from './layers/deltas.ts';
import { type Table, tablesOf } from './layers/tables.ts';
import { lastUpTo } from './ranges.ts';
import { type Candidate, candidatesOf, NOWHERE, type ScanContext } from './scan.ts';

/** Bytes that are told of the tables of one text. */
const MOST_TOLD = 128 * 1024;
/** Rows by which a column is judged. */
const LOOKED_AT = 2;
const COLON = Buffer.from(': ');
const LF = Buffer.from('\n');

/** Candidates that lie in one cell each, where they stand in the text. */
export function tableMatches(text: Buffer, set: RuleSet, context: ScanContext): Candidate[] {
  return tablesOf(text).flatMap((table) => {
    const columns = tellingColumns(text, table, set);
    return columns.length === 0 ? [] : inCells(text, toldOf(text, table, columns), set, context);
  });
}

interface Told {
  readonly bytes: Buffer;
  /** Where each value begins in `bytes`, and which cell it is. */
  readonly begins: readonly number[];
  readonly cells: readonly Piece[];
}

/** Columns whose name holds the anchor of a rule. All others say nothing that their cells do not say alone. */
function tellingColumns(text: Buffer, { names, rows }: Table, { plan }: RuleSet): number[] {
  const sample = rows.slice(0, LOOKED_AT);
  const all = names.map((_, column) => column);
  const { bytes, begins } = toldOf(text, { names, rows: sample }, all);
  const { numbers, count } = plan.prefilter.scan(bytes);
  const telling = new Set<number>();
  for (let i = 1; i < 2 * count; i += 2) {
    const at = numbers[i] as number;
    const cell = lastUpTo(begins, at);
    // An offset before the value is one in the name of that value, or of the one behind it.
    if (at < (begins[0] as number)) telling.add(0);
    else if (at >= endOfCell(bytes, begins[cell] as number)) telling.add((cell + 1) % names.length);
  }
  return all.filter((column) => telling.has(column));
}

function endOfCell(bytes: Buffer, begin: number): number {
  const end = bytes.indexOf(LF, begin);
  return end < 0 ? bytes.length : end;
}

/** `name: value` for each cell of these columns that is not empty. */
function toldOf(text: Buffer, { names, rows }: Table, columns: readonly number[]): Told {
  const parts: Buffer[] = [];
  const begins: number[] = [];
  const cells: Piece[] = [];
  let length = 0;
  for (const row of rows) {
    for (const column of columns) {
      const [name, cell] = [names[column] as Piece, row[column] as Piece];
      const label = text.subarray(name.start, name.end);
      begins.push(length + label.length + COLON.length);
      cells.push(cell);
      parts.push(label, COLON, text.subarray(cell.start, cell.end), LF);
      length += label.length + COLON.length + (cell.end - cell.start) + LF.length;
    }
    if (length > MOST_TOLD) break;
  }
  return { bytes: Buffer.concat(parts), begins, cells };
}

function inCells(
  text: Buffer,
  { bytes, begins, cells }: Told,
  set: RuleSet,
  { host, tool, pathAt }: ScanContext,
): Candidate[] {
  const placeOf = (start: number): { readonly cell: Piece; readonly shift: number } => {
    const at = lastUpTo(begins, start);
    const cell = cells[at] as Piece;
    return { cell, shift: cell.start - (begins[at] as number) };
  };
  const placed = pathAt && {
    pathAt: (offset: number) => pathAt(Math.min(text.length - 1, offset + placeOf(offset).shift)),
  };
  return candidatesOf(bytes, set, { ...NOWHERE, host, tool, ...placed }).flatMap((one) => {
    const { cell, shift } = placeOf(one.start);
    const [start, end] = [one.start + shift, one.end + shift];
    const isWithin =
      one.rule.spec.kind !== 'injection' &&
      start >= cell.start &&
      end <= cell.end &&
      one.start >= (begins[0] as number);
    return isWithin ? [{ ...one, start, end }] : [];
  });
}

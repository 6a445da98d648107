/** What rules find in the cells of tables once each stands behind the name of its column. */

import type { RuleSet } from './compiled-rules.ts';
import type { Piece } from './layers/deltas.ts';
import { htmlTablesOf } from './layers/html-tables.ts';
import type { Pair } from './layers/pairs.ts';
import { sqlTablesOf } from './layers/sql-tables.ts';
import { type Table, tablesOf } from './layers/tables.ts';
import { placesOf } from './prefilter/prefilter.ts';
import { lastUpTo } from './ranges.ts';
import type { Candidate, ScanContext } from './scan.ts';
import { SHAPES } from './survey/kernel.ts';
import type { Shapes } from './survey/survey.ts';
import { inValues, toldOf } from './told-values.ts';

/** Rows by which a column is judged. */
const LOOKED_AT = 2;
const LF = Buffer.from('\n');

/** Candidates that lie in one cell each, where they stand in the text. */
export function tableMatches(text: Buffer, set: RuleSet, context: ScanContext, { signs }: Shapes): Candidate[] {
  const tables: Table[] = tablesOf(text);
  if ((signs & SHAPES.rows) !== 0) tables.push(...sqlTablesOf(text));
  if ((signs & SHAPES.tableHead) !== 0) tables.push(...htmlTablesOf(text));
  return tables.flatMap((table) => {
    const columns = tellingColumns(text, table, set);
    return columns.length === 0 ? [] : inValues(text, toldOf(text, cellsOf(table, columns)), set, context);
  });
}

/** Columns whose name holds the anchor of a rule, or a keyword. All others say nothing that their cells do not say alone. */
function tellingColumns(text: Buffer, { names, rows }: Table, { plan }: RuleSet): number[] {
  const sample = rows.slice(0, LOOKED_AT);
  const all = names.map((_, column) => column);
  const { bytes, begins } = toldOf(text, cellsOf({ names, rows: sample }, all));
  const telling = new Set<number>();
  for (const at of [...placesOf(plan.prefilter.scan(bytes)), ...plan.keywords.placesIn(bytes)]) {
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

/** Each cell of these columns behind its name. */
function* cellsOf({ names, rows }: Table, columns: readonly number[]): Generator<Pair> {
  for (const row of rows)
    for (const column of columns) yield { name: names[column] as Piece, value: row[column] as Piece };
}

/** Rows as dumps of databases write them: `INSERT … VALUES`, and `COPY … FROM stdin`, with the names of their columns. */

import type { Piece } from './deltas.ts';
import type { Table } from './tables.ts';

const MARKS = ['VALUES', 'values', 'stdin;'];
const MOST_STATEMENTS = 64;
const MOST_COLUMNS = 64;
const MOST_ROWS = 4096;
/** How far before its rows the names of a statement begin. */
const LONGEST_HEAD = 4096;
const IDENTIFIER = '[`"[]?[\\w$ ]{1,64}[`"\\]]?';
const TABLE = `(?:${IDENTIFIER}\\.)?[\`"[]?([\\w$]{1,64})[\`"\\]]?`;
const INSERT = new RegExp(`\\b(?:insert|replace)\\s[a-z\\s]{0,20}into\\s+${TABLE}\\s*(?:\\(([^()]*)\\)\\s*)?$`, 'i');
const COPY = new RegExp(`\\bcopy\\s+${TABLE}\\s*\\(([^()]*)\\)\\s+from\\s+$`, 'i');
const NAME = /[\w$][\w$ ]*/g;

export function sqlTablesOf(text: Buffer): Table[] {
  if (!MARKS.some((mark) => text.includes(mark))) return [];
  const all = text.toString('latin1');
  let known: Created | undefined;
  const created = () => (known ??= createdIn(all));
  return MARKS.flatMap((mark) => tablesAt(all, mark, created));
}

/** Where the columns of tables begin that are created in a text, in order, by their names. */
type Created = ReadonlyMap<string, readonly number[]>;

function tablesAt(text: string, mark: string, created: () => Created): Table[] {
  const out: Table[] = [];
  for (let at = text.indexOf(mark), tries = 0; at >= 0 && tries < MOST_STATEMENTS; tries += 1) {
    const names = namesBefore(text, at, { statement: mark === 'stdin;' ? COPY : INSERT, created });
    const from = at + mark.length;
    const rows = names.length < 2 ? [] : mark === 'stdin;' ? lines(text, from) : tuples(text, from);
    const whole = rows.filter(({ length }) => length === names.length);
    if (whole.length > 0) out.push({ names, rows: whole });
    at = text.indexOf(mark, rows.at(-1)?.at(-1)?.end ?? from);
  }
  return out;
}

/** Of the statement itself, or of the table as it was created. */
function namesBefore(
  text: string,
  at: number,
  { statement, created }: { readonly statement: RegExp; readonly created: () => Created },
): Piece[] {
  const from = Math.max(0, at - LONGEST_HEAD);
  const head = text.slice(from, at);
  const match = statement.exec(head);
  if (match === null) return [];
  const list = match[2];
  if (list === undefined) {
    const begin = created()
      .get(nameOf(match))
      ?.findLast((place) => place <= at);
    return begin === undefined ? [] : createdNames(text.slice(0, at), begin);
  }
  return namesIn(list, from + head.lastIndexOf(list));
}

function namesIn(list: string, from: number): Piece[] {
  const out: Piece[] = [];
  for (const { 0: name, index } of list.matchAll(NAME)) {
    const end = from + index + name.trimEnd().length;
    if (out.length <= MOST_COLUMNS) out.push({ start: from + index, end });
  }
  return out;
}

const COLUMN = /^\s*[`"[]?([\w$]{1,64})[`"\]]?\s+[a-z]/i;
const NO_COLUMN = /^\s*(?:primary|key|unique|constraint|index|foreign|check|fulltext)\b/i;

const CREATE = /\bcreate\s+table\s[^(;]{0,200}\(/gi;
const CREATED_NAME = /([\w$]{1,64})[`"\]]?\s{0,64}\($/;

function createdIn(text: string): Created {
  const out = new Map<string, number[]>();
  for (const { 0: head, index } of text.matchAll(CREATE)) {
    const match = CREATED_NAME.exec(head);
    if (match === null) continue;
    const places = out.get(nameOf(match)) ?? [];
    places.push(index + head.length);
    out.set(nameOf(match), places);
  }
  return out;
}

/** In any case, as SQL takes it. */
function nameOf(match: RegExpExecArray): string {
  return (match[1] as string).toLowerCase();
}

/** The columns of `CREATE TABLE`, one a line, as tools write them. */
function createdNames(text: string, begin: number): Piece[] {
  const out: Piece[] = [];
  let at = begin;
  for (const line of text.slice(at, at + LONGEST_HEAD).split('\n')) {
    const column = NO_COLUMN.test(line) ? null : COLUMN.exec(line);
    if (column !== null) {
      const start = at + line.indexOf(column[1] as string);
      out.push({ start, end: start + (column[1] as string).length });
    }
    at += line.length + 1;
    if (/^\s*\)/.test(line)) break;
  }
  return out;
}

const VALUE =
  /\s*(?:[NnXxBbEe]?'((?:[^'\\]|''|\\[\s\S])*)'|([^\s,()']+(?:\([^()]*\))?(?:::\w+)?))\s*(?:::[\w ]+)?([,)])/y;

/** `(1, 'a'), (2, 'b')`. */
function tuples(text: string, from: number): Piece[][] {
  const rows: Piece[][] = [];
  for (let at = from; rows.length < MOST_ROWS; ) {
    const open = /\s*,?\s*\(/y;
    open.lastIndex = at;
    if (!open.test(text)) break;
    const row: Piece[] = [];
    at = open.lastIndex;
    for (let sign = ','; sign === ',' && row.length <= MOST_COLUMNS; ) {
      VALUE.lastIndex = at;
      const value = VALUE.exec(text);
      if (value === null) return rows;
      at = VALUE.lastIndex;
      sign = value[3] as string;
      row.push(placeOf(value));
    }
    rows.push(row);
  }
  return rows;
}

function placeOf({ 0: all, 1: quoted, 2: bare, index }: RegExpExecArray): Piece {
  const start = index + (quoted === undefined ? all.indexOf(bare as string) : all.indexOf("'") + 1);
  return { start, end: start + (quoted ?? (bare as string)).length };
}

/** Cells between tabs, up to a line of `\.`. */
function lines(text: string, from: number): Piece[][] {
  const rows: Piece[][] = [];
  for (let at = text.indexOf('\n', from) + 1; at > 0 && at < text.length && rows.length < MOST_ROWS; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    if (line.startsWith('\\.')) break;
    let start = at;
    rows.push(
      line.split('\t').map((cell) => {
        const piece = { start, end: start + cell.trimEnd().length };
        start += cell.length + 1;
        return piece;
      }),
    );
    at = end + 1;
  }
  return rows;
}

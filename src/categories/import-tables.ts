/** CSV (RFC 4180) and JSON lists: a host a row, with the maker's category beside it or none. */

import type { LineSink } from './import-sink.ts';

const HOST_COLUMNS = ['domain', 'host', 'hostname', 'fqdn', 'name', 'url', 'site', 'indicator'];
const LABEL_COLUMNS = ['category', 'categories', 'label', 'labels', 'type', 'class', 'threat', 'tags'];
/** Tables within tables in JSON: a list has two or three. */
const DEEPEST = 16;
/** Marks and brackets round a name are for `host-entry.ts` to read. Each sign fits one part only: lists may be hostile. */
const HOST_SHAPE = /^[^\s/,.:]*[.:][^\s/,]*$/;

export function readCsv(text: string, sink: LineSink): void {
  let columns: { host: number; label: number } | null = null;
  for (const { line, cells } of csvRows(text)) {
    if (cells[0]?.startsWith('#') || cells.every((cell) => cell === '')) continue;
    if (columns === null) {
      columns = headingsOf(cells);
      if (columns !== null) continue;
      columns = { host: 0, label: 1 };
    }
    say(cells[columns.host] ?? '', cells[columns.label] ?? '', line, sink);
  }
}

/** Null when the first row is data. */
function headingsOf(cells: readonly string[]): { host: number; label: number } | null {
  const names = cells.map((cell) => cell.toLowerCase());
  const first = (of: readonly string[]) => of.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
  const host = first(HOST_COLUMNS);
  return host < 0 ? null : { host, label: first(LABEL_COLUMNS) };
}

function say(host: string, labels: string, line: number, sink: LineSink): void {
  const name = host
    .trim()
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[.]$/, '');
  const bare = name.endsWith('/') ? name.slice(0, -1) : name;
  if (!HOST_SHAPE.test(bare)) {
    sink.skip(line, bare.includes('/') ? 'names a path, not a host' : 'no host in it');
    return;
  }
  const entry = bare.startsWith('.') ? bare.slice(1) : bare;
  const each = labels
    .split(/[;|]/)
    .map((label) => label.trim())
    .filter((label) => label !== '');
  if (each.length === 0) sink.entry(line, { entry, label: null });
  for (const label of each) sink.entry(line, { entry, label });
}

interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

function* csvRows(text: string): Generator<CsvRow> {
  const separator = /^[^\n]*?([,;\t])/.exec(text)?.[1] ?? ',';
  const cell = new RegExp(`(?:"([^"]*(?:""[^"]*)*)"|([^${separator}\\n]*))(${separator}|\\r?\\n|$)`, 'y');
  let line = 1;
  let at = 0;
  let cells: string[] = [];
  while (at < text.length) {
    cell.lastIndex = at;
    const match = cell.exec(text);
    if (!match) return;
    const [whole, quoted, plain = '', end = ''] = match;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"').trim());
    at += whole.length;
    if (end !== separator || at >= text.length) {
      yield { line, cells };
      cells = [];
    }
    line += whole.split('\n').length - 1;
  }
}

/**
 * Arrays of names or of rows, `{name: category}`, `{category: [names]}`, an array under any one key, and JSON Lines.
 * A line number is that of the row in JSON Lines, the position in the array (from 1) elsewhere.
 */
export function readJson(text: string, sink: LineSink): void {
  const whole = parsed(text);
  if (whole !== undefined) {
    readValue(whole, null, sink);
    return;
  }
  for (const [i, row] of text.split('\n').entries()) {
    if (row.trim() === '') continue;
    const value = parsed(row);
    if (value === undefined) sink.skip(i + 1, 'not JSON');
    else readRow(value, null, i + 1, sink);
  }
}

interface Inside {
  readonly label: string | null;
  readonly depth: number;
}

function readValue(value: unknown, label: string | null, sink: LineSink, depth = 0): void {
  if (Array.isArray(value)) for (const [i, row] of value.entries()) readRow(row, label, i + 1, sink);
  else if (isRecord(value) && depth < DEEPEST) readObject(value, { label, depth }, sink);
  else sink.skip(1, 'no host in it');
}

function readObject(of: Record<string, unknown>, { label, depth }: Inside, sink: LineSink): void {
  const keys = Object.keys(of);
  if (hostOf(of) !== null && !keys.some((key) => Array.isArray(of[key]) && HOST_COLUMNS.includes(key))) {
    readRow(of, label, 1, sink);
    return;
  }
  for (const [i, key] of keys.entries()) {
    const value = of[key];
    // `{name: category}` has hosts for keys; `{category: [names]}`, `{domains: [names]}` have not.
    if (key.includes('.') && (typeof value === 'string' || Array.isArray(value)))
      say(key, labelText(value), i + 1, sink);
    else if (Array.isArray(value))
      readValue(value, /^(domains?|hosts?|data|items|entries|list)$/i.test(key) ? label : key, sink);
    else if (isRecord(value)) readValue(value, key, sink, depth + 1);
  }
}

function readRow(row: unknown, label: string | null, line: number, sink: LineSink): void {
  if (typeof row === 'string') {
    say(row, label ?? '', line, sink);
    return;
  }
  const host = isRecord(row) ? hostOf(row) : null;
  if (host === null || !isRecord(row)) {
    sink.skip(line, 'no host in it');
    return;
  }
  const own = LABEL_COLUMNS.map((key) => row[key]).find((value) => value !== undefined);
  say(host, own === undefined ? (label ?? '') : labelText(own), line, sink);
}

function hostOf(row: Record<string, unknown>): string | null {
  const value = HOST_COLUMNS.map((key) => row[key]).find((one) => typeof one === 'string');
  return typeof value === 'string' ? value : null;
}

function labelText(value: unknown): string {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string').join(';');
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

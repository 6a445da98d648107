/** CSV as RFC 4180 has it, with commas, semicolons or tabs. */

export interface Column {
  readonly title: string;
  readonly values: readonly string[];
}

/** Columns by the header line. Lines that are shorter lack values; fields beyond the header are left out. */
export function columnsOf(text: string): Column[] {
  const [header = [], ...rows] = rowsOf(text.replace(/^\uFEFF/, ''));
  return header.map((title, i) => ({ title: title.trim(), values: rows.map((row) => row[i] ?? '') }));
}

function* rowsOf(text: string): Generator<string[]> {
  const separator = separatorOf(text);
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { value, end } = text[at] === '"' ? quoted(text, at) : plain(text, at, separator);
    row.push(value);
    at = end + 1;
    if (text[end] === separator) {
      if (at === text.length) row.push('');
      continue;
    }
    if (text[end] === '\r' && text[at] === '\n') at += 1;
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
}

/** The sign that the header has most of. */
function separatorOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const count = (sign: string) => header.split(sign).length;
  return [',', ';', '\t'].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

function plain(text: string, from: number, separator: string): { value: string; end: number } {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return { value: text.slice(from, end), end };
}

/** Two quotes stand for one. */
function quoted(text: string, from: number): { value: string; end: number } {
  let value = '';
  let at = from + 1;
  while (at < text.length) {
    const close = text.indexOf('"', at);
    const end = close < 0 ? text.length : close;
    value += text.slice(at, end);
    if (text[end + 1] !== '"') return { value, end: end + 1 };
    value += '"';
    at = end + 2;
  }
  return { value, end: at };
}

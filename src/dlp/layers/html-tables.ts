/** Tables of HTML whose first row names the columns. */

import type { Piece } from './deltas.ts';
import type { Table } from './tables.ts';

const HEAD = Buffer.from('<th');
const MOST_ROWS = 4096;
const ROW = /<tr\b[^<>]{0,200}>([\s\S]{0,8192}?)(?=<\/tr>|<tr\b|<\/table>|$)/gi;
/** A cell, what stands around its text in it, and the text. */
const CELL = /<(t[hd])\b[^<>]{0,400}>(?:\s|<[a-z][^<>]{0,400}>){0,16}([^<>]{0,2048})(?=<|$)/gi;

export function htmlTablesOf(text: Buffer): Table[] {
  if (!text.includes(HEAD)) return [];
  const out: { names: Piece[]; rows: Piece[][] }[] = [];
  let rows = 0;
  for (const { 1: inside, 0: all, index } of text.toString('latin1').matchAll(ROW)) {
    const cells = [...(inside as string).matchAll(CELL)];
    const from = index + all.length - (inside as string).length;
    const pieces = cells.map((cell) => pieceOf(cell, from));
    const isHead = cells.length > 1 && cells.every(([, tag]) => tag?.toLowerCase() === 'th');
    const table = out.at(-1);
    if (isHead) out.push({ names: pieces, rows: [] });
    else if (table !== undefined && pieces.length === table.names.length) table.rows.push(pieces);
    rows += 1;
    if (rows > MOST_ROWS) break;
  }
  return out.filter((table) => table.rows.length > 0);
}

function pieceOf({ 0: all, 2: value, index }: RegExpMatchArray, from: number): Piece {
  const trimmed = (value as string).trimEnd();
  const start = from + (index ?? 0) + all.lastIndexOf(value as string);
  return { start, end: start + trimmed.length };
}

/** How commands print: one JSON document, or text for people. */

import { mostOf } from '../core/large-lists.ts';
import type { CliIo } from './context.ts';

export function printJson(io: CliIo, value: unknown): void {
  io.stdout(`${jsonText(value)}\n`);
}

/** JSON in which every control character is escaped: `stringify` leaves U+007F to U+009F, which some terminals obey. */
export function jsonText(value: unknown, indent?: number): string {
  const escaped = (control: string) => `\\u00${control.charCodeAt(0).toString(16)}`;
  return (JSON.stringify(value, null, indent) ?? 'null').replace(/[\u007f-\u009f]/g, escaped);
}

/** Rows under headings, columns aligned; prints nothing but the headings when there are no rows. */
export function printTable(io: CliIo, headings: readonly string[], rows: readonly (readonly unknown[])[]): void {
  const lines = [headings, ...rows.map((row) => row.map(cell))];
  const widths = headings.map((_, i) => mostOf(lines.map((line) => (line[i] ?? '').length)));
  for (const line of lines) {
    const text = line.map((value, i) => value.padEnd(widths[i] ?? 0)).join('  ');
    io.stdout(`${text.trimEnd()}\n`);
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return plain(Array.isArray(value) ? value.join(' ') : String(value));
}

/** Names and reasons come from the record: no control character of theirs reaches the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** Epoch milliseconds as people read them. */
export function instant(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '-' : new Date(ms).toISOString().replace('.000Z', 'Z');
}

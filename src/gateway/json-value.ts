/** Values that a caller chose freely, as JSON: what fits, and how one stood in the text it came in. */

import { z } from 'zod';

/** More levels than any tool takes, far fewer than the stack of whoever follows them. */
const MOST_LEVELS = 1000;

/**
 * Any JSON value. What `JSON.parse` made is JSON already: only what it cannot give back is looked for, since a schema
 * that is followed into every value holds up everybody (half a second for five megabytes).
 */
export const anyJson = z.custom<z.core.util.JSONType>().superRefine((value, context) => {
  const message = faultOf(value, MOST_LEVELS);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

function faultOf(value: unknown, levels: number): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'holds a number that is too large';
  if (typeof value !== 'object' || value === null) return null;
  if (levels === 0) return `is nested deeper than ${MOST_LEVELS} levels; make it flatter`;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const part of parts) {
    const fault = faultOf(part, levels - 1);
    if (fault !== null) return fault;
  }
  return null;
}

/**
 * The text of one member of an object, character by character as it was sent: numbers keep their digits. `text` is a
 * JSON object that has no name twice.
 */
export function memberText(text: string, name: string): string | null {
  let found: string | null = null;
  for (let at = text.indexOf('"'); at !== -1; ) {
    const behind = stringEnd(text, at);
    const from = text.indexOf(':', behind) + 1;
    const end = valueEnd(text, from);
    if (JSON.parse(text.slice(at, behind)) === name) found = text.slice(from, end).trim();
    at = text.indexOf('"', end);
  }
  return found;
}

/** Where the comma or brace stands that ends the value. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') at = stringEnd(text, at) - 1;
    else if ('{['.includes(char)) depth += 1;
    else if (depth === 0 && ',}'.includes(char)) return at;
    else if ('}]'.includes(char)) depth -= 1;
  }
  return text.length;
}

/** Behind the quote that ends the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
}

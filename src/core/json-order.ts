/**
 * An order that came as JSON: its members as values, for a schema. A name that an object has twice is refused (RFC 8259, section
 * 4, leaves open which of them counts, and what one reader checked another may not act on). It is read in steps, and only small
 * parts of it become values: the rest is text, or no part of any order.
 */

import { type Outline, type OutlineFault, outlined } from './json-outline.ts';
import { err, ok, type Result } from './result.ts';

/** JSON that was read already, and is handed on as it was written: numbers keep their digits. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface OrderReading {
  /** The member that may be any JSON: it is left as a `JsonText`. */
  readonly free?: string;
  /** Objects nested deeper may have a name twice. */
  readonly levels?: number;
}

/** More levels than any tool takes, far fewer than the stack of whoever follows them. */
const MOST_LEVELS = 1000;
/** More than any order has. */
const MOST_MEMBERS = 64;
/** Characters of a list or an object, beside what may be any JSON. */
const MOST_PART = 65_536;

/** What is wrong with it is told as a sentence. `pause` is waited for between steps of a long one. */
export async function readOrder(
  body: Uint8Array,
  { free, levels = Number.POSITIVE_INFINITY }: OrderReading,
  pause: () => Promise<unknown>,
): Promise<Result<unknown, string>> {
  const text = textOf(body);
  if (text === null) return err(NO_JSON);
  const outline = await outlined(text, { levels, deepest: MOST_LEVELS, members: MOST_MEMBERS }, pause);
  if (!outline.ok) return err(said(outline.error));
  return outline.value === null ? ok(noObject(text)) : valuesOf(text, outline.value, free);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(body: Uint8Array): string | null {
  try {
    return UTF8.decode(body);
  } catch {
    return null;
  }
}

function valuesOf(text: string, members: NonNullable<Outline>, free?: string): Result<unknown, string> {
  const values: [string, unknown][] = [];
  for (const [name, [from, to]] of members) {
    const written = text.slice(from, to);
    if (name === free) values.push([name, new JsonText(written)]);
    else if (written.length > MOST_PART && !written.startsWith('"')) {
      return err(`${quoted(name)} is larger than it may be`);
    } else values.push([name, JSON.parse(written)]);
  }
  return ok(Object.fromEntries(values));
}

/** What a schema is shown of a body that is no object. */
function noObject(text: string): unknown {
  return text.trimStart().startsWith('[') ? [] : JSON.parse(text);
}

const NO_JSON = 'the body is not valid JSON in UTF-8';

function said(of: OutlineFault): string {
  if (of.kind === 'invalid') return NO_JSON;
  if (of.kind === 'twice') return `body: ${quoted(of.name)} stands twice in one object; give it once`;
  if (of.kind === 'many') return `the body has more than ${MOST_MEMBERS} members`;
  const where = of.member === null ? 'the body' : quoted(of.member);
  return of.kind === 'deep'
    ? `${where} is nested deeper than ${MOST_LEVELS} levels; make it flatter`
    : `${where} holds a number that is too large`;
}

function quoted(name: string): string {
  return `\`${name.slice(0, 100)}\``;
}

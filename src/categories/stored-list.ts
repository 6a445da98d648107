/**
 * An imported list as it is kept: a line of JSON that says where it came from, then `category TAB line TAB entry`, the
 * line being that of the maker's file. Written once by an import, replaced whole by the next one of the same name.
 */

import { z } from 'zod';
import { err, ok, type Result } from '../core/result.ts';
import type { CompileList } from './compile-index.ts';
import { entryText, type HostEntry, type ListEntry, parseHostEntry, REACH } from './host-entry.ts';
import { IMPORT_FORMATS } from './import-list.ts';

const head = z.strictObject({
  kept: z.literal(1),
  name: z.string(),
  format: z.enum(IMPORT_FORMATS),
  /** Files that it was read from, as they were given. */
  file: z.string(),
  source: z.string().nullable(),
  licence: z.string().nullable(),
  /** The maker's version when known, else the start of the digest. */
  version: z.string(),
  /** RFC 3339: when it was imported. */
  date: z.string(),
  /** SHA-256 of the maker's files. */
  digest: z.string(),
  entries: z.number().int().nonnegative(),
  not_carried: z.number().int().nonnegative(),
  categories: z.array(z.string()),
});

export type StoredHead = Readonly<z.infer<typeof head>>;

export const IMPORT_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export function storedLine(entry: HostEntry, category: string, line: number): string {
  return `${category}\t${line}\t${entryText(entry)}\n`;
}

/** What the first line of a kept list says. */
export function parseStoredHead(text: string): Result<StoredHead, string> {
  const end = text.indexOf('\n');
  const parsed = head.safeParse(jsonOf(end < 0 ? text : text.slice(0, end)));
  return parsed.success ? ok(parsed.data) : err('not a kept list; import it again');
}

/** A kept list for the compiler; its entries are read one at a time, so that millions need no array. */
export function compileListOf(stored: StoredHead, text: string): CompileList {
  const meta = {
    name: `import/${stored.name}`,
    origin: 'import',
    file: stored.file,
    format: stored.format,
    source: stored.source,
    licence: stored.licence,
    version: stored.version,
    date: stored.date,
    digest: stored.digest,
    entries: stored.entries,
    notCarried: stored.not_carried,
  } as const;
  return { meta, categories: stored.categories, entries: { [Symbol.iterator]: () => entriesOf(text) } };
}

function* entriesOf(text: string): Generator<ListEntry> {
  for (let from = text.indexOf('\n') + 1; from > 0 && from < text.length; ) {
    const to = text.indexOf('\n', from);
    const [category = '', line = '', written = ''] = text.slice(from, to < 0 ? undefined : to).split('\t');
    const entry = entryOf(written);
    if (entry) yield { ...entry, category, line: Number(line) };
    from = to < 0 ? text.length : to + 1;
  }
}

/** Canonical already: the plain case, which is nearly all of them, needs no parsing. */
function entryOf(written: string): HostEntry | null {
  const c = written.charCodeAt(0);
  const plain = (c >= 97 && c <= 122) || c === 95;
  if (plain && !written.includes(':')) return { name: written, reach: REACH.cover, except: false };
  const parsed = parseHostEntry(written);
  return parsed.ok ? parsed.value : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

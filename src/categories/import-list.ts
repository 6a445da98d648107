/**
 * Reads lists that others made, in the formats the field uses. Lenient where our own lists are strict: what a line says
 * and this index cannot say is not carried, counted by reason, and never guessed at.
 */

import { clip, type HostEntry, parseHostEntry } from './host-entry.ts';
import { adblockLine, hostsLine, plainLine, rpzLines, urlLine, v2flyLine } from './import-lines.ts';
import type { LineSink } from './import-sink.ts';
import { readCsv, readJson } from './import-tables.ts';

export const IMPORT_FORMATS = ['plain', 'hosts', 'adblock', 'rpz', 'ut1', 'csv', 'json', 'v2fly'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** One file of an import. `label` is what its folder or file is named (UT1: `adult/domains`), null when it says nothing. */
export interface ImportFile {
  readonly path: string;
  readonly text: string;
  readonly label: string | null;
}

export interface ImportTarget {
  readonly format: ImportFormat;
  /** Our category for every line; null: by the maker's own names. */
  readonly category: string | null;
  /** Our category for a maker's name; null: not carried. */
  categoryOf(label: string): string | null;
  /** Hosts files name hosts alone; true: their names are taken with every name under them. */
  readonly subdomains: boolean;
}

export interface ImportReport {
  readonly entries: number;
  readonly notCarried: number;
  /** By reason, with the line of the first. */
  readonly reasons: Readonly<Record<string, { readonly count: number; readonly first: string }>>;
  readonly categories: readonly string[];
}

/** Hands each entry to `take`, in the order of the file. */
export function readImport(
  file: ImportFile,
  target: ImportTarget,
  take: (entry: HostEntry, category: string, line: number) => void,
): ImportReport {
  const reasons = new Map<string, { count: number; first: string }>();
  const categories = new Set<string>();
  let entries = 0;
  const skip = (line: number, why: string): void => {
    const known = reasons.get(why);
    if (known) known.count += 1;
    else reasons.set(why, { count: 1, first: `${clip(file.path)}:${line}` });
  };
  const sink: LineSink = {
    skip,
    entry: (line, { entry, label }) => {
      const theirs = label ?? file.label;
      const category = target.category ?? (theirs === null ? null : target.categoryOf(theirs));
      if (category === null) {
        skip(line, 'no category of ours');
        return;
      }
      const parsed = parseHostEntry(entry);
      if (!parsed.ok) {
        skip(line, 'not a host, or a public suffix');
        return;
      }
      categories.add(category);
      entries += 1;
      take(parsed.value, category, line);
    },
  };
  readAs(target, file, sink);
  const notCarried = [...reasons.values()].reduce((sum, { count }) => sum + count, 0);
  return { entries, notCarried, reasons: Object.fromEntries(reasons), categories: [...categories].sort() };
}

function readAs({ format, subdomains }: ImportTarget, file: ImportFile, sink: LineSink): void {
  if (format === 'csv') {
    readCsv(file.text, sink);
    return;
  }
  if (format === 'json') {
    readJson(file.text, sink);
    return;
  }
  if (format === 'rpz') {
    rpzLines(eachLine(file.text), sink);
    return;
  }
  const read = {
    plain: plainLine,
    hosts: (text: string, line: number, to: LineSink) => hostsLine(text, line, to, subdomains),
    adblock: adblockLine,
    ut1: file.path.endsWith('urls') ? urlLine : plainLine,
    v2fly: v2flyLine,
  }[format];
  for (const [line, text] of eachLine(file.text)) read(text, line, sink);
}

/** Lines with their numbers, without copying the text. */
export function* eachLine(text: string): Generator<readonly [number, string]> {
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    line += 1;
    const trimmed = text.slice(from, to).trim();
    if (trimmed !== '') yield [line, line === 1 ? trimmed.replace(/^\ufeff/, '') : trimmed];
    from = to + 1;
  }
}

/** The format that a text looks like; null when nothing speaks for one. */
export function detectFormat(text: string): ImportFormat | null {
  const head = text.slice(0, 65_536);
  if (/^\s*[[{]\s*(?:["{[\]}]|$)/.test(head)) return 'json';
  const lines = head
    .split('\n')
    .slice(0, -1)
    .map((line) => line.trim());
  const some = (lines.length > 0 ? lines : [head.trim()]).filter((line) => line !== '');
  const count = (shape: RegExp) => some.filter((line) => shape.test(line)).length;
  const most = (shape: RegExp) => count(shape) * 2 > count(/^[^#!;]/);
  if (count(/\sSOA\s/i) > 0 || most(/\sCNAME\s+(\.|\*\.|rpz-)/i)) return 'rpz';
  if (count(/^(@@)?\|\|.+\^/) > 0 || count(/^\[Adblock/i) > 0) return 'adblock';
  if (most(/^(0\.0\.0\.0|127\.0\.0\.1|::1?|fe80::1%lo0)\s+\S/)) return 'hosts';
  if (count(/^(domain|full|keyword|regexp|include):/) > 0) return 'v2fly';
  if (most(/^[^,\s]+,/)) return 'csv';
  return most(/^[!=*.]*[a-z0-9_-]+(\.[a-z0-9_-]+)+\.?(\s*#.*)?$/i) ? 'plain' : null;
}

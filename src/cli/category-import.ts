/** `locktender category import` and `compile`: lists of others into the state directory, and one index out of all. */

import { createHash } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  detectFormat,
  IMPORT_FORMATS,
  type ImportFile,
  type ImportFormat,
  type ImportReport,
  readImport,
} from '../categories/import-list.ts';
import { categoryNamed } from '../categories/import-names.ts';
import { type ListSource, parseSources } from '../categories/sources.ts';
import { IMPORT_NAME, parseStoredHead, type StoredHead, storedLine } from '../categories/stored-list.ts';
import { parseTaxonomy, type Taxonomy } from '../categories/taxonomy.ts';
import { loadPolicy, type RevisionRoots, rootsOf } from '../control/load-revision.ts';
import { didYouMean } from '../core/nearest.ts';
import { listNames, readForeignList, readListHead, removeList, writeList } from '../store/list-store.ts';
import { TreeUnreadable } from '../store/read-tree.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must, textOf } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, collected, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';

interface ImportOptions extends CommonOptions {
  readonly format?: string;
  readonly category?: string;
  readonly name?: string;
  readonly map?: readonly string[];
  readonly source?: string;
  readonly licence?: string;
  readonly listVersion?: string;
  readonly subdomains?: boolean;
  readonly remove?: string;
  readonly list?: boolean;
}

export function addCategoryImport(category: Command, parts: CliParts): void {
  leaf<ImportOptions>(category, 'import', parts, {
    summary:
      'takes in a list of others, replacing the one of that name; without a path, all of categories/sources.yaml',
    declare: (command) => {
      command
        .argument('[path]', 'a file, or a directory of the UT1 kind')
        .option('--format <format>', `one of ${IMPORT_FORMATS.join(', ')}; default: what it looks like`)
        .option('--category <id>', 'category of every host in it; default: by the names that the list uses')
        .option('--name <name>', 'what the list is called; default: from its file name')
        .option('--map <theirs=ours>', 'our category for a name that the list uses; may be repeated', collected)
        .option('--subdomains', 'takes the names of a hosts file with every name under them')
        .option('--source <url>', 'where the list is from, for the record')
        .option('--licence <text>', 'its licence, for the record')
        .option('--list-version <text>', "its maker's version; default: from its digest")
        .option('--remove <name>', 'takes an imported list out again')
        .option('--list', 'shows what is imported');
    },
    run: async ([path], options, { io }) => run(path ?? null, options, io),
  });
  leaf<{ out?: string }>(category, 'compile', parts, {
    summary: 'compiles taxonomy, curated and imported lists to one index',
    declare: (command) => void command.option('--out <file>', 'writes the index there too'),
    run: async (_, options, { io }) => compile(options, io),
  });
}

interface Place {
  readonly roots: RevisionRoots;
  readonly dir: string;
  readonly taxonomy: Taxonomy;
  readonly io: CliIo;
}

interface Outcome {
  readonly name: string;
  readonly report: ImportReport;
  readonly head: StoredHead;
}

function run(path: string | null, options: ImportOptions, io: CliIo): number {
  const place = placeOf(options, io);
  if (options.list) return showList(place, options);
  if (options.remove !== undefined) {
    if (!removeList(place.dir, options.remove)) {
      const names = listNames(place.dir);
      throw new CliFailure(EXIT.usage, `no imported list \`${options.remove}\`; ${didYouMean(options.remove, names)}`);
    }
  }
  const orders = path === null ? sourcesOf(place, options) : [orderOf(path, options, place.taxonomy)];
  const outcomes = options.remove === undefined || path !== null ? orders.map((order) => take(order, place)) : [];
  const { index } = must(loadPolicy(place.roots)).categories;
  const names = index.header.names;
  if (options.json) {
    const imported = outcomes.map(({ head, report }) => ({ ...publicHead(head), reasons: report.reasons }));
    printJson(io, { imported, index: index.digest, names });
    return EXIT.done;
  }
  for (const { name, report, head } of outcomes) {
    io.stdout(`${name}: ${report.entries} entries in ${head.categories.join(' ') || 'no category'}`);
    io.stdout(`, version ${head.version}; ${report.notCarried} lines not carried\n`);
    for (const [why, { count, first }] of Object.entries(report.reasons))
      io.stdout(`  ${count} ${why}, first ${first}\n`);
  }
  io.stdout(`index ${index.digest}, ${names} names\n`);
  return EXIT.done;
}

function placeOf(options: CommonOptions, io: CliIo): Place {
  const config = configOf(options, io);
  const roots = rootsOf(config);
  const file = join(roots.categories[0] ?? '', 'taxonomy.yaml');
  const taxonomy = must(parseTaxonomy('categories/taxonomy.yaml', textOf(file, io.cwd)));
  return { roots, dir: roots.imports ?? resolve(config.state, 'categories'), taxonomy, io };
}

function showList({ dir, io }: Place, { json }: CommonOptions): number {
  const heads = listNames(dir).flatMap((name) => {
    const head = parseStoredHead(readListHead(dir, name));
    return head.ok ? [head.value] : [];
  });
  if (json) printJson(io, { imports: heads.map(publicHead) });
  else {
    const rows = heads.map((h) => [h.name, h.format, h.version, h.date, h.entries, h.categories.join(' '), h.licence]);
    printTable(io, ['NAME', 'FORMAT', 'VERSION', 'DATE', 'ENTRIES', 'CATEGORIES', 'LICENCE'], rows);
  }
  return EXIT.done;
}

function publicHead({ kept: _, ...head }: StoredHead): Omit<StoredHead, 'kept'> {
  return head;
}

/** Every source of `categories/sources.yaml`. */
function sourcesOf({ roots, taxonomy, io }: Place, options: ImportOptions): readonly ListSource[] {
  if (options.remove !== undefined) return [];
  const file = join(roots.categories[0] ?? '', 'sources.yaml');
  const sources = must(parseSources('categories/sources.yaml', textOf(file, io.cwd), taxonomy));
  if (sources.length > 0) return sources;
  throw new CliFailure(EXIT.usage, 'categories/sources.yaml names no source; name a path, or add one there');
}

function orderOf(path: string, options: ImportOptions, taxonomy: Taxonomy): ListSource {
  const { format, category, source, licence, listVersion } = options;
  const name = options.name ?? nameFrom(path);
  if (!IMPORT_NAME.test(name)) throw new CliFailure(EXIT.usage, `\`${name}\` is not kebab-case; name it with --name`);
  const known = taxonomy.categories.filter((c) => !c.derived).map((c) => c.id);
  const map = Object.fromEntries((options.map ?? []).map((pair) => pairOf(pair)));
  for (const id of [...(category === undefined ? [] : [category]), ...Object.values(map)]) {
    if (!known.includes(id)) throw new CliFailure(EXIT.usage, `no category \`${id}\`; ${didYouMean(id, known)}`);
  }
  if (format !== undefined && !IMPORT_FORMATS.some((one) => one === format)) {
    throw new CliFailure(EXIT.usage, `no format \`${format}\`; ${didYouMean(format, IMPORT_FORMATS)}`);
  }
  return {
    name,
    path,
    map,
    format: (format as ImportFormat | undefined) ?? formatOf(path),
    subdomains: options.subdomains === true,
    ...(category === undefined ? {} : { category }),
    ...(source === undefined ? {} : { homepage: source }),
    ...(licence === undefined ? {} : { licence }),
    ...(listVersion === undefined ? {} : { version: listVersion }),
  };
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new CliFailure(
    EXIT.usage,
    `\`--map ${pair}\` is not \`theirs=ours\`; write for example \`--map publicite=ads-and-trackers\``,
  );
}

function nameFrom(path: string): string {
  const plain = basename(path)
    .replace(/(\.[a-z0-9]+)+$/i, '')
    .toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'list';
}

function formatOf(path: string): ImportFormat {
  if (reading(() => statSync(path).isDirectory())) return 'ut1';
  const found = detectFormat(reading(() => readForeignList(path)));
  if (found !== null) return found;
  throw new CliFailure(EXIT.usage, `\`${path}\` looks like no format that is known; say which with --format`);
}

/** Reads, keeps, reports. Replaces the list of that name whole, or leaves it as it was. */
function take(order: ListSource, { dir, taxonomy, io }: Place): Outcome {
  const root = resolve(io.cwd, order.path);
  const files = reading(() => filesOf(root, order.format));
  const map = new Map(Object.entries(order.map));
  const target = {
    format: order.format,
    category: order.category ?? null,
    subdomains: order.subdomains,
    categoryOf: (label: string) => categoryNamed(label, taxonomy, map),
  };
  const hash = createHash('sha256');
  const lines: string[] = [];
  const reports = files.map((file) => {
    hash.update(file.text);
    return readImport(file, target, (entry, category, line) => lines.push(storedLine(entry, category, line)));
  });
  const report = sum(reports);
  if (report.entries === 0) throw new CliFailure(EXIT.usage, nothingTaken(order, report));
  const digest = hash.digest('hex');
  const head: StoredHead = {
    kept: 1,
    name: order.name,
    format: order.format,
    file: order.path,
    source: order.homepage ?? null,
    licence: order.licence ?? null,
    version: order.version ?? digest.slice(0, 12),
    date: new Date().toISOString(),
    digest,
    entries: report.entries,
    not_carried: report.notCarried,
    categories: [...report.categories],
  };
  writeList(dir, order.name, [`${JSON.stringify(head)}\n`, ...joined(lines)]);
  return { name: order.name, report, head };
}

function nothingTaken({ path, format }: ListSource, { reasons }: ImportReport): string {
  const [why] = Object.entries(reasons);
  const unmapped = why?.[0] === 'no category of ours';
  const fix = unmapped ? 'name one with --category, or map its names with --map' : 'check its format';
  const first = why === undefined ? 'it is empty' : `${why[1].count} lines: ${why[0]}, first ${why[1].first}`;
  return `nothing in \`${path}\` can be taken as ${format} (${first}); ${fix}`;
}

function* joined(lines: readonly string[]): Generator<string> {
  for (let at = 0; at < lines.length; at += 50_000) yield lines.slice(at, at + 50_000).join('');
}

function filesOf(root: string, format: ImportFormat): ImportFile[] {
  if (!statSync(root).isDirectory())
    return [{ path: basename(root), text: readForeignList(root), label: labelOf(root) }];
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  const wanted = paths.filter((path) => (format === 'ut1' ? /(^|\/)(domains|urls)$/.test(path) : true));
  return wanted
    .map((path) => join(root, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path: relative(root, path), text: readForeignList(path), label: labelOf(path) }));
}

/** UT1 names the folder after the category; other makers name the file so. */
function labelOf(path: string): string {
  const own = basename(path);
  return own === 'domains' || own === 'urls' ? basename(dirname(path)) : own.replace(/\.[a-z0-9]+$/i, '');
}

function sum(reports: readonly ImportReport[]): ImportReport {
  const reasons: Record<string, { count: number; first: string }> = {};
  for (const report of reports) {
    for (const [why, { count, first }] of Object.entries(report.reasons)) {
      const known = reasons[why];
      if (known) known.count += count;
      else reasons[why] = { count, first };
    }
  }
  return {
    entries: reports.reduce((n, r) => n + r.entries, 0),
    notCarried: reports.reduce((n, r) => n + r.notCarried, 0),
    reasons,
    categories: [...new Set(reports.flatMap((r) => r.categories))].sort(),
  };
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TreeUnreadable) throw new CliFailure(EXIT.usage, error.message);
    if (error instanceof Error && 'code' in error && 'path' in error) {
      throw new CliFailure(EXIT.usage, `cannot read \`${String(error.path)}\` (${String(error.code)}); check its path`);
    }
    throw error;
  }
}

function compile(options: { out?: string } & CommonOptions, io: CliIo): void {
  const { categories } = must(loadPolicy(rootsOf(configOf(options, io))));
  const bytes = Buffer.from(categories.bytes.bytes);
  if (options.out !== undefined) writeFileSync(resolve(io.cwd, options.out), bytes);
  const { header, digest } = categories.index;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const out = options.out ?? null;
  const answer = { digest, bytes: bytes.length, sha256, names: header.names, lists: header.lists.length, out };
  if (options.json) {
    printJson(io, answer);
    return;
  }
  const written = out === null ? '' : `, written to ${out}`;
  io.stdout(
    `index ${digest}, ${header.names} names of ${header.lists.length} lists, ${bytes.length} bytes${written}\n`,
  );
}

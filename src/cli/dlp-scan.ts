/** `locktender dlp scan`: files, trees, archives and stdin, in flat memory. */

import { closeSync, createReadStream, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { addAll } from '../core/large-lists.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { lookInto } from '../dlp/scan-layers.ts';
import { type Found, STREAM_LIMITS, StreamScanner } from '../dlp/stream-scanner.ts';
import { zlibPacking } from '../guard/packing.ts';
import {
  ARCHIVE_LIMITS,
  ArchiveUnreadable,
  archiveKind,
  type Left,
  type Member,
  membersOf,
  packedOtherwise,
} from '../store/archive.ts';
import { errorCode } from '../store/files.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT } from './context.ts';
import { type CliParts, leaf } from './leaf.ts';
import { plain, printJson } from './print.ts';
import { type SarifFile, sarifOf } from './sarif.ts';

export interface ScanOptions extends CommonOptions {
  readonly rules?: string;
  readonly jsonl?: boolean;
  readonly sarif?: boolean;
  readonly direction: string;
}

interface Scan {
  readonly rules: RuleSet;
  readonly io: CliIo;
  readonly direction: 'result' | 'request';
}

/** An archive is read into memory, and so are the archives in it. */
const LARGEST_ARCHIVE = 256 * 1024 * 1024;
const ARCHIVES_IN_ARCHIVES = 3;
const [PIECE, SMALLEST_PIECE, OF_PIPE] = [1 << 20, 4096, 1 << 16];
const SKIPPED = new Set(['.git', '.hg', '.svn']);
const PROGRESS_MS = 5000;

/** What is compressed is looked into as well. */
const LIMITS = { ...STREAM_LIMITS, packing: zlibPacking };

export function addScan(dlp: Command, parts: CliParts, rulesOf: (options: ScanOptions, io: CliIo) => RuleSet): void {
  leaf<ScanOptions>(dlp, 'scan', parts, {
    summary: 'finds secrets and personal data in files, trees, archives or stdin; exit 1 with findings',
    declare: (command) => {
      command
        .argument('[files...]', 'files, directories, zip, tar, gz and zst archives; default and `-`: stdin')
        .option('--jsonl', 'each line of the input is `{"id":…,"text":…}`, each line of the output its findings')
        .option('--sarif', 'prints SARIF 2.1.0')
        .option('--direction <result|request>', 'whose action is named', 'result')
        .option('--rules <dir>', 'directory of rule files');
    },
    run: async (files, options, { io, appliance }) => {
      const { direction } = options;
      if (direction !== 'result' && direction !== 'request')
        throw new CliFailure(EXIT.usage, '`--direction` is `result` or `request`');
      if (options.sarif && options.jsonl)
        throw new CliFailure(EXIT.usage, '`--sarif` and `--jsonl` are two forms of output; give one');
      const scan = { rules: rulesOf(options, io), io, direction } as const;
      const named = files.length === 0 ? ['-'] : files;
      if (options.jsonl) return (await scanLines(named, scan)) > 0 ? EXIT.failed : EXIT.done;
      return report(await scanAll(named, scan), options, scan, appliance.version);
    },
  });
}

interface Scanned {
  readonly files: SarifFile[];
  readonly unread: { readonly file: string; readonly why: string }[];
}

function report({ files, unread }: Scanned, options: ScanOptions, scan: Scan, version: string): number {
  const { io, rules } = scan;
  const count = files.reduce((n, { findings }) => n + findings.length, 0);
  if (options.sarif) printJson(io, sarifOf({ files, unread, rules, version, cwd: io.cwd }));
  else if (options.json) {
    const shown = files.map(({ file, findings }) => ({
      file,
      findings: findings.map((one) => shownWithLine(one, scan)),
    }));
    printJson(io, { files: shown, findings: count, unread });
  } else {
    for (const { file, findings } of files) {
      for (const f of findings) {
        const { info_type: type, action } = shown(f, scan);
        const place = `${plain(file)}:${f.from.line}:${f.from.column}: ${f.start}-${f.end}`;
        io.stdout(`${place}: ${f.rule.spec.id} ${type} ${f.likelihood} ${action}\n`);
      }
    }
    io.stderr(`${count} findings in ${files.length} files\n`);
  }
  for (const { file, why } of unread) io.stderr(`locktender: not scanned: \`${plain(file)}\`: ${plain(why)}\n`);
  // What was not looked at is not clean.
  return count > 0 ? EXIT.failed : unread.length > 0 ? EXIT.usage : EXIT.done;
}

/** A finding as it is printed: no value, its position in UTF-8 bytes. */
function shown({ rule, likelihood, start, end }: Pick<Found, 'rule' | 'likelihood' | 'start' | 'end'>, scan: Scan) {
  const { id, info_type, actions } = rule.spec;
  return { rule: id, info_type, likelihood, start, end, action: actions[scan.direction] };
}

function shownWithLine(found: Found, scan: Scan) {
  return { ...shown(found, scan), line: found.from.line, column: found.from.column };
}

async function scanAll(files: readonly string[], scan: Scan): Promise<Scanned> {
  const { io } = scan;
  const out: Scanned = { files: [], unread: [] };
  let told = Date.now();
  for (const file of files) {
    const named = { file, path: Buffer.from(resolve(io.cwd, file)) };
    const stat = file === '-' ? null : lstat(named.path);
    if (file !== '-' && stat === null)
      throw new CliFailure(EXIT.usage, `cannot read \`${file}\` (ENOENT); check its path`);
    // A pipe that is named is read; in a tree it could stand still for ever.
    for (const place of stat?.isDirectory() ? walk(named, out) : [named]) {
      await scanOne(place, scan, out);
      if (Date.now() - told < PROGRESS_MS) continue;
      told = Date.now();
      io.stderr(`${out.files.length} files scanned, now ${plain(place.file)}\n`);
    }
  }
  return out;
}

/** A file as it is shown, and where it lies: a name of a file need not be UTF-8. */
interface Place {
  readonly file: string;
  readonly path: Buffer;
}

/** Files below, in order; what is neither file nor directory is left out, and links are not followed. */
function* walk({ file, path }: Place, out: Scanned): Generator<Place> {
  const stat = lstat(path);
  if (stat?.isFile() || stat?.isSymbolicLink()) yield { file, path };
  if (!stat?.isDirectory()) return;
  let names: Buffer[];
  try {
    names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
  } catch (error) {
    out.unread.push({ file, why: errorCode(error) });
    return;
  }
  for (const name of names) {
    const shown = name.toString('utf8');
    const below = Buffer.concat([path, Buffer.from(sep), name]);
    if (SKIPPED.has(shown)) continue;
    const at = { file: relative('', join(file, shown)) || join(file, shown), path: below };
    try {
      if (lstat(below)?.isSymbolicLink()) continue;
    } catch (error) {
      // A path that is too long, or a directory that may be listed and not searched: no reason to say nothing of the others.
      out.unread.push({ file: at.file, why: errorCode(error) });
      continue;
    }
    yield* walk(at, out);
  }
}

function lstat(path: string | Buffer): ReturnType<typeof lstatSync> | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

async function scanOne({ file, path }: Place, scan: Scan, out: Scanned): Promise<void> {
  try {
    if (file === '-') {
      await scanPieces(file, scan.io.stdin, { scan, out });
      return;
    }
    const fd = openSync(path, 'r');
    try {
      await scanOpened({ file, fd }, scan, out);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof ArchiveUnreadable) out.unread.push({ file, why: error.message });
    else if (error instanceof Error && 'syscall' in error) out.unread.push({ file, why: errorCode(error) });
    else throw error;
  }
}

async function scanOpened({ file, fd }: { file: string; fd: number }, scan: Scan, out: Scanned): Promise<void> {
  const { size } = fstatSync(fd);
  const pieces = piecesOf(fd, size);
  const first = pieces.next().value ?? Buffer.alloc(0);
  if (archiveKind(first) === null && utf16Of(first) === null) {
    await scanPieces(file, withFirst(first, pieces), { scan, out });
    noteOtherPacking(file, first, out);
    return;
  }
  scanBytes(file, wholeOf(first, pieces, size), { scan, out, depth: 0, left: { ...ARCHIVE_LIMITS } });
}

/**
 * What a file holds, or what comes out of a pipe. A stream would take a megabyte for each of many small files, and the collector
 * half of all the time.
 */
function* piecesOf(fd: number, size: number): Generator<Buffer, undefined> {
  for (let done = 0; ; ) {
    const rest = size === 0 ? OF_PIPE : Math.max(SMALLEST_PIECE, size - done);
    const piece = Buffer.allocUnsafe(Math.min(PIECE, rest));
    const read = readSync(fd, piece, 0, piece.length, null);
    if (read === 0) return;
    done += read;
    yield piece.subarray(0, read);
  }
}

function* withFirst(first: Buffer, rest: Iterable<Buffer>): Generator<Buffer> {
  yield first;
  yield* rest;
}

function wholeOf(first: Buffer, pieces: Iterable<Buffer>, size: number): Buffer {
  const all = [first];
  let length = first.length;
  const check = (bytes: number) => {
    if (bytes > LARGEST_ARCHIVE)
      throw new ArchiveUnreadable(`larger than ${LARGEST_ARCHIVE} bytes, as archive or UTF-16; unpack or split it`);
  };
  check(size);
  for (const piece of pieces) {
    all.push(piece);
    length += piece.length;
    check(length);
  }
  return Buffer.concat(all);
}

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function scanPieces(file: string, pieces: Pieces, { scan, out }: Pick<Inside, 'scan' | 'out'>): Promise<void> {
  const scanner = new StreamScanner(scan.rules, LIMITS);
  const findings: Found[] = [];
  for await (const piece of pieces) addAll(findings, scanner.push(piece));
  addAll(findings, scanner.end());
  out.files.push({ file, findings });
  noteUnread(file, scanner, out);
}

const UNREAD = 'more is encoded or compressed in it than is undone; decode it first';

function noteUnread(file: string, { isWhole }: StreamScanner, out: Scanned): void {
  if (!isWhole) out.unread.push({ file, why: UNREAD });
}

interface Inside {
  readonly scan: Scan;
  readonly out: Scanned;
  readonly depth: number;
  /** One allowance for an archive and all that is in it: archives in archives multiply. */
  readonly left: Left;
}

/** What is packed as nothing here reads was not looked into, and is not clean. */
function noteOtherPacking(file: string, head: Buffer, out: Scanned): void {
  const form = packedOtherwise(head);
  if (form !== null) out.unread.push({ file, why: `packed as ${form}, which is not read here; unpack it first` });
}

/** One text in memory, or what is in it when it is an archive: `a.zip!b.txt`. */
function scanBytes(file: string, bytes: Buffer, inside: Inside): void {
  const { scan, out, depth, left } = inside;
  const kind = archiveKind(bytes);
  if (kind !== null && depth < ARCHIVES_IN_ARCHIVES) {
    try {
      for (const member of membersOf(bytes, kind, left)) scanMember(file, member, { ...inside, depth: depth + 1 });
      return;
    } catch (error) {
      if (!(error instanceof ArchiveUnreadable)) throw error;
      out.unread.push({ file, why: error.message });
    }
  }
  noteOtherPacking(file, bytes, out);
  const utf16 = utf16Of(bytes);
  const scanner = new StreamScanner(scan.rules, LIMITS);
  const text = utf16 === null ? bytes : Buffer.from(new TextDecoder(utf16, { ignoreBOM: true }).decode(bytes), 'utf8');
  const found = [...scanner.push(text), ...scanner.end()];
  out.files.push({ file, findings: utf16 === null ? found : inUtf16(found, text) });
  noteUnread(file, scanner, out);
}

function scanMember(archive: string, { name, bytes, unread }: Member, inside: Inside): void {
  const file = name === '' ? archive : `${archive}!${name}`;
  if (unread === undefined) scanBytes(file, bytes, inside);
  else inside.out.unread.push({ file, why: unread });
}

/** By its byte order mark. */
function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null;
}

/** Offsets in the file as it lies there, not in its UTF-8. Counted on from one finding to the next. */
function inUtf16(found: readonly Found[], text: Buffer): Found[] {
  let [at, counted] = [0, 0];
  const offsetOf = (utf8: number): number => {
    if (utf8 < at) [at, counted] = [0, 0];
    counted += 2 * text.toString('utf8', at, utf8).length;
    at = utf8;
    return counted;
  };
  return found.map((one) => {
    const start = offsetOf(one.start);
    // The next may begin before this one ends.
    return { ...one, start, end: start + 2 * text.toString('utf8', one.start, one.end).length };
  });
}

async function scanLines(named: readonly string[], scan: Scan): Promise<number> {
  const { io, rules } = scan;
  let count = 0;
  for (const file of named) {
    const input = file === '-' ? io.stdin : createReadStream(opened(file, io));
    let at = 0;
    for await (const line of linesOf(input)) {
      at += 1;
      if (line.trim() === '') continue;
      const row = rowOf(line, `${file}:${at}`);
      const { found, isWhole } = lookInto(Buffer.from(row.text, 'utf8'), rules, undefined, LIMITS);
      const findings = found.filter((one) => one.continues === undefined).map((one) => shown(one, scan));
      count += findings.length;
      printJson(io, { id: row.id, findings, ...(!isWhole && { unread: UNREAD }) });
    }
  }
  return count;
}

/** Lines by LF alone: JSON may hold other line separators in the clear. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a)) {
      yield Buffer.concat([...pieces, rest.subarray(0, at)]).toString('utf8');
      pieces = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) pieces.push(rest);
  }
  if (pieces.length > 0) yield Buffer.concat(pieces).toString('utf8');
}

function opened(file: string, { cwd }: CliIo): string {
  const path = resolve(cwd, file);
  try {
    closeSync(openSync(path, 'r'));
    return path;
  } catch (error) {
    throw new CliFailure(EXIT.usage, `cannot read \`${file}\` (${errorCode(error)}); check its path`);
  }
}

function rowOf(line: string, where: string): { id: unknown; text: string } {
  try {
    const row = JSON.parse(line) as { id: unknown; text: unknown };
    if (typeof row === 'object' && row !== null && typeof row.text === 'string')
      return { id: row.id ?? null, text: row.text };
  } catch {
    // Said below, with the place.
  }
  throw new CliFailure(
    EXIT.usage,
    `${where}: the line is not \`{"id":…,"text":"…"}\`; leave out \`--jsonl\` to scan plain text`,
  );
}

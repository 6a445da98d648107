/** Reads the files that people edit (rules, policy, categories) as texts with relative paths, for the pure loaders. */

import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

export interface TreeFile {
  /** Relative to the root it was found under, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A directory or file that policy is read from cannot be read. */
export class TreeUnreadable extends Error {
  readonly code = 'TREE_UNREADABLE';
  /** Relative to its root, when it is one file that is wrong, and the line, when one is. */
  readonly file: string | null;
  readonly line: number;

  constructor(message: string, file: string | null = null, line = 0) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

const MAX_FILE = 64 * 1024 * 1024;
const MAX_FILES = 20_000;

/**
 * Every file under the roots whose name ends in one of `extensions`, sorted by path. A later root replaces files of the
 * same path of an earlier one. Hidden names are skipped: editors leave such files behind. Links are followed within their
 * root (Kubernetes mounts files so), and refused where they lead out of it: what is loaded is what the directory holds.
 */
export function readTree(roots: readonly string[], extensions: readonly string[]): TreeFile[] {
  const found = new Map<string, string>();
  for (const root of roots) {
    for (const path of walk(root, '')) {
      if (extensions.some((extension) => path.endsWith(extension))) found.set(path, root);
    }
  }
  if (found.size > MAX_FILES) throw new TreeUnreadable(`more than ${MAX_FILES} files under ${roots.join(', ')}`);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, root]) => ({ path, text: textIn(root, path) }));
}

/** Every path under the roots that is not hidden, without reading any. */
export function listTree(roots: readonly string[]): string[] {
  return [...new Set(roots.flatMap((root) => walk(root, '')))].sort();
}

function textIn(root: string, path: string): string {
  const full = join(root, path);
  const wrong = (message: string, line = 0) => new TreeUnreadable(message, path, line);
  try {
    if (!realpathSync(full).startsWith(`${realpathSync(root)}${sep}`))
      throw wrong('it is a link that leads out of its directory; put the file itself there');
    if (!statSync(full).isFile()) throw wrong('it is no regular file; put a file there');
    const bytes = readBounded(full, MAX_FILE);
    if (!isUtf8(bytes)) throw wrong('it is not UTF-8 from here on; save it as UTF-8', lineOf(bytes, isUtf8));
    if (bytes.includes(0))
      throw wrong(
        'it holds a NUL character; remove it',
        lineOf(bytes, (b) => !b.includes(0)),
      );
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TreeUnreadable && error.file !== null) throw error;
    throw wrong(error instanceof TreeUnreadable ? error.message : unreadable(full, error).message);
  }
}

/** The first line that is not `right`. */
function lineOf(bytes: Uint8Array, right: (line: Uint8Array) => boolean): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line += 1) {
    const end = bytes.indexOf(10, from);
    const next = end < 0 ? bytes.length : end + 1;
    if (!right(bytes.subarray(from, next))) return line;
    from = next;
  }
  return line;
}

/** A value that changes whenever a file of the tree does: names, sizes and times of change. */
export function treeStamp(roots: readonly string[]): string {
  const parts: string[] = [];
  for (const root of roots) {
    for (const path of walk(root, '')) {
      parts.push(`${path} ${stampOf(join(root, path))}`);
    }
  }
  return parts.sort().join('\n');
}

/** What cannot be asked (gone meanwhile, a link to nothing) is a state too: a reload says what is wrong with it. */
function stampOf(path: string): string {
  try {
    const { size, mtimeMs, ino } = statSync(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch {
    return 'unreadable';
  }
}

function walk(root: string, under: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(join(root, under));
  } catch (error) {
    throw unreadable(join(root, under), error);
  }
  return entries.flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) return walk(root, path);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}

function list(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

/** Throws `TreeUnreadable`. */
export function readText(path: string, most = MAX_FILE): string {
  try {
    return readBounded(path, most).toString('utf8');
  } catch (error) {
    throw error instanceof TreeUnreadable ? error : unreadable(path, error);
  }
}

const PIECE = 1 << 20;
/** Enough to see that a file ends where it said: memory for a piece costs more than most files. */
const BEYOND = 512;

/** By pieces up to the bound: a device or a pipe has no size that could be asked. */
function readBounded(path: string, most: number): Buffer {
  const size = statSync(path).size;
  const pieces: Buffer[] = [];
  const fd = openSync(path, 'r');
  try {
    for (let total = 0; ; ) {
      const left = Math.max(Math.min(size - total, most), 0);
      const piece = Buffer.allocUnsafe(left || (size > 0 && total === size ? BEYOND : PIECE));
      const got = readSync(fd, piece);
      if (got === 0) return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      total += got;
      if (total > most || size > most) throw new TreeUnreadable(`\`${path}\` is larger than ${most} bytes; split it`);
      pieces.push(piece.subarray(0, got));
    }
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, error: unknown): TreeUnreadable {
  const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new TreeUnreadable(`cannot read \`${path}\` (${cause}); check that it exists and may be read`);
}

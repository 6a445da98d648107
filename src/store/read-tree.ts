/** Reads the files that people edit (rules, policy, categories) as texts with relative paths, for the pure loaders. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface TreeFile {
  /** Relative to the root it was found under, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A directory that policy is read from cannot be read. */
export class TreeUnreadable extends Error {
  readonly code = 'TREE_UNREADABLE';
}

const MAX_FILE = 64 * 1024 * 1024;
const MAX_FILES = 20_000;

/**
 * Every file under the roots whose name ends in one of `extensions`, sorted by path. A later root replaces files of the
 * same path of an earlier one. Hidden names are skipped: editors leave such files behind.
 */
export function readTree(roots: readonly string[], extensions: readonly string[]): TreeFile[] {
  const found = new Map<string, string>();
  for (const root of roots) {
    for (const path of walk(root, '')) {
      if (extensions.some((extension) => path.endsWith(extension))) found.set(path, join(root, path));
    }
  }
  if (found.size > MAX_FILES) throw new TreeUnreadable(`more than ${MAX_FILES} files under ${roots.join(', ')}`);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, full]) => ({ path, text: readText(full) }));
}

/** A value that changes whenever a file of the tree does: names, sizes and times of change. */
export function treeStamp(roots: readonly string[]): string {
  const parts: string[] = [];
  for (const root of roots) {
    for (const path of walk(root, '')) {
      const { size, mtimeMs, ino } = statSync(join(root, path));
      parts.push(`${path} ${size} ${mtimeMs} ${ino}`);
    }
  }
  return parts.sort().join('\n');
}

function walk(root: string, under: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(join(root, under));
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TreeUnreadable(`cannot read \`${join(root, under)}\` (${cause}); check that it exists and may be read`);
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
    const { size } = statSync(path);
    if (size > most) throw new TreeUnreadable(`\`${path}\` is larger than ${most} bytes; split it`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof TreeUnreadable) throw error;
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TreeUnreadable(`cannot read \`${path}\` (${cause}); check that it exists and may be read`);
  }
}

/**
 * Which sets of rules passed their own tests, remembered in the user's cache directory, so that a command which scans one
 * line need not run thousands of tests first. Only digests are kept, never rules. A stamp counts for the same rules, the
 * same engine and the same runtime, and only from a directory that nobody else can write; otherwise the tests run.
 */

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDirectories } from '../store/make-directory.ts';
import { treeStamp } from '../store/read-tree.ts';

export interface PassedStamps {
  readonly has: (digest: string) => boolean;
  add(digest: string): void;
}

const KEPT = 16;

export function passedStamps(env: Readonly<Record<string, string | undefined>>): PassedStamps {
  const home = env['XDG_CACHE_HOME'] || (env['HOME'] ? join(env['HOME'], '.cache') : '');
  if (!home.startsWith('/')) return { has: () => false, add: () => undefined };
  const dir = join(home, 'locktender');
  const file = join(dir, 'rules-passed');
  const known = readStamps(dir, file);
  const has = (digest: string) => known.includes(stampOf(digest));
  return {
    has,
    add(digest) {
      if (has(digest)) return;
      try {
        makeDirectories(dir);
        if (!isOurs(dir)) return;
        const next = `${file}.${process.pid}`;
        writeFileSync(next, `${[stampOf(digest), ...known].slice(0, KEPT).join('\n')}\n`, { mode: 0o600, flag: 'wx' });
        renameSync(next, file);
      } catch {
        // A cache that cannot be written costs time and nothing else.
      }
    },
  };
}

function readStamps(dir: string, file: string): string[] {
  try {
    return isOurs(dir) && isOurs(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  } catch {
    return [];
  }
}

/** Ours, no link, and not to be written by anybody else. */
function isOurs(path: string): boolean {
  const stat = lstatSync(path);
  return stat.uid === process.getuid?.() && !stat.isSymbolicLink() && (stat.mode & 0o022) === 0;
}

/** The engine counts by its files, so that a stamp never outlives a change of it. */
function stampOf(digest: string): string {
  const engine = treeStamp([fileURLToPath(new URL('../dlp', import.meta.url))]);
  return createHash('sha256').update(`${digest}\n${process.version} ${process.arch}\n${engine}`).digest('hex');
}

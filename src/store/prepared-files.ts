/**
 * What set-up prepared, so that no start need do it again. It stands beside the installed packages: whoever can write there can
 * write the program itself, so what is found there is believed as the program is.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const preparedFile = (name: string): string => join(ROOT, 'node_modules/.cache/locktender', name);

/** What is kept in a prepared file under this very key, whole; null where it is not. */
export function readKept(file: string, key: string): Buffer | null {
  try {
    const kept = readFileSync(file);
    const from = key.length + DIGEST_CHARS;
    const bytes = kept.subarray(from);
    return kept.toString('latin1', 0, from) === key + sha256(bytes) ? bytes : null;
  } catch {
    return null;
  }
}

/** Keeps an outcome under the key of all that it depends on. Throws when it cannot be written. */
export function writeKept(file: string, key: string, bytes: Uint8Array): void {
  writePrepared(file, Buffer.concat([Buffer.from(key + sha256(bytes), 'latin1'), bytes]));
}

const DIGEST_CHARS = 64;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function makePreparedFolder(): void {
  mkdirSync(preparedFile(''), { recursive: true });
}

/** Whole or not at all. Throws when it cannot be written. */
export function writePrepared(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, bytes);
  renameSync(next, file);
}

/** What each outcome is made by: files and folders of `src`. What a folder imports lies in one of them, too. */
export const ENGINES = {
  rules: ['dlp', 'core'],
  policy: ['policy', 'core', 'control/load-revision.ts', 'control/prepared-policy.ts'],
  categories: ['categories', 'core'],
  host: ['isolates/host', 'isolates/prepared-host.ts'],
  runtime: ['isolates/runtime', 'isolates/runtime-bundle.ts'],
} as const;

type Engine = keyof typeof ENGINES;

const digests = new Map<Engine, string>();

/**
 * SHA-256, hex, of what an outcome depends on beside what it was made from: the sources of its engine, the packages and the
 * runtime. Taken once in a process, whose own code does not change either. Where one of them cannot be read, as in a copy that
 * npm packed, which leaves the lock file out, it is like no other: nothing that was kept counts.
 */
export function engineDigest(engine: Engine): string {
  const digest = digests.get(engine) ?? digestOf(ENGINES[engine]);
  digests.set(engine, digest);
  return digest;
}

function digestOf(places: readonly string[]): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  try {
    for (const path of places.flatMap(sourcesAt)) hash.update(readFileSync(path)).update('\n');
    return hash.update(readFileSync(join(ROOT, 'package-lock.json'))).digest('hex');
  } catch {
    return randomBytes(32).toString('hex');
  }
}

function sourcesAt(place: string): string[] {
  const at = join(ROOT, 'src', place);
  if (place.endsWith('.ts')) return [at];
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .sort()
    .map((path) => join(at, path));
}

/**
 * What set-up prepared, so that no start need do it again. It stands beside the installed packages: whoever can write there can
 * write the program itself, so what is found there is believed as the program is.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const preparedFile = (name: string): string => join(ROOT, 'node_modules/.cache/locktender', name);

/** Whole or not at all. Throws when it cannot be written. */
export function writePrepared(file: string, bytes: Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, bytes);
  renameSync(next, file);
}

/**
 * SHA-256, hex, of what an outcome depends on beside what it was made from: sources at these places in `src`, files or whole
 * folders, the packages and the runtime.
 */
export function engineDigest(...places: readonly string[]): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const path of places.flatMap(sourcesAt)) hash.update(readFileSync(path)).update('\n');
  return hash.update(readFileSync(join(ROOT, 'package-lock.json'))).digest('hex');
}

function sourcesAt(place: string): string[] {
  const at = join(ROOT, 'src', place);
  if (place.endsWith('.ts')) return [at];
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .sort()
    .map((path) => join(at, path));
}

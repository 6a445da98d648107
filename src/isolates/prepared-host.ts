/**
 * The code of isolate hosts as set-up kept it: without types, so that no host reads a TypeScript parser before its first
 * isolate. It counts for the very same sources, packages and runtime; where there is none, hosts run the sources themselves.
 */

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineDigest, makePreparedFolder, preparedFile } from '../store/prepared-files.ts';
import type { HostFiles } from './walls.ts';

type HostCode = Pick<HostFiles, 'host' | 'entry'>;

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'host');
/** Imports of one another, the only ones with a path. */
const BESIDE = /(\bfrom '\.\/[a-z0-9-]+)\.ts';/g;

/** Where hosts find their code. */
export function hostCode(host = kept()): HostCode {
  return isWhole(host) ? { host, entry: 'host-entry.js' } : { host: SOURCES, entry: 'host-entry.ts' };
}

/** Keeps it, unless that was done. Throws when it cannot be written. */
export function prepareHost(folder = kept()): void {
  if (isWhole(folder)) return;
  makePreparedFolder();
  const next = mkdtempSync(`${folder}-`);
  for (const name of sources()) {
    const text = readFileSync(join(SOURCES, name), 'utf8');
    put(next, keptName(name), name.endsWith('.ts') ? stripped(text) : text);
  }
  // What is left of one that somebody tidied up.
  if (!isWhole(folder)) rmSync(folder, { recursive: true, force: true });
  // Hosts run as nobody, whatever the umask of who set up.
  chmodSync(next, 0o755);
  try {
    renameSync(next, folder);
  } catch (error) {
    rmSync(next, { recursive: true });
    // Another set-up was quicker.
    if (!isWhole(folder)) throw error;
  }
}

const kept = (): string => preparedFile(`host-${engineDigest('host')}`);
const sources = (): string[] => readdirSync(SOURCES).filter((file) => !file.endsWith('.test.ts'));
const keptName = (source: string): string => source.replace(/\.ts$/, '.js');
const isWhole = (folder: string): boolean => sources().every((name) => existsSync(join(folder, keptName(name))));

/** In place, so that lines and columns stay. */
function stripped(text: string): string {
  return stripTypeScriptTypes(text, { mode: 'strip' }).replaceAll(BESIDE, "$1.js';");
}

function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o644);
}

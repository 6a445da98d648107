/**
 * What set-up prepared of the shipped rules, kept beside the installed packages: whoever can write there can write the
 * program itself, so it is believed as the program is. It counts for the same engine, packages and runtime only; where
 * there is none, or it cannot be read, everything is done again at each start.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type PortableRules, portableRules, sharedRules, unsharedRules } from '../dlp/portable-rules.ts';
import { type PreparedRules, prepare } from '../dlp/prepared-rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = join(ROOT, 'node_modules/.cache/locktender/rules');

/** What is decompressed is 15 MB, and not put together from thousands of pieces. */
const ONE_CHUNK = { chunkSize: 32 * 1024 * 1024 };

/** What is kept: the engine that it is of, and its outcome, each part by itself as most starts need but the first. */
interface Kept {
  readonly engine: string;
  readonly whole: Uint8Array;
  readonly parts: Uint8Array;
}

/** The set as it is when no file was changed; null where nothing was prepared by this very engine. */
export function readPreparedSet(file = FILE): PortableRules | null {
  const whole = read<PortableRules>(file, 'whole');
  return whole && sharedRules(whole);
}

/** Each file by itself; null where nothing was prepared by this very engine. */
export function readPreparedRules(file = FILE): PreparedRules | null {
  return read<PreparedRules>(file, 'parts');
}

function read<T>(file: string, part: 'whole' | 'parts'): T | null {
  try {
    const kept = deserialize(readFileSync(file)) as Kept;
    return kept.engine === engineDigest() ? (deserialize(brotliDecompressSync(kept[part], ONE_CHUNK)) as T) : null;
  } catch {
    return null;
  }
}

/** Throws when it cannot be written. */
export function writePreparedRules(set: RuleSet, file = FILE): void {
  const whole = compressed(unsharedRules(portableRules(set)));
  const kept: Kept = { engine: engineDigest(), whole, parts: compressed(prepare(set)) };
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, serialize(kept));
  renameSync(next, file);
}

function compressed(value: unknown): Uint8Array {
  // Quality 11 would take longer than all the rest, for a tenth of the size.
  return brotliCompressSync(serialize(value), { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}

/** SHA-256, hex, of everything that the outcome depends on beside the rules. */
function engineDigest(): string {
  const engine = join(ROOT, 'src/dlp');
  const sources = readdirSync(engine, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .sort()
    .map((path) => join(engine, path));
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const path of [...sources, join(ROOT, 'src/core/strict-yaml.ts'), join(ROOT, 'package-lock.json')]) {
    hash.update(readFileSync(path)).update('\n');
  }
  return hash.digest('hex');
}

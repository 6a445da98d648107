/**
 * What set-up prepared of the shipped rules. It counts for the same engine, packages and runtime only; where there is none, or
 * it cannot be read, everything is done again at each start.
 */

import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type PortableRules, portableRules, sharedRules, unsharedRules } from '../dlp/portable-rules.ts';
import { type PreparedRules, prepare } from '../dlp/prepared-rules.ts';
import { engineDigest, preparedFile, writePrepared } from '../store/prepared-files.ts';

const FILE = preparedFile('rules');

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
    return kept.engine === engine() ? (deserialize(zstdDecompressSync(kept[part], ONE_CHUNK)) as T) : null;
  } catch {
    return null;
  }
}

/** Throws when it cannot be written. */
export function writePreparedRules(set: RuleSet, file = FILE): void {
  const whole = compressed(unsharedRules(portableRules(set)));
  const kept: Kept = { engine: engine(), whole, parts: compressed(prepare(set)) };
  writePrepared(file, serialize(kept));
}

function compressed(value: unknown): Uint8Array {
  return zstdCompressSync(serialize(value));
}

const engine = (): string => engineDigest('rules');

/**
 * Taxonomy, curated lists and imports, as one index. What was compiled is kept under the digest of all it was made from, and
 * opened many times: with imports beside them, so that five million names are compiled once; without any by set-up, so that
 * no start compiles the shipped lists.
 */

import { createHash } from 'node:crypto';
import { CategoryIndex } from '../categories/category-index.ts';
import { INDEX_VERSION } from '../categories/index-format.ts';
import { type CategoryFile, type LoadedCategories, loadCategories } from '../categories/load-lists.ts';
import { compileListOf, parseStoredHead, type StoredHead } from '../categories/stored-list.ts';
import { parseTaxonomy } from '../categories/taxonomy.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import {
  listNames,
  readIndexFile,
  readIndexInSteps,
  readList,
  readListHead,
  writeIndexFile,
} from '../store/list-store.ts';
import { engineDigest, preparedFile, readKept, writeKept } from '../store/prepared-files.ts';
import { readTree } from '../store/read-tree.ts';
import { readPreparedTaxonomy } from './prepared-policy.ts';

export interface CategoryRoots {
  readonly categories: readonly string[];
  /** Where imported lists are kept; null: none are looked at. */
  readonly imports: string | null;
}

/** An index that was read and verified ahead, for the next load that has the same key. */
export interface PreparedIndex {
  readonly key: string;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Imports that are kept, newest information first said: their heads, by name. */
export function importsOf(dir: string): Result<readonly StoredHead[], Problem[]> {
  const heads: StoredHead[] = [];
  for (const name of listNames(dir)) {
    const head = parseStoredHead(readListHead(dir, name));
    if (!head.ok) return err([{ file: `${name}.list`, line: 1, column: 1, message: head.error }]);
    heads.push(head.value);
  }
  return ok(heads);
}

export function loadCategoryFiles(
  { categories, imports }: CategoryRoots,
  prepared: PreparedIndex | null = null,
): Result<LoadedCategories, Problem[]> {
  const files = readTree(categories, ['.yaml', '.txt']);
  const heads = imports === null ? ok([]) : importsOf(imports);
  if (!heads.ok) return heads;
  if (imports === null || heads.value.length === 0) return loadCurated(files);
  const key = keyOf(files, heads.value);
  const bytes = prepared?.key === key ? prepared.bytes : readIndexFile(imports, key);
  const kept = bytes === null ? null : opened(files, bytes, prepared?.key === key);
  if (kept !== null) return kept;
  const lists = heads.value.map((head) => compileListOf(head, readList(imports, head.name)));
  const loaded = loadCategories({ files, sha256, imports: lists });
  if (loaded.ok) writeIndexFile(imports, key, loaded.value.bytes.bytes);
  return loaded;
}

/** The key in hexadecimal, and the index behind it. */
const CURATED = preparedFile('categories');

/** Curated lists alone: as they were kept, where these very lists were. */
export function loadCurated(files: readonly CategoryFile[], file = CURATED): Result<LoadedCategories, Problem[]> {
  const bytes = keptCurated(curatedKey(files), file);
  return (bytes && opened(files, bytes, false)) ?? loadCategories({ files, sha256 });
}

/** Compiles the lists below these roots at set-up, unless that was done. Throws when the index cannot be written. */
export function prepareCurated(roots: readonly string[], file = CURATED): Result<null, Problem[]> {
  const files = readTree(roots, ['.yaml', '.txt']);
  const key = curatedKey(files);
  if (keptCurated(key, file) !== null) return ok(null);
  const loaded = loadCategories({ files, sha256 });
  if (!loaded.ok) return loaded;
  writeKept(file, key, loaded.value.bytes.bytes);
  return ok(null);
}

function keptCurated(key: string, file: string): Uint8Array<SharedArrayBuffer> | null {
  const kept = readKept(file, key);
  if (kept === null) return null;
  const bytes = new Uint8Array(new SharedArrayBuffer(kept.length));
  bytes.set(kept);
  return bytes;
}

function curatedKey(files: readonly CategoryFile[]): string {
  return sha256(Buffer.from(engineDigest('categories') + keyOf(files, [])));
}

/** Reads and verifies the kept index in small steps, without holding up whoever serves meanwhile; null when none fits. */
export async function prepareIndex({ categories, imports }: CategoryRoots): Promise<PreparedIndex | null> {
  const heads = imports === null ? null : importsOf(imports);
  if (imports === null || !heads?.ok || heads.value.length === 0) return null;
  const key = keyOf(readTree(categories, ['.yaml', '.txt']), heads.value);
  const hash = createHash('sha256');
  const bytes = await readIndexInSteps(imports, key, (step, left) => {
    const end = Math.max(0, Math.min(step.length, step.length + left - DIGEST));
    hash.update(step.subarray(0, end));
  });
  if (bytes === null || bytes.length < DIGEST) return null;
  const stored = Buffer.from(bytes.slice(bytes.length - DIGEST)).toString('hex');
  return hash.digest('hex') === stored ? { key, bytes } : null;
}

/** The digest stands at the end of an index, over all before it. */
const DIGEST = 32;

/** Null when the bytes are no index that this version reads: then it is compiled anew. */
function opened(
  files: readonly CategoryFile[],
  bytes: Uint8Array<SharedArrayBuffer>,
  verified: boolean,
): Result<LoadedCategories, Problem[]> | null {
  const file = files.find(({ path }) => path === 'taxonomy.yaml');
  const known = file && readPreparedTaxonomy(file);
  const taxonomy = known ? ok(known) : file && parseTaxonomy(file.path, file.text);
  const index = CategoryIndex.open(bytes, { sha256, verified });
  if (!taxonomy || !index.ok) return null;
  if (!taxonomy.ok) return taxonomy;
  return ok({ taxonomy: taxonomy.value, index: index.value, bytes: { bytes, digest: index.value.digest } });
}

function keyOf(files: readonly CategoryFile[], heads: readonly StoredHead[]): string {
  const read = files
    .filter(({ path }) => path === 'taxonomy.yaml' || path.startsWith('lists/'))
    .map(({ path, text }) => [path, sha256(Buffer.from(text))]);
  const kept = heads.map((head) => canonicalJson(head));
  return sha256(Buffer.from(canonicalJson({ format: INDEX_VERSION, files: read, imports: kept }))).slice(0, 32);
}

/**
 * What set-up prepared of the shipped policy and taxonomy: both compiled and found sound. It counts for the very same files,
 * sources, packages and runtime; where it does not, everything is compiled and checked again.
 */

import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { CategoryFile } from '../categories/load-lists.ts';
import type { Taxonomy } from '../categories/taxonomy.ts';
import { type Bundle, type BundleFile, bundleFileKind } from '../policy/bundle/bundle.ts';
import { engineDigest, preparedFile, readKept, writeKept } from '../store/prepared-files.ts';

const POLICY = preparedFile('policy');
const TAXONOMY = preparedFile('taxonomy');

/** The sound bundle of these files under this taxonomy; null where that was not prepared. */
export function readPreparedBundle(files: readonly BundleFile[], taxonomy: Taxonomy, file = POLICY): Bundle | null {
  const kept = readKept(file, bundleKey(files, taxonomy));
  return kept && Object.freeze(deserialize(kept) as Bundle);
}

/** What this file says; null where that was not prepared. */
export function readPreparedTaxonomy(source: CategoryFile, file = TAXONOMY): Taxonomy | null {
  const kept = readKept(file, taxonomyKey(source));
  return kept && Object.freeze(deserialize(kept) as Taxonomy);
}

/** Keeps a bundle that was found sound, and the taxonomy of this file, unless that was done. Throws when it cannot be written. */
export function preparePolicy(
  { bundle, taxonomy }: { readonly bundle: Bundle; readonly taxonomy: Taxonomy },
  source: CategoryFile,
  files = { policy: POLICY, taxonomy: TAXONOMY },
): void {
  keep(files.policy, bundleKey(bundle.files, taxonomy), bundle);
  keep(files.taxonomy, taxonomyKey(source), taxonomy);
}

function keep(file: string, key: string, value: object): void {
  if (readKept(file, key) === null) writeKept(file, key, serialize(value));
}

/** All that a bundle is compiled from and checked against. */
function bundleKey(files: readonly BundleFile[], taxonomy: Taxonomy): string {
  const used = files.filter(({ path }) => bundleFileKind(path) !== null).sort((a, b) => (a.path < b.path ? -1 : 1));
  const rows = used.map(({ path, text }) => [path, text]);
  const categories = taxonomy.categories.map(({ id, defaultBlocked }) => [id, defaultBlocked]);
  return keyOf('policy', { rows, categories });
}

function taxonomyKey({ path, text }: CategoryFile): string {
  return keyOf('categories', [path, text]);
}

function keyOf(engine: 'policy' | 'categories', of: object): string {
  return createHash('sha256').update(engineDigest(engine)).update(JSON.stringify(of)).digest('hex');
}

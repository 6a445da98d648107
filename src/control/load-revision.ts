/** Policy and categories of a revision, loaded whole or not at all. */

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedCategories } from '../categories/load-lists.ts';
import type { Taxonomy } from '../categories/taxonomy.ts';
import type { Config } from '../config/schema.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { type Bundle, type BundleFile, compileBundle } from '../policy/bundle/bundle.ts';
import { soundness } from '../policy/bundle/bundle-check.ts';
import { readTree, TreeUnreadable } from '../store/read-tree.ts';
import { type CategoryRoots, loadCategoryFiles, type PreparedIndex, prepareIndex } from './load-categories.ts';
import { readPreparedBundle } from './prepared-policy.ts';

/** Directories; a later one adds to the earlier ones and replaces files of the same path. */
export interface RevisionRoots extends CategoryRoots {
  readonly rules: readonly string[];
  /** Where edits of DLP rules go; need not exist. Its files take the place of those of the same path. */
  readonly edits: string;
}

export interface PolicyRevision {
  readonly bundle: Bundle;
  readonly categories: LoadedCategories;
}

const shipped = (folder: string): string => fileURLToPath(new URL(`../../${folder}`, import.meta.url));

/** The directories of a configuration, or those that ship with the program. */
export function rootsOf(config: Pick<Config, 'rules' | 'categories' | 'state'>): RevisionRoots {
  return {
    rules: [config.rules ?? shipped('rules')],
    edits: config.rules ?? resolve(config.state, 'rules'),
    categories: [config.categories ?? shipped('categories')],
    imports: resolve(config.state, 'categories'),
  };
}

/** Taxonomy, lists and policy files. Every problem is reported, each with file and line. */
export function loadPolicy(
  roots: RevisionRoots,
  index: PreparedIndex | null = null,
): Result<PolicyRevision, Problem[]> {
  return reading(() => {
    const categories = reading(() => loadCategoryFiles(roots, index), 'categories');
    if (!categories.ok) return err(placed(categories.error, 'categories'));
    const files = readTree(roots.rules, ['.yaml', '.yml', '.cedar', '.cedarschema']);
    const { taxonomy } = categories.value;
    const prepared = readPreparedBundle(files, taxonomy);
    if (prepared !== null) return ok({ bundle: prepared, categories: categories.value });
    const bundle = soundBundle(files, taxonomy);
    return bundle.ok ? ok({ bundle: bundle.value, categories: categories.value }) : bundle;
  });
}

function soundBundle(files: readonly BundleFile[], taxonomy: Taxonomy): Result<Bundle, Problem[]> {
  const bundle = compileBundle(files, { taxonomy, sha256: sha256Text });
  if (!bundle.ok) return err(placed(bundle.error, 'rules'));
  const unsound = soundness(bundle.value);
  return unsound.length > 0 ? err(placed(unsound, 'rules')) : bundle;
}

/** The same for whoever serves meanwhile: a large index is read and verified in small steps first. */
export async function loadPolicyLive(roots: RevisionRoots): Promise<Result<PolicyRevision, Problem[]>> {
  return loadPolicy(roots, await prepareIndex(roots).catch(() => null));
}

export function sha256Text(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** File names as they are known to whoever edits: below the directory that was configured. */
export function placed(problems: readonly Problem[], folder: string): Problem[] {
  return problems.map((p) => ({ ...p, file: p.file.startsWith(`${folder}/`) ? p.file : `${folder}/${p.file}` }));
}

export function reading<T>(load: () => Result<T, Problem[]>, folder = 'rules'): Result<T, Problem[]> {
  try {
    return load();
  } catch (error) {
    if (error instanceof TreeUnreadable) return err([treeProblem(error, folder)]);
    throw error;
  }
}

function treeProblem({ file, line, message }: TreeUnreadable, folder: string): Problem {
  return { file: file === null ? folder : `${folder}/${file}`, line, column: line === 0 ? 0 : 1, message };
}

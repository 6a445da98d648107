/** A revision: all that people edit, loaded whole or not at all. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedCategories } from '../categories/load-lists.ts';
import type { Config } from '../config/schema.ts';
import { didYouMean } from '../core/nearest.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import type { RuleFile, RuleSet } from '../dlp/compiled-rules.ts';
import { rulesFrom } from '../dlp/portable-rules.ts';
import { type AlreadyKnown, compileRules, digestOf } from '../dlp/rule-set.ts';
import { type Bundle, compileBundle } from '../policy/bundle/bundle.ts';
import { reachability, soundness, strayFiles, unused } from '../policy/bundle/bundle-check.ts';
import { sharedHosts } from '../policy/bundle/shared-hosts.ts';
import { listTree, readTree, type TreeFile, TreeUnreadable } from '../store/read-tree.ts';
import { type CategoryRoots, loadCategoryFiles, type PreparedIndex, prepareIndex } from './load-categories.ts';
import { readPreparedRules, readPreparedSet } from './prepared-rules.ts';

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
  prepared: PreparedIndex | null = null,
): Result<PolicyRevision, Problem[]> {
  return reading(() => {
    const categories = reading(() => loadCategoryFiles(roots, prepared), 'categories');
    if (!categories.ok) return err(placed(categories.error, 'categories'));
    const files = readTree(roots.rules, ['.yaml', '.yml', '.cedar', '.cedarschema']);
    const bundle = compileBundle(files, { taxonomy: categories.value.taxonomy, sha256: sha256Text });
    if (!bundle.ok) return err(placed(bundle.error, 'rules'));
    const unsound = soundness(bundle.value);
    if (unsound.length > 0) return err(placed(unsound, 'rules'));
    return ok({ bundle: bundle.value, categories: categories.value });
  });
}

/** The same for whoever serves meanwhile: a large index is read and verified in small steps first. */
export async function loadPolicyLive(roots: RevisionRoots): Promise<Result<PolicyRevision, Problem[]>> {
  return loadPolicy(roots, await prepareIndex(roots).catch(() => null));
}

/** The DLP rules; `disabled` ones are left out. */
export function loadRules(roots: RevisionRoots, known: AlreadyKnown = {}): Result<RuleSet, Problem[]> {
  return reading(() => {
    const rules = compileRuleFiles(readRuleFiles(roots), known);
    return rules.ok ? rules : err(placed(rules.error, 'rules'));
  });
}

/** As `compileRules`, with what set-up prepared: all of it where no file was changed, else what of it is left. */
export function compileRuleFiles(files: readonly RuleFile[], known: AlreadyKnown = {}): Result<RuleSet, Problem[]> {
  const whole = known.retest || known.previous || known.prepared ? null : readPreparedSet();
  if (whole?.digest === digestOf(files, sha256Text)) return ok(rulesFrom(whole));
  return compileRules(files, sha256Text, { prepared: readPreparedRules, ...known });
}

/** The files of DLP rules, edits in place of what they replace. Throws `TreeUnreadable`. */
export function readRuleFiles({ rules, edits }: RevisionRoots): TreeFile[] {
  const roots = rules.includes(edits) || !existsSync(edits) ? rules : [...rules, edits];
  return readTree(roots, ['.yaml', '.yml']).filter((file) => file.path.startsWith('dlp/'));
}

export function sha256Text(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Policy that loads and is still wrong: what no request can use, names in contracts, files that nothing reads. */
export function checkPolicy(roots: RevisionRoots, { bundle, categories }: PolicyRevision): PolicyCheck {
  const problems = [...reachability(bundle, categories.index), ...strayFiles(listTree(roots.rules))];
  problems.push(...ignoredNames(roots, bundle));
  const warnings = [...unused(bundle), ...sharedHosts(bundle, categories.index)];
  return { problems: placed(problems, 'rules'), warnings: placed(warnings, 'rules') };
}

/** A misspelt name would leave the guard stricter than was meant, without a word. Rules are compiled only when one is named. */
function ignoredNames(roots: RevisionRoots, { profiles }: Bundle): readonly Problem[] {
  const named = [...profiles.values()].filter((profile) => profile.guard.ignore.length > 0);
  if (named.length === 0) return [];
  const rules = loadRules(roots);
  if (!rules.ok) return rules.error;
  const known = new Set(rules.value.rules.flatMap(({ spec }) => [spec.id, spec.info_type]));
  return named.flatMap(({ file, line, guard }) =>
    guard.ignore
      .filter((name) => !known.has(name))
      .map((name) => ({
        file,
        line,
        column: 1,
        message: `no rule and no info type \`${name}\` to ignore; ${didYouMean(name, known)}`,
      })),
  );
}

export interface PolicyCheck {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** File names as they are known to whoever edits: below the directory that was configured. */
function placed(problems: readonly Problem[], folder: string): Problem[] {
  return problems.map((p) => ({ ...p, file: p.file.startsWith(`${folder}/`) ? p.file : `${folder}/${p.file}` }));
}

function reading<T>(load: () => Result<T, Problem[]>, folder = 'rules'): Result<T, Problem[]> {
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

/**
 * The bundle: all policy files compiled to one immutable object with a digest. A bundle exists only when every file
 * in it is right; there is no half-loaded policy.
 */

import { canonicalJson } from '../../core/canonical-json.ts';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import { type AdmissionPolicy, compileAdmissionPolicy, type TextFile } from '../admission/admission-policy.ts';
import { type ApprovedFile, parseApprovedDomains } from './approved-domains.ts';
import { type Capability, parseCapability } from './capability.ts';
import {
  type ApprovedIndex,
  type GrantIndex,
  indexApproved,
  indexGrants,
  indexPaths,
  type PathIndex,
} from './grant-index.ts';
import { nameProblems } from './name-check.ts';
import { type Profile, parseProfile } from './profile.ts';
import { type Classes, parseClasses } from './request-class.ts';

export type BundleFile = TextFile;

/** What policy needs to know of the taxonomy; the categories' own type fits. */
export interface TaxonomyView {
  readonly categories: readonly { readonly id: string; readonly defaultBlocked: boolean }[];
}

export interface Bundle {
  /** SHA-256, hex, over the files and the taxonomy's ids and defaults. */
  readonly digest: string;
  /** Sorted by path; enough to compile the same bundle again. */
  readonly files: readonly BundleFile[];
  readonly capabilities: ReadonlyMap<string, Capability>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly classes: Classes;
  readonly admission: AdmissionPolicy;
  readonly approved: ApprovedIndex;
  readonly approvedFiles: readonly ApprovedFile[];
  /** Every category that exists. */
  readonly categories: ReadonlySet<string>;
  readonly defaultBlocked: ReadonlySet<string>;
  readonly grants: GrantIndex;
  readonly grantsByProfile: ReadonlyMap<string, GrantIndex>;
  readonly paths: PathIndex;
}

export interface CompileTools {
  readonly taxonomy: TaxonomyView;
  /** SHA-256 of UTF-8 text, hex. */
  readonly sha256: (text: string) => string;
}

const KINDS = {
  capability: /(^|\/)capabilities\/[^/]+\.ya?ml$/,
  profile: /(^|\/)profiles\/[^/]+\.ya?ml$/,
  classes: /(^|\/)classes\.ya?ml$/,
  approved: /(^|\/)policy\/approved-domains\/[^/]+\.ya?ml$/,
  schema: /(^|\/)policy\/[^/]+\.cedarschema$/,
  cedar: /(^|\/)policy\/[^/]+\.cedar$/,
  contract: /(^|\/)policy\/contracts\/[^/]+\.ya?ml$/,
} as const;

export type BundleFileKind = keyof typeof KINDS;

/** What a file is, by its path; null when it is no part of a bundle. */
export function bundleFileKind(path: string): BundleFileKind | null {
  for (const [kind, pattern] of Object.entries(KINDS)) if (pattern.test(path)) return kind as BundleFileKind;
  return null;
}

/** Compiles a bundle; files that are no part of one are ignored. All problems are reported, not only the first. */
export function compileBundle(files: readonly BundleFile[], tools: CompileTools): Result<Bundle, Problem[]> {
  const kept = files.filter((f) => bundleFileKind(f.path) !== null).sort((a, b) => (a.path < b.path ? -1 : 1));
  const of = (kind: BundleFileKind) => kept.filter((f) => bundleFileKind(f.path) === kind);
  const problems: Problem[] = [];
  const take = <T>(result: Result<T, Problem[]>): T[] => {
    if (result.ok) return [result.value];
    problems.push(...result.error);
    return [];
  };
  const capabilities = named(
    of('capability').flatMap((f) => take(parseCapability(f.path, f.text, tools.sha256(f.text)))),
    problems,
  );
  const profiles = named(
    of('profile').flatMap((f) => take(parseProfile(f.path, f.text, tools.sha256(f.text)))),
    problems,
  );
  const approvedFiles = of('approved').flatMap((f) => take(parseApprovedDomains(f.path, f.text)));
  const classes = one(of('classes'), 'classes.yaml', problems).flatMap((f) =>
    take(parseClasses(f.path, f.text, new Set(profiles.keys()))),
  )[0];
  const schema = one(of('schema'), 'policy/schema.cedarschema', problems)[0];
  const admission = schema ? take(compileAdmissionPolicy(schema, of('cedar')))[0] : undefined;
  const categories = new Set(tools.taxonomy.categories.map((c) => c.id));
  problems.push(...nameProblems({ capabilities, profiles, approvedFiles, categories, admission: admission ?? null }));
  if (problems.length > 0 || !classes || !admission) return err(problems);
  return ok(assemble({ files: kept, capabilities, profiles, classes, admission, approvedFiles, categories }, tools));
}

type Parts = Pick<
  Bundle,
  'files' | 'capabilities' | 'profiles' | 'classes' | 'admission' | 'approvedFiles' | 'categories'
>;

function assemble(parts: Parts, tools: CompileTools): Bundle {
  const { capabilities, profiles, approvedFiles } = parts;
  const held = (profile: Profile) =>
    profile.capabilities.map((c) => capabilities.get(c)).filter((c) => c !== undefined);
  return Object.freeze({
    ...parts,
    digest: digestOf(parts.files, tools),
    approved: indexApproved(approvedFiles),
    defaultBlocked: new Set(tools.taxonomy.categories.filter((c) => c.defaultBlocked).map((c) => c.id)),
    grants: indexGrants(capabilities.values()),
    grantsByProfile: new Map([...profiles.values()].map((p) => [p.name, indexGrants(held(p))] as const)),
    paths: indexPaths(capabilities.values(), approvedFiles),
  });
}

function digestOf(files: readonly BundleFile[], tools: CompileTools): string {
  const contents = files.map((f) => [f.path, tools.sha256(f.text)]);
  const taxonomy = tools.taxonomy.categories.map((c) => [c.id, c.defaultBlocked]);
  return tools.sha256(canonicalJson({ files: contents, taxonomy }));
}

function named<T extends { name: string; file: string; line: number }>(
  rows: readonly T[],
  problems: Problem[],
): Map<string, T> {
  const out = new Map<string, T>();
  for (const row of rows) {
    const first = out.get(row.name);
    if (first)
      problems.push({
        file: row.file,
        line: row.line,
        column: 1,
        message: `\`${row.name}\` is already defined in ${first.file}; rename one`,
      });
    else out.set(row.name, row);
  }
  return out;
}

function one(files: readonly BundleFile[], what: string, problems: Problem[]): readonly BundleFile[] {
  const [first, second] = files;
  if (!first) problems.push({ file: what, line: 0, column: 0, message: 'the file is missing; add it' });
  if (second)
    problems.push({
      file: second.path,
      line: 0,
      column: 0,
      message: `there is another one, ${first?.path}; remove one`,
    });
  return files.slice(0, 1);
}

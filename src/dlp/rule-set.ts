/**
 * Rule files → one immutable rule set. A set exists only when every file is right and every rule passes its own tests;
 * otherwise there are problems, each with file, line and rule.
 */

import RE2 from 're2';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseYamlFile, type YamlFile } from '../core/strict-yaml.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { RuleFile, RuleSet } from './compiled-rules.ts';
import { exactValidator } from './exact-set.ts';
import { parsePathPattern } from './json-path.ts';
import { entriesAtHand, makePlan } from './prefilter/plan.ts';
import type { PreparedRules } from './prepared-rules.ts';
import { type RuleSpec, ruleFileSchema } from './rule-schema.ts';
import { scanRule } from './scan.ts';
import { validatorOf } from './validators/validator.ts';

/** What need not be done again. */
export interface AlreadyKnown {
  /** Files that are in it unchanged are taken from it: a reload costs what was edited. */
  readonly previous?: RuleSet;
  /**
   * Whether this very engine has compiled and tested the set of this digest before. Then each expression is compiled once
   * it is needed, and no test is run. One that does not compile would throw when it is first used.
   */
  readonly passed?: (digest: string) => boolean;
  /** What was done ahead of time; called once it is needed. Null where there is nothing of this engine. */
  readonly prepared?: () => PreparedRules | null;
  /** Every rule is read and tested again, whatever was prepared. */
  readonly retest?: boolean;
}

/** Compiles and tests. `sha256` gives the hex digest of text. */
export function compileRules(
  files: readonly RuleFile[],
  sha256: (text: string) => string,
  known: AlreadyKnown = {},
): Result<RuleSet, Problem[]> {
  const problems: Problem[] = [];
  const byId = new Map<string, CompiledRule>();
  const byFile = new Map<string, readonly CompiledRule[]>();
  const { sorted, digest } = keyed(files, sha256);
  const passed = known.passed?.(digest) === true;
  const prepared = known.prepared?.() ?? null;
  for (const file of sorted) {
    const done = rulesAtHand(file, known, prepared);
    const compiled = done === undefined ? compileFile(file, passed) : ok(done);
    if (!compiled.ok) {
      problems.push(...compiled.error);
      continue;
    }
    byFile.set(file.key, compiled.value);
    for (const rule of compiled.value) {
      if (byId.has(rule.spec.id)) problems.push(duplicate(rule, byId));
      else byId.set(rule.spec.id, rule);
    }
  }
  if (byId.size === 0 && problems.length === 0) {
    problems.push({ file: 'rules/dlp', line: 0, column: 0, message: 'there is no rule; add one' });
  }
  if (problems.length > 0) return err(problems);
  const rules = [...byId.values()];
  const plan = makePlan(rules, undefined, derivedBefore(known, prepared));
  return ok(Object.freeze({ digest, rules, byId, byFile, plan }));
}

/** Of the set that these files make. */
export function digestOf(files: readonly RuleFile[], sha256: (text: string) => string): string {
  return keyed(files, sha256).digest;
}

function keyed(files: readonly RuleFile[], sha256: (text: string) => string) {
  const sorted = files
    .map(({ path, text }) => ({ path, text, key: keyOf({ path, text }, sha256) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return { sorted, digest: sha256(sorted.map(({ key }) => key).join('')) };
}

function derivedBefore({ previous }: AlreadyKnown, prepared: PreparedRules | null): PreparedRules['entries'] {
  return new Map([...(prepared?.entries ?? []), ...(previous ? entriesAtHand(previous.rules) : [])]);
}

/** What of a file need not be done again; undefined where all of it is to be. */
function rulesAtHand(
  { path, key }: { path: string; key: string },
  { previous, retest }: AlreadyKnown,
  prepared: PreparedRules | null,
): readonly CompiledRule[] | undefined {
  if (retest) return undefined;
  const same = previous?.byFile.get(key);
  return same ?? prepared?.files.get(key)?.map(({ spec, line }) => lazyRule(spec, { file: path, line }));
}

function keyOf({ path, text }: RuleFile, sha256: (text: string) => string): string {
  return `${path}\n${sha256(text)}\n`;
}

function compileFile({ path, text }: RuleFile, passed: boolean): Result<readonly CompiledRule[], Problem[]> {
  const parsed = parseYamlFile(path, text, ruleFileSchema);
  if (!parsed.ok) return parsed;
  const yaml = parsed.value;
  const problems: Problem[] = [];
  const rules: CompiledRule[] = [];
  for (const [index, spec] of yaml.value.rules.entries()) {
    const place = { file: yaml.file, line: yaml.line(['rules', index]) };
    const compiled = passed ? ok(lazyRule(spec, place)) : compileRule(spec, yaml, index);
    if (compiled.ok) rules.push(compiled.value);
    else problems.push(...compiled.error);
  }
  return problems.length > 0 ? err(problems) : ok(rules);
}

/** A rule that passed before, here or in another thread: only its expressions are still to be compiled, each when it is first used. */
export function lazyRule(spec: RuleSpec, place: { readonly file: string; readonly line: number }): CompiledRule {
  let regex: RE2 | undefined;
  let allow: readonly RE2[] | undefined;
  let before: readonly RE2[] | undefined;
  return {
    ...unchecked(spec),
    get regex() {
      regex ??= new RE2(spec.regex, 'gd');
      return regex;
    },
    get allowRegexes() {
      allow ??= together(spec.allow.regexes);
      return allow;
    },
    get allowBefore() {
      before ??= together(spec.allow.before);
      return before;
    },
    ...place,
  };
}

/** What of a rule cannot be wrong any more. */
function unchecked(spec: RuleSpec) {
  return {
    spec,
    keywords: spec.keywords.map((word) => Buffer.from(word.toLowerCase(), 'utf8')),
    validators: [...spec.validators.map(validatorOf), ...(spec.exact ? [exactValidator(spec.exact)] : [])],
    confirm: spec.confirm.map(validatorOf),
    allowPaths: spec.allow.json_paths.map(parsePathPattern).filter((pattern) => pattern !== null),
  };
}

function duplicate(rule: CompiledRule, byId: ReadonlyMap<string, CompiledRule>): Problem {
  const first = byId.get(rule.spec.id);
  const where = `${first?.file}:${first?.line}`;
  return {
    file: rule.file,
    line: rule.line,
    column: 1,
    message: `rule \`${rule.spec.id}\` is already defined at ${where}; rename one`,
  };
}

function compileRule(spec: RuleSpec, yaml: YamlFile<unknown>, index: number): Result<CompiledRule, Problem[]> {
  const at = (path: readonly PropertyKey[]) => ['rules', index, ...path];
  const problem = ({ path, message }: RuleFault): Problem => yaml.problem(at(path), `rule \`${spec.id}\`: ${message}`);
  const built = buildRule(spec, { file: yaml.file, line: yaml.line(at([])) });
  if (!built.ok) return err([problem(built.error)]);
  const failed = ownTests(built.value);
  return failed.length > 0 ? err(failed.map(problem)) : ok(built.value);
}

interface RuleFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function buildRule(spec: RuleSpec, place: { file: string; line: number }): Result<CompiledRule, RuleFault> {
  const regex = compileRegex(spec.regex);
  if (!regex.ok) return err({ path: ['regex'], message: `${regex.error}; write it in RE2 syntax` });
  // A second compilation is dear: only where the text does not plainly hold a group.
  const plain = spec.secret_group === 1 && /(?:^|[^\\])\((?!\?)/.test(spec.regex.replace(/\[(?:\\.|[^\]\\])*\]/g, ''));
  const groups = plain ? 1 : countGroups(spec.regex);
  if (spec.secret_group > groups) {
    return err({ path: ['secret_group'], message: `the regex has ${groups} groups; use one of them` });
  }
  for (const [key, texts] of Object.entries({ regexes: spec.allow.regexes, before: spec.allow.before })) {
    const bad = firstBad(texts);
    if (bad >= 0) return err({ path: ['allow', key, bad], message: 'not valid RE2; correct it' });
  }
  return ok({
    ...unchecked(spec),
    regex: regex.value,
    allowRegexes: together(spec.allow.regexes),
    allowBefore: together(spec.allow.before),
    ...place,
  });
}

/** What one rule finds, whatever its tests say: for importers that have none. The error says why it is no rule. */
export function tryRule(rule: object): Result<(text: string) => boolean, string> {
  const samples = { match: ['-'], no_match: ['-'] };
  const parsed = ruleFileSchema.safeParse({ version: 1, rules: [{ ...rule, tests: samples }] });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(`${issue?.path.slice(2).join('.')}: ${issue?.message}`);
  }
  const [spec] = parsed.data.rules;
  const built = spec ? buildRule(spec, { file: '', line: 0 }) : err({ path: [], message: 'no rule' });
  return built.ok ? ok((text) => finds(built.value, text)) : err(built.error.message);
}

function finds(rule: CompiledRule, text: string): boolean {
  return scanRule(rule, Buffer.from(text, 'utf8'), { host: '', tool: '' }).length > 0;
}

/** The index of the first that RE2 does not take, or -1. */
function firstBad(texts: readonly string[]): number {
  return texts.findIndex((text) => !compileRegex(text).ok);
}

/**
 * As one expression, asked once; by themselves where together they are too large for RE2. They are not global: then RE2 does
 * not look for where the match is.
 */
function together(texts: readonly string[]): readonly RE2[] {
  if (texts.length < 2) return texts.map((text) => new RE2(text));
  try {
    return [new RE2(texts.map((text) => `(?:${text})`).join('|'))];
  } catch {
    return texts.map((text) => new RE2(text));
  }
}

function compileRegex(text: string): Result<RE2, string> {
  try {
    return ok(new RE2(text, 'gd'));
  } catch (error) {
    return err(error instanceof Error ? error.message : 'not a valid regex');
  }
}

/** RE2 cannot say how many groups it has; an empty alternative that always matches can. */
function countGroups(text: string): number {
  return (new RE2(`(?:${text})|`).exec('')?.length ?? 1) - 1;
}

/** Each text of `match` must give a finding of this very rule, each of `no_match` none. Samples are never quoted. */
function ownTests(rule: CompiledRule): RuleFault[] {
  const fault = (list: string, i: number, message: string): RuleFault => ({ path: ['tests', list, i], message });
  const { match, no_match } = rule.spec.tests;
  return [
    ...match.flatMap((text, i) => (finds(rule, text) ? [] : [fault('match', i, 'this text must match and does not')])),
    ...no_match.flatMap((text, i) =>
      finds(rule, text) ? [fault('no_match', i, 'this text must not match and does')] : [],
    ),
  ];
}

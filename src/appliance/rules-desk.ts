/**
 * The DLP rules as the admin door serves them. An edit is compiled together with every other file first; only what would
 * come into force is written. It goes to the directory that is configured, or to `rules/` of the state directory, where a
 * file takes the place of the one that ships; each text that was ever in force stays readable.
 */

import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { RulesDesk } from '../admin/ports.ts';
import { compileRuleFiles, type RevisionRoots, readRuleFiles, sha256Text } from '../control/load-revision.ts';
import type { Clock } from '../core/ports.ts';
import { err, ok } from '../core/result.ts';
import type { CompiledRule } from '../dlp/compiled-rule.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { readIfThere, writeDurable } from '../store/durable-file.ts';
import { errorCode } from '../store/files.ts';
import { makeDirectories } from '../store/make-directory.ts';
import type { StateDir } from '../store/state-dir.ts';
import type { GuardDesk } from './guard-desk.ts';
import { costOf, findingsIn, pastOf } from './rule-trial.ts';

export interface RulesDeskParts {
  readonly guard: GuardDesk;
  readonly roots: RevisionRoots;
  readonly state: StateDir;
  readonly clock: Clock;
}

const UNTRIED = {
  rules: [],
  findings: [],
  cost: { us_per_kb: 0, all_us_per_kb: 0 },
  past: { samples: 0, tripped: 0, note: '', hits: [] },
};
const HISTORY = 'rule-edits';
const KEPT_EDITS = 1000;

const stored = z.array(
  z.object({
    path: z.string(),
    digest: z.string(),
    previous: z.string().nullable(),
    at: z.int(),
    by: z.string(),
    why: z.string(),
  }),
);

export function rulesDesk(parts: RulesDeskParts): RulesDesk {
  const { guard, roots, state, clock } = parts;
  const history = () => stored.parse(state.documents.read(HISTORY) ?? []);
  const version = (digest: string) => join(state.path, 'rule-versions', `${digest}.yaml`);
  return {
    list: () => {
      const files = readRuleFiles(roots);
      const set = guard.rules();
      const edited = new Set(history().map(({ path }) => path));
      return {
        digest: set.digest,
        files: files.map(({ path }) => ({
          path,
          rules: set.rules.filter(({ file }) => file === path).length,
          edited: edited.has(path),
        })),
        rules: rowsOf(set),
      };
    },
    file: ({ path, digest }) => {
      const now = readRuleFiles(roots).find((file) => file.path === path);
      const own = history().filter((edit) => edit.path === path);
      const known = digest === undefined || own.some((edit) => edit.digest === digest || edit.previous === digest);
      const old = digest === undefined || !known ? null : readIfThere(version(digest));
      const text = digest === undefined ? now?.text : old === null ? undefined : Buffer.from(old).toString('utf8');
      if (text === undefined) return null;
      const rows = own.map(({ digest: of, at, by, why }) => ({ digest: of, at, by, why })).reverse();
      return { path, text, digest: sha256Text(text), edited: own.length > 0, history: rows };
    },
    try: ({ path, text, sample }) => {
      const compiled = compileRuleFiles([{ path, text }], { previous: guard.rules() });
      if (!compiled.ok) return { ...UNTRIED, problems: compiled.error };
      const others = guard.rules().rules.filter(({ file }) => file !== path);
      const problems = compiled.value.rules.flatMap((rule) => twice(rule, others));
      const set = compiled.value;
      return {
        problems,
        rules: rowsOf(set),
        findings: findingsIn(sample, set),
        cost: costOf(set, guard.rules(), clock),
        past: pastOf(set, guard.samples, clock),
      };
    },
    save: async (order, by) => save({ ...parts, version, history }, order, by),
  };
}

interface Saving extends RulesDeskParts {
  readonly version: (digest: string) => string;
  readonly history: () => z.infer<typeof stored>;
}

async function save(
  { guard, roots, state, clock, version, history }: Saving,
  { path, text, why, from }: Parameters<RulesDesk['save']>[0],
  by: string,
): ReturnType<RulesDesk['save']> {
  const files = readRuleFiles(roots);
  const before = files.find((file) => file.path === path);
  const previous = before === undefined ? null : sha256Text(before.text);
  if (previous !== from) {
    const now = previous === null ? 'there is no such file' : `it is \`${previous.slice(0, 12)}\` now`;
    return err(`\`${path}\` was changed meanwhile (${now}); read it again and put your edit on top`);
  }
  const next = [...files.filter((file) => file !== before), { path, text }];
  const rules = compileRuleFiles(next, { previous: guard.rules() });
  if (!rules.ok) return ok({ loaded: false, digest: guard.rules().digest, previous: null, problems: rules.error });
  const digest = sha256Text(text);
  const target = join(roots.edits, path);
  try {
    makeDirectories(dirname(target));
    makeDirectories(dirname(version(digest)));
    if (before !== undefined && previous !== null) await writeDurable(version(previous), before.text);
    await writeDurable(version(digest), text);
    const edit = { path, digest, previous, at: clock.now(), by, why };
    await state.documents.write(HISTORY, [...history(), edit].slice(-KEPT_EDITS));
    await writeDurable(target, text);
  } catch (error) {
    return err(`\`${target}\` cannot be written (${errorCode(error)}); the rules in force are as they were`);
  }
  const outcome = await guard.reload(rules);
  return ok({ loaded: true, digest: outcome.digest, previous: outcome.previous, problems: [] });
}

function twice(rule: CompiledRule, others: readonly CompiledRule[]) {
  const other = others.find(({ spec }) => spec.id === rule.spec.id);
  if (other === undefined) return [];
  const message = `rule \`${rule.spec.id}\` is already defined at ${other.file}:${other.line}; rename one`;
  return [{ file: rule.file, line: rule.line, column: 1, message }];
}

function rowsOf({ plan }: RuleSet) {
  return plan.rules.map(({ rule: { spec, file, line }, by }) => ({
    id: spec.id,
    file,
    line,
    description: spec.description,
    info_type: spec.info_type,
    kind: spec.kind,
    severity: spec.severity,
    likelihood: spec.likelihood,
    on_result: spec.actions.result,
    on_request: spec.actions.request,
    searched_by: by,
  }));
}

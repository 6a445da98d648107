/**
 * The DLP rules as the admin door serves them. An edit is compiled together with every other file first; only what would
 * come into force is written. It goes to the directory that is configured, or to `rules/` of the state directory, where a
 * file takes the place of the one that ships; each text that was ever in force stays readable.
 */

import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { RulesDesk } from '../../admin/ports.ts';
import { type RevisionRoots, readRuleFiles, sha256Text } from '../../control/load-revision.ts';
import type { Clock } from '../../core/ports.ts';
import { err, ok } from '../../core/result.ts';
import { readIfThere, writeDurable } from '../../store/durable-file.ts';
import { errorCode } from '../../store/files.ts';
import { makeDirectories } from '../../store/make-directory.ts';
import type { StateDir } from '../../store/state-dir.ts';
import type { GuardDesk } from './guard-desk.ts';
import { pastSamples, ruleRows } from './rule-trial.ts';
import type { RulesThread } from './rules-thread.ts';

export interface RulesDeskParts {
  readonly guard: GuardDesk;
  readonly thread: RulesThread;
  readonly roots: RevisionRoots;
  readonly state: StateDir;
  readonly clock: Clock;
}

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
  const { guard, thread, roots, state } = parts;
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
        rules: ruleRows(set),
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
      const rules = guard
        .rules()
        .rules.filter(({ file }) => file === path)
        .map(({ spec: { id, tests } }) => ({ id, ...tests }));
      return { path, text, digest: sha256Text(text), edited: own.length > 0, history: rows, rules };
    },
    try: (edit) => thread.try({ edit, past: pastSamples(guard.samples) }, guard.rules()),
    save: (order, by) => thread.exclusively(() => save({ ...parts, version, history }, order, by)),
  };
}

interface Saving extends RulesDeskParts {
  readonly version: (digest: string) => string;
  readonly history: () => z.infer<typeof stored>;
}

async function save(
  { guard, thread, roots, state, clock, version, history }: Saving,
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
  const rules = await thread.compile(next, guard.rules());
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

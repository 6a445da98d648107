/**
 * The DLP rules as the admin door serves them. An edit is compiled together with every other file first; only what would
 * come into force is written. It goes to the directory that is configured, or to `rules/` of the state directory, where a
 * file takes the place of the one that ships; each text that was ever in force stays readable.
 */

import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { z } from 'zod';
import type { RulesDesk } from '../../admin/ports.ts';
import { type RevisionRoots, sha256Text } from '../../control/load-revision.ts';
import { readRuleFiles } from '../../control/load-rules.ts';
import type { Clock } from '../../core/ports.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { readIfThere, writeDurable } from '../../store/durable-file.ts';
import { errorCode } from '../../store/files.ts';
import { makeDirectories } from '../../store/make-directory.ts';
import { type TreeFile, TreeUnreadable } from '../../store/read-tree.ts';
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

async function save(parts: Saving, order: Parameters<RulesDesk['save']>[0], by: string): ReturnType<RulesDesk['save']> {
  const { guard, thread, roots } = parts;
  const { path, text, from } = order;
  const files = filesOf(roots);
  if (!files.ok) return files;
  const before = files.value.find((file) => file.path === path);
  const previous = before === undefined ? null : sha256Text(before.text);
  if (previous !== from) {
    const now = previous === null ? 'there is no such file' : `it is \`${previous.slice(0, 12)}\` now`;
    return err(`\`${path}\` was changed meanwhile (${now}); read it again and put your edit on top`);
  }
  const next = [...files.value.filter((file) => file !== before), { path, text }];
  const rules = await thread.compile(next, guard.rules());
  if (!rules.ok) return ok({ loaded: false, digest: guard.rules().digest, previous: null, problems: rules.error });
  return brought(parts, { ...order, by, before: before?.text ?? null, rules });
}

function filesOf(roots: RevisionRoots): Result<readonly TreeFile[], string> {
  try {
    return ok(readRuleFiles(roots));
  } catch (error) {
    if (!(error instanceof TreeUnreadable)) throw error;
    const where = error.file === null ? '' : `\`${error.file}\`: `;
    return err(`the rules cannot be read (${where}${error.message}); the rules in force are as they were`);
  }
}

interface Edit {
  readonly path: string;
  readonly text: string;
  readonly why: string;
  readonly by: string;
  /** The text that it takes the place of; null for none. */
  readonly before: string | null;
  readonly rules: Awaited<ReturnType<RulesThread['compile']>>;
}

/**
 * On disk, then in force. Where either fails, the disk is put back as it was: what somebody was told is not in force must not
 * come into force later, when the files are read again.
 */
async function brought(parts: Saving, edit: Edit): ReturnType<RulesDesk['save']> {
  const { guard, roots, state, history } = parts;
  const target = join(roots.edits, edit.path);
  const [earlier, edits] = [earlierAt(target), history()];
  if (!earlier.ok) return earlier;
  const putBack = async () => {
    await state.documents.write(HISTORY, edits).catch(() => undefined);
    await (earlier.value === null ? rm(target, { force: true }) : writeDurable(target, earlier.value)).catch(
      () => undefined,
    );
  };
  try {
    await written(parts, edit, target);
  } catch (error) {
    await putBack();
    return err(notWritten(target, error));
  }
  try {
    const outcome = await guard.reload(edit.rules);
    return ok({ loaded: true, digest: outcome.digest, previous: outcome.previous, problems: [] });
  } catch (error) {
    // Rules that cannot be recorded do not come into force.
    const isInForce = edit.rules.ok && guard.rules().digest === edit.rules.value.digest;
    if (!isInForce) await putBack();
    throw error;
  }
}

function earlierAt(target: string): Result<Uint8Array | null, string> {
  try {
    return ok(readIfThere(target));
  } catch (error) {
    return err(notWritten(target, error));
  }
}

function notWritten(target: string, error: unknown): string {
  return `\`${target}\` cannot be written (${errorCode(error)}); the rules in force are as they were`;
}

class LinkLeadsOut extends Error {
  readonly code = 'a link leads out of the directory';
}

/** Each text that is or was in force, what was done, then the file itself. */
async function written({ roots, state, clock, version, history }: Saving, edit: Edit, target: string): Promise<void> {
  const { path, text, before, why, by } = edit;
  makeDirectories(dirname(target));
  // What a link leads to is not read as rules: the edit would be gone at the next start.
  if (!realpathSync(dirname(target)).startsWith(`${realpathSync(roots.edits)}${sep}`)) throw new LinkLeadsOut();
  const [digest, previous] = [sha256Text(text), before === null ? null : sha256Text(before)];
  makeDirectories(dirname(version(digest)));
  if (before !== null && previous !== null) await writeDurable(version(previous), before);
  await writeDurable(version(digest), text);
  const edits = [...history(), { path, digest, previous, at: clock.now(), by, why }];
  await state.documents.write(HISTORY, edits.slice(-KEPT_EDITS));
  await writeDurable(target, text);
}

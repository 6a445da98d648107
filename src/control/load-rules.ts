/** The DLP rules of a revision, loaded whole or not at all. */

import { existsSync } from 'node:fs';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import type { RuleFile, RuleSet } from '../dlp/compiled-rules.ts';
import { rulesFrom } from '../dlp/portable-rules.ts';
import { type AlreadyKnown, compileRules, digestOf } from '../dlp/rule-set.ts';
import { readTree, type TreeFile } from '../store/read-tree.ts';
import { placed, type RevisionRoots, reading, sha256Text } from './load-revision.ts';
import { readPreparedRules, readPreparedSet } from './prepared-rules.ts';

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

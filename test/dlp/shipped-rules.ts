import { createHash } from 'node:crypto';
import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { compileRules } from '../../src/dlp/rule-set.ts';
import { readTree } from '../../src/store/read-tree.ts';

let kept: RuleSet | null = null;

/** The rules that come with the project, read and tested: once in a process, with the tables that are derived from them. */
export function shippedRules(): RuleSet {
  kept ??= read();
  return kept;
}

function read(): RuleSet {
  const files = readTree([new URL('../../rules/dlp', import.meta.url).pathname], ['.yaml']);
  const made = compileRules(files, (text) => createHash('sha256').update(text).digest('hex'));
  if (!made.ok) throw new Error(made.error[0]?.message);
  return made.value;
}

import { createHash } from 'node:crypto';
import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { compileRules } from '../../src/dlp/rule-set.ts';
import { readTree } from '../../src/store/read-tree.ts';

/** The rules that come with the project, read and tested. */
export function shippedRules(): RuleSet {
  const files = readTree([new URL('../../rules/dlp', import.meta.url).pathname], ['.yaml']);
  const made = compileRules(files, (text) => createHash('sha256').update(text).digest('hex'));
  if (!made.ok) throw new Error(made.error[0]?.message);
  return made.value;
}

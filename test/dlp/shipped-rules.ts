import { sha256Text } from '../../src/control/load-revision.ts';
import { readPreparedRules } from '../../src/control/prepared-rules.ts';
import type { RuleSet } from '../../src/dlp/compiled-rules.ts';
import { compileRules } from '../../src/dlp/rule-set.ts';
import { readTree } from '../../src/store/read-tree.ts';

let kept: RuleSet | null = null;

/** The rules that come with the project: read once in a process, and tested once at set-up, which found what is known of each. */
export function shippedRules(): RuleSet {
  kept ??= read();
  return kept;
}

function read(): RuleSet {
  const files = readTree([new URL('../../rules/dlp', import.meta.url).pathname], ['.yaml']);
  const made = compileRules(files, sha256Text, { prepared: readPreparedRules });
  if (!made.ok) throw new Error(made.error[0]?.message);
  return made.value;
}

/** Brings the files of other directories into force: policy, categories, DLP rules and tools, all of them or none. */

import { loadPolicyLive, type RevisionRoots, sha256Text } from '../../control/load-revision.ts';
import { readRuleFiles } from '../../control/load-rules.ts';
import { err, ok, type Problem, problemText, type Result } from '../../core/result.ts';
import type { RuleSet } from '../../dlp/compiled-rules.ts';
import { digestOf } from '../../dlp/rule-set.ts';
import type { Core } from '../open-core.ts';
import { loadTools, type Tools } from '../tool-desk.ts';
import type { ExpectedDigests, LoadFrom } from './fleet-node.ts';

export function loadFrom(core: Core, setTools: (tools: Tools) => void): LoadFrom {
  const { control, guard, rulesThread, readmission } = core;
  return (roots, expected) =>
    rulesThread.exclusively(async () => {
      const policy = await loadPolicyLive(roots);
      if (!policy.ok) {
        await control.reload(policy);
        return refused(policy.error);
      }
      const rules = await rulesOf(roots, core);
      if (!rules.ok) {
        await guard.reload(rules);
        return refused(rules.error);
      }
      const tools = loadTools(roots.rules, policy.value.bundle);
      if (!tools.ok) return refused(tools.error);
      const { bundle, categories } = policy.value;
      const came = { bundle: bundle.digest, categories: categories.index.digest, rules: rules.value.digest };
      const other = otherThan(expected, came);
      if (other !== null) return err(other);
      const { cut } = await control.reload(policy);
      await guard.reload(rules);
      setTools(tools.value);
      await readmission.review(control);
      return ok({ cut });
    });
}

/** Compiling and testing all of them takes seconds: those that are in force are not compiled anew. */
async function rulesOf(roots: RevisionRoots, { guard, rulesThread }: Core): Promise<Result<RuleSet, Problem[]>> {
  const now = guard.rules();
  const files = readRuleFiles(roots).map(({ path, text }) => ({ path, text }));
  return digestOf(files, sha256Text) === now.digest ? ok(now) : rulesThread.load(roots, now);
}

function refused(problems: readonly Problem[]): Result<never, string> {
  const [first] = problems;
  return err((first ? problemText(first) : 'refused').slice(0, 1000));
}

/** The same files make the same digests, unless the hub is of another version or its files changed meanwhile. */
function otherThan(expected: ExpectedDigests, came: ExpectedDigests): string | null {
  const parts = (['bundle', 'categories', 'rules'] as const).filter((part) => came[part] !== expected[part]);
  return parts.length === 0 ? null : `${parts.join(' and ')} come to another digest here than at the hub`;
}

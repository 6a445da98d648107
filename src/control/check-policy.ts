/** What `policy check` looks at beside what is refused wherever policy is loaded. */

import { didYouMean } from '../core/nearest.ts';
import type { Problem } from '../core/result.ts';
import type { Bundle } from '../policy/bundle/bundle.ts';
import { reachability, strayFiles, unused } from '../policy/bundle/bundle-check.ts';
import { sharedHosts } from '../policy/bundle/shared-hosts.ts';
import { listTree } from '../store/read-tree.ts';
import { type PolicyRevision, placed, type RevisionRoots } from './load-revision.ts';
import { loadRules } from './load-rules.ts';

/** Policy that loads and is still wrong: what no request can use, names in contracts, files that nothing reads. */
export function checkPolicy(roots: RevisionRoots, { bundle, categories }: PolicyRevision): PolicyCheck {
  const problems = [...reachability(bundle, categories.index), ...strayFiles(listTree(roots.rules))];
  problems.push(...ignoredNames(roots, bundle));
  const warnings = [...unused(bundle), ...sharedHosts(bundle, categories.index)];
  return { problems: placed(problems, 'rules'), warnings: placed(warnings, 'rules') };
}

/** A misspelt name would leave the guard stricter than was meant, without a word. Rules are compiled only when one is named. */
function ignoredNames(roots: RevisionRoots, { profiles }: Bundle): readonly Problem[] {
  const named = [...profiles.values()].filter((profile) => profile.guard.ignore.length > 0);
  if (named.length === 0) return [];
  const rules = loadRules(roots);
  if (!rules.ok) return rules.error;
  const known = new Set(rules.value.rules.flatMap(({ spec }) => [spec.id, spec.info_type]));
  return named.flatMap(({ file, line, guard }) =>
    guard.ignore
      .filter((name) => !known.has(name))
      .map((name) => ({
        file,
        line,
        column: 1,
        message: `no rule and no info type \`${name}\` to ignore; ${didYouMean(name, known)}`,
      })),
  );
}

export interface PolicyCheck {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** The policy looked at without changing it: its contracts, and what another bundle would do otherwise. */

import type { PolicyDesk } from '../../admin/ports.ts';
import type { ControlPlane } from '../../control/control-plane.ts';
import { loadPolicy, type RevisionRoots } from '../../control/load-revision.ts';
import { keptBundle } from '../../control/replay-log.ts';
import { err, ok, problemText, type Result } from '../../core/result.ts';
import type { Bundle } from '../../policy/bundle/bundle.ts';
import { bundleChanges, contractsOf, questionOf } from '../../policy/bundle/bundle-diff.ts';
import { runContracts } from '../../policy/trials/contracts.ts';
import { RequestDiff } from '../../policy/trials/request-diff.ts';
import type { BundleStore } from '../../store/bundle-store.ts';

export interface ReviewParts {
  readonly control: ControlPlane;
  readonly roots: RevisionRoots;
  readonly bundles: BundleStore;
}

const MOST_GROUPS = 1000;

export function policyReview(parts: ReviewParts): Pick<PolicyDesk, 'contracts' | 'diff'> {
  const { control } = parts;
  return {
    contracts: ({ bundle: name }) => {
      const bundle = name === null ? ok(control.current().bundle) : candidateBundle(name, parts);
      if (!bundle.ok) return bundle;
      const contracts = contractsOf(bundle.value);
      if (!contracts.ok) return err(contracts.error.map(problemText).join('; '));
      const world = { bundle: bundle.value, categories: control.current().categories };
      return ok({ digest: bundle.value.digest, contracts: runContracts(contracts.value, world) });
    },
    diff: ({ bundle: name }) => {
      const candidate = candidateBundle(name, parts);
      return candidate.ok ? ok(differences(control, candidate.value)) : candidate;
    },
  };
}

/** A directory of rules on this machine, or a bundle that was in force, by its digest. */
export function candidateBundle(
  name: string,
  { roots, bundles }: Omit<ReviewParts, 'control'>,
): Result<Bundle, string> {
  if (/^[0-9a-f]{64}$/.test(name)) {
    const kept = keptBundle(bundles, name);
    return kept ? ok(kept) : err(`no bundle \`${name.slice(0, 12)}…\` was kept; name one that was in force`);
  }
  const loaded = loadPolicy({ ...roots, rules: [name] });
  if (loaded.ok) return ok(loaded.value.bundle);
  return err(`the candidate does not compile: ${loaded.error.slice(0, 3).map(problemText).join('; ')}`);
}

function differences(control: ControlPlane, candidate: Bundle) {
  const { bundle, categories } = control.current();
  const diff = new RequestDiff(bundle, candidate);
  const contracts = [bundle, candidate].flatMap((one) => {
    const parsed = contractsOf(one);
    return parsed.ok ? parsed.value.flatMap(questionOf) : [];
  });
  const questions = new Map(contracts.map((question) => [JSON.stringify(question), question]));
  for (const question of questions.values()) diff.listed(question, categories);
  return {
    from: bundle.digest,
    to: candidate.digest,
    changes: bundleChanges(bundle, candidate),
    compared: diff.compared,
    requests: diff
      .groups()
      .slice(0, MOST_GROUPS)
      .map((group) => ({ ...group })),
  };
}

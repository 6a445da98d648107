/**
 * A set of rules as another thread takes it: what was derived goes along, so that nothing is parsed, tested or derived
 * twice. The large tables lie in shared memory, once for all threads.
 */

import type { RuleSet } from './compiled-rules.ts';
import type { Image } from './prefilter/image.ts';
import type { Meaning, RulePlan, ScanPlan } from './prefilter/plan.ts';
import { Prefilter } from './prefilter/prefilter.ts';
import type { RuleSpec } from './rule-schema.ts';
import { lazyRule } from './rule-set.ts';

/** Values that structured cloning takes. */
export interface PortableRules {
  readonly digest: string;
  readonly rules: readonly { readonly spec: RuleSpec; readonly file: string; readonly line: number }[];
  readonly plans: readonly Omit<RulePlan, 'rule'>[];
  readonly image: Image;
  readonly entries: readonly Meaning[];
  readonly everywhere: ScanPlan['everywhere'];
  readonly aroundFolding: ScanPlan['aroundFolding'];
  readonly foldingReach: number;
}

const made = new WeakMap<RuleSet, PortableRules>();

/** Made once for a set. */
export function portableRules(set: RuleSet): PortableRules {
  const known = made.get(set);
  if (known !== undefined) return known;
  const { prefilter, entries, everywhere, aroundFolding, foldingReach } = set.plan;
  const portable = {
    digest: set.digest,
    rules: set.rules.map(({ spec, file, line }) => ({ spec, file, line })),
    plans: set.plan.rules.map(({ rule: _, ...plan }) => plan),
    image: { ...prefilter.image, tables: shared(prefilter.image.tables) },
    ...{ entries, everywhere, aroundFolding, foldingReach },
  };
  made.set(set, portable);
  return portable;
}

function shared(tables: Uint8Array): Uint8Array {
  if (tables.buffer instanceof SharedArrayBuffer) return tables;
  const out = new Uint8Array(new SharedArrayBuffer(tables.length));
  out.set(tables);
  return out;
}

/** The same set. Rules that `previous` has alike are taken from it, with what of them is compiled. */
export function rulesFrom(portable: PortableRules, previous: RuleSet | null = null): RuleSet {
  const { digest, plans, image, everywhere, aroundFolding, foldingReach } = portable;
  const rules = portable.rules.map((one) => {
    const before = previous?.byId.get(one.spec.id);
    const isSame = before?.file === one.file && before.line === one.line && isAlike(before.spec, one.spec);
    return isSame && before !== undefined ? before : lazyRule(one.spec, one);
  });
  // Buffers arrive as plain arrays of bytes.
  const entries = portable.entries.map((entry) =>
    entry.keyword === null ? entry : { ...entry, keyword: Buffer.from(entry.keyword) },
  );
  const set: RuleSet = Object.freeze({
    digest,
    rules,
    byId: new Map(rules.map((rule) => [rule.spec.id, rule])),
    byFile: new Map(),
    plan: {
      rules: rules.map((rule, i): RulePlan => ({ rule, ...(plans[i] as Omit<RulePlan, 'rule'>) })),
      prefilter: new Prefilter(image),
      ...{ entries, everywhere, aroundFolding, foldingReach },
    },
  });
  made.set(set, portable);
  return set;
}

function isAlike(one: RuleSpec, other: RuleSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * A set of rules as another thread takes it: what was derived goes along, so that nothing is parsed, tested or derived
 * twice. The large tables lie in shared memory, once for all threads.
 */

import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import { strongRules, takeStrongRules } from './joined.ts';
import type { Image } from './prefilter/image.ts';
import { Keywords, type KeywordTables } from './prefilter/keywords.ts';
import type { RulePlan, ScanPlan } from './prefilter/plan.ts';
import { Prefilter } from './prefilter/prefilter.ts';
import type { RuleSpec } from './rule-schema.ts';
import { lazyRule } from './rule-set.ts';

/** Values that structured cloning takes. */
export interface PortableRules {
  readonly digest: string;
  readonly rules: readonly { readonly spec: RuleSpec; readonly file: string; readonly line: number }[];
  /** Keys of the files, each with the indexes of its rules. */
  readonly files: readonly (readonly [string, readonly number[]])[];
  readonly plan: PortablePlan;
  /** What is tried on parts that are put together (T-36). */
  readonly strong: { readonly plan: PortablePlan; readonly anywhere: Image; readonly open: Image };
}

interface PortablePlan extends Omit<ScanPlan, 'rules' | 'prefilter' | 'keywords'> {
  /** Each with its index among the rules of the set. */
  readonly rules: readonly (Omit<RulePlan, 'rule'> & { readonly index: number })[];
  readonly image: Image;
  readonly keywords: KeywordTables;
}

const made = new WeakMap<RuleSet, PortableRules>();

/** Made once for a set. */
export function portableRules(set: RuleSet): PortableRules {
  const known = made.get(set);
  if (known !== undefined) return known;
  const indexes = new Map(set.rules.map((rule, i) => [rule, i]));
  const strong = strongRules(set);
  const indexesOf = (rules: readonly CompiledRule[]) => rules.map((rule) => indexes.get(rule) as number);
  const portable = {
    digest: set.digest,
    rules: set.rules.map(({ spec, file, line }) => ({ spec, file, line })),
    files: [...set.byFile].map(([key, rules]) => [key, indexesOf(rules)] as const),
    plan: portablePlan(set.plan, indexes),
    strong: {
      plan: portablePlan(strong.plan, indexes),
      anywhere: shared(strong.anywhere.image),
      open: shared(strong.open.image),
    },
  };
  made.set(set, portable);
  return portable;
}

function portablePlan(
  { rules, prefilter, keywords, ...rest }: ScanPlan,
  indexes: ReadonlyMap<CompiledRule, number>,
): PortablePlan {
  const plans = rules.map(({ rule, ...plan }) => ({ ...plan, index: indexes.get(rule) as number }));
  return { ...rest, rules: plans, image: shared(prefilter.image), keywords: withImage(keywords.tables, shared) };
}

/** With its tables in memory that all threads share, wherever they come from. */
export function sharedRules(portable: PortableRules): PortableRules {
  return withImages(portable, shared);
}

/** With tables of its own: what a serialiser takes. */
export function unsharedRules(portable: PortableRules): PortableRules {
  return withImages(portable, (image) => ({ ...image, tables: Uint8Array.from(image.tables) }));
}

function withImages({ plan, strong, ...rest }: PortableRules, change: (image: Image) => Image): PortableRules {
  const changed = (one: PortablePlan) => ({ ...withImage(one, change), keywords: withImage(one.keywords, change) });
  const { anywhere, open } = strong;
  return {
    ...rest,
    plan: changed(plan),
    strong: { plan: changed(strong.plan), anywhere: change(anywhere), open: change(open) },
  };
}

function withImage<T extends { readonly image: Image }>(one: T, change: (image: Image) => Image): T {
  return { ...one, image: change(one.image) };
}

function shared(image: Image): Image {
  if (image.tables.buffer instanceof SharedArrayBuffer) return image;
  const tables = new Uint8Array(new SharedArrayBuffer(image.tables.length));
  tables.set(image.tables);
  return { ...image, tables };
}

/** The same set. Rules that `previous` has alike are taken from it, with what of them is compiled. */
export function rulesFrom(portable: PortableRules, previous: RuleSet | null = null): RuleSet {
  const { digest, strong } = portable;
  const rules = portable.rules.map((one) => {
    const before = previous?.byId.get(one.spec.id);
    const isSame = before?.file === one.file && before.line === one.line && isAlike(before.spec, one.spec);
    return isSame && before !== undefined ? before : lazyRule(one.spec, one);
  });
  const set: RuleSet = Object.freeze({
    digest,
    rules,
    byId: new Map(rules.map((rule) => [rule.spec.id, rule])),
    byFile: new Map(portable.files.map(([key, indexes]) => [key, indexes.map((i) => rules[i] as CompiledRule)])),
    plan: planFrom(portable.plan, rules),
  });
  takeStrongRules(set, {
    plan: planFrom(strong.plan, rules),
    anywhere: new Prefilter(strong.anywhere),
    open: new Prefilter(strong.open),
  });
  made.set(set, portable);
  return set;
}

function planFrom({ image, keywords, rules: plans, ...rest }: PortablePlan, rules: readonly CompiledRule[]): ScanPlan {
  return {
    ...rest,
    rules: plans.map(({ index, ...plan }): RulePlan => ({ ...plan, rule: rules[index] as CompiledRule })),
    prefilter: new Prefilter(image),
    keywords: new Keywords(keywords),
  };
}

function isAlike(one: RuleSpec, other: RuleSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** How a set of rules is searched for together: one scanner over all of their anchors and keywords. */

import type { CompiledRule } from '../compiled-rule.ts';
import { type Around, type Extent, entriesOf, type RuleEntries } from './entries.ts';
import { makeImage } from './image.ts';
import type { PlaceEntry, TextEntry } from './image-parts.ts';
import { asksForKeywords, type Keywords, keywordsOf } from './keywords.ts';
import { openEnded } from './open-ends.ts';
import { foldsBeyondAscii } from './parse-regex.ts';
import { type Engine, Prefilter } from './prefilter.ts';

/** Longest match that is looked for around letters that fold into it by its texts. */
const LONGEST_FOLDED = 4096;

export interface RulePlan {
  readonly rule: CompiledRule;
  /** Whether one of its keywords has to be in the text. */
  readonly gated: boolean;
  /** Whether RE2 may match it by letters beyond ASCII that fold to `k` or `s`. */
  readonly folds: boolean;
  /** Longest match in bytes; Infinity where there is no bound. */
  readonly reach: number;
  /** Sets of bytes; where the text has a long run of one, a match may be longer. */
  readonly runs: readonly Uint8Array[];
  readonly by: 'literal' | 'prefix' | 'everything';
  /** What stands around its anchors. */
  readonly around: Around | null;
}

export interface ScanPlan {
  readonly rules: readonly RulePlan[];
  readonly prefilter: Prefilter;
  /** By entry of the prefilter: what a hit of it means. */
  readonly entries: readonly Meaning[];
  /** Of the rules that ask for one, by their index. */
  readonly keywords: Keywords;
  /** Rules that run over every text. */
  readonly everywhere: readonly number[];
  /** Rules that fold beyond ASCII and are known by no text: they are looked for around each such letter. */
  readonly aroundFolding: readonly number[];
  /** Longest match of the others that fold. */
  readonly foldingReach: number;
}

/** The rule that may match around the hit. */
export interface Meaning extends Extent {
  readonly rule: number;
}

/** `prepared` are entries that were derived before, by expression. */
export function makePlan(
  rules: readonly CompiledRule[],
  engine?: Engine,
  prepared: ReadonlyMap<string, RuleEntries> = NONE,
): ScanPlan {
  const known = rules.map((rule) => knownOf(rule, prepared));
  const plans = rules.map((rule, index): RulePlan => {
    const { entries, folds } = known[index] as Known;
    const gated = asksForKeywords(rule, entries);
    const by = entries.everywhere ? 'everything' : entries.places.length > 0 ? 'prefix' : 'literal';
    return { rule, gated, folds, reach: entries.reach, runs: entries.runs, by, around: entries.around };
  });
  const texts = known.flatMap(({ entries }, rule) => entries.texts.map((entry) => ({ entry, rule })));
  const places = known.flatMap(({ entries }, rule) => entries.places.map((entry) => ({ entry, rule })));
  const meaning = ({ entry, rule }: { entry: { readonly extent: Extent }; rule: number }): Meaning => ({
    rule,
    ...entry.extent,
  });
  const image = makeImage(
    texts.map(({ entry }): TextEntry => entry),
    places.map(({ entry }): PlaceEntry => entry),
  );
  return {
    rules: plans,
    prefilter: new Prefilter(image, engine),
    entries: [...texts, ...places].map(meaning),
    keywords: keywordsOf(
      plans.map(({ rule, gated }) => (gated ? rule : null)),
      engine,
    ),
    everywhere: indexesOf(plans, ({ by }) => by === 'everything'),
    aroundFolding: indexesOf(plans, ({ folds }, i) => folds && !(known[i] as Known).byTexts),
    foldingReach: Math.max(
      0,
      ...plans.filter(({ folds }, i) => folds && (known[i] as Known).byTexts).map(({ reach }) => reach),
    ),
  };
}

/**
 * Looks for what every match of these rules holds and goes on with, whatever stands before it: where nothing is found, none of them
 * matches in any part of the text that begins somewhere in it. They must be known by texts.
 */
export function anchorsAnywhere(rules: readonly CompiledRule[], engine?: Engine): Prefilter {
  return prefilterOf(textsOf(rules), engine);
}

/** The same whatever stands behind it, too: where nothing is found, none of them matches in any part of the text. */
export function openAnchorsAnywhere(rules: readonly CompiledRule[], engine?: Engine): Prefilter {
  return prefilterOf(textsOf(rules).map(openEnded), engine);
}

function textsOf(rules: readonly CompiledRule[]): TextEntry[] {
  return rules.flatMap((rule) => knownOf(rule, NONE).entries.texts);
}

/** For texts before which anything may stand. */
function prefilterOf(texts: readonly TextEntry[], engine?: Engine): Prefilter {
  const behind = texts.map((entry) => ({ ...entry, checks: entry.checks.filter(({ at }) => at >= entry.text.length) }));
  return new Prefilter(makeImage(behind, []), engine);
}

function indexesOf(plans: readonly RulePlan[], keep: (plan: RulePlan, index: number) => boolean): number[] {
  return plans.flatMap((plan, index) => (keep(plan, index) ? [index] : []));
}

interface Known {
  readonly entries: RuleEntries;
  readonly folds: boolean;
  /** Whether every match holds a text of three bytes or more, which are found with letters that fold into them. */
  readonly byTexts: boolean;
}

/** What is looked for, by expression: for whoever keeps it. */
export function derivedEntries(rules: readonly CompiledRule[]): Map<string, RuleEntries> {
  return new Map(rules.map((rule) => [rule.spec.regex, knownOf(rule, NONE).entries]));
}

/** The same of those for which it is derived already. */
export function entriesAtHand(rules: readonly CompiledRule[]): Map<string, RuleEntries> {
  return new Map(
    rules.flatMap((rule) => {
      const known = facts.get(rule);
      return known === undefined ? [] : [[rule.spec.regex, known.entries]];
    }),
  );
}

const NONE: ReadonlyMap<string, RuleEntries> = new Map();

/** What follows from an expression alone, kept for as long as its rule is: most rules stay over a reload. */
const facts = new WeakMap<CompiledRule, Known>();

function knownOf(rule: CompiledRule, prepared: ReadonlyMap<string, RuleEntries>): Known {
  const found = facts.get(rule);
  if (found !== undefined) return found;
  const folds = foldsBeyondAscii(rule.spec.regex);
  const entries = prepared.get(rule.spec.regex) ?? entriesOf(rule.spec.regex, folds);
  const byTexts =
    entries.places.length === 0 &&
    entries.texts.every(({ text }) => text.length >= 3) &&
    entries.reach <= LONGEST_FOLDED;
  const known = { entries, folds, byTexts };
  facts.set(rule, known);
  return known;
}

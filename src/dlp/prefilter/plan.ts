/** How a set of rules is searched for together: one scanner over all of their anchors and keywords. */

import type { CompiledRule } from '../compiled-rule.ts';
import { rarestWindow } from './anchors.ts';
import { foldedBytes, inEitherCase } from './coded-text.ts';
import { type Around, type Extent, entriesOf, type RuleEntries } from './entries.ts';
import { makeImage } from './image.ts';
import type { PlaceEntry, TextEntry } from './image-parts.ts';
import { MOST_TEXT } from './layout.ts';
import { foldsBeyondAscii } from './parse-regex.ts';
import { type Engine, Prefilter } from './prefilter.ts';

/** Longest match that is looked for around letters that fold into it by its texts. */
const LONGEST_FOLDED = 4096;
/** Shortest keyword that is a condition. */
export const SHORTEST_KEYWORD = 3;

export interface RulePlan {
  readonly rule: CompiledRule;
  /** Whether one of its keywords has to be found in the text beside its anchor. */
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
  /** Rules that run over every text. */
  readonly everywhere: readonly number[];
  /** Rules that fold beyond ASCII and are known by no text: they are looked for around each such letter. */
  readonly aroundFolding: readonly number[];
  /** Longest match of the others that fold. */
  readonly foldingReach: number;
}

/** The rule that may match around the hit, or the rules that a keyword lets run. */
export interface Meaning extends Extent {
  /** -1 for a keyword. */
  readonly rule: number;
  readonly gates: readonly number[];
  /** All of the keyword, in lower case, when it is longer than what the scanner compares. */
  readonly keyword: Buffer | null;
}

/** `prepared` are entries that were derived before, by expression. */
export function makePlan(
  rules: readonly CompiledRule[],
  engine?: Engine,
  prepared: ReadonlyMap<string, RuleEntries> = NONE,
): ScanPlan {
  const known = rules.map((rule) => knownOf(rule, prepared));
  const gates = new Map<string, number[]>();
  const plans = rules.map((rule, index): RulePlan => {
    const { entries, folds } = known[index] as Known;
    const gated = isGated(rule, entries);
    if (gated)
      for (const word of rule.keywords)
        gates.set(word.toString('latin1'), [...(gates.get(word.toString('latin1')) ?? []), index]);
    const by = entries.everywhere ? 'everything' : entries.places.length > 0 ? 'prefix' : 'literal';
    return { rule, gated, folds, reach: entries.reach, runs: entries.runs, by, around: entries.around };
  });
  const texts = known.flatMap(({ entries }, rule) => entries.texts.map((entry) => ({ entry, rule })));
  const words = [...gates].map(([word, of]) => ({ entry: gateEntry(word), of, word }));
  const places = known.flatMap(({ entries }, rule) => entries.places.map((entry) => ({ entry, rule })));
  const meaning = ({ entry, rule }: { entry: { readonly extent: Extent }; rule: number }): Meaning => ({
    rule,
    ...entry.extent,
    gates: [],
    keyword: null,
  });
  const image = makeImage(
    [...texts, ...words].map(({ entry }): TextEntry => entry),
    places.map(({ entry }): PlaceEntry => entry),
  );
  return {
    rules: plans,
    prefilter: new Prefilter(image, engine),
    entries: [...texts.map(meaning), ...words.map(gateMeaning), ...places.map(meaning)],
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
  const texts = rules.flatMap((rule) => knownOf(rule, NONE).entries.texts);
  const open = texts.map((entry) => ({ ...entry, checks: entry.checks.filter(({ at }) => at >= entry.text.length) }));
  return new Prefilter(makeImage(open, []), engine);
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

/** Whether its keywords are to be looked for. One too short for it is no condition worth having, nor is one in every anchor. */
function isGated({ keywords }: CompiledRule, { texts, places, everywhere }: RuleEntries): boolean {
  const words = keywords.map((word) => word.toString('latin1'));
  if (words.length === 0 || words.some((word) => word.length < SHORTEST_KEYWORD)) return false;
  if (everywhere || places.length > 0) return true;
  return !texts.every(({ text }) => {
    const folded = String.fromCharCode(...foldedBytes(text));
    return words.some((word) => folded.includes(word));
  });
}

function gateEntry(word: string): TextEntry {
  const text = inEitherCase(Buffer.from(word, 'latin1')).slice(0, MOST_TEXT);
  const { texts: windows, at: windowAt } = rarestWindow(text, [], []);
  const gate = word.length <= MOST_TEXT;
  return { text, windows, windowAt, gate, folds: false, checks: [], automaton: null };
}

const NO_EXTENT: Extent = { reachBefore: 0, reachAfter: 0, length: 0, before: 0, after: 0 };

function gateMeaning({ of, word }: { of: readonly number[]; word: string }): Meaning {
  const keyword = word.length > MOST_TEXT ? Buffer.from(word, 'latin1') : null;
  return { rule: -1, ...NO_EXTENT, gates: of, keyword };
}

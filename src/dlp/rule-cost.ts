/**
 * What a rule costs: how it is looked for, how often that stops at ordinary text, and the texts that make it work the most.
 * An estimate from the same model of text that the anchors were chosen by; how long a text takes is measured elsewhere.
 */

import type { CompiledRule } from './compiled-rule.ts';
import { foldedBytes } from './prefilter/coded-text.ts';
import type { RuleEntries } from './prefilter/entries.ts';
import { SHORTEST_KEYWORD } from './prefilter/keywords.ts';
import { derivedEntries } from './prefilter/plan.ts';
import { chanceOfSet, chanceOfSets, chanceOfText } from './prefilter/text-model.ts';

export interface RuleCost {
  /** Texts of which every match holds one, without case; a bare place that is known by its surroundings; or all of a text. */
  readonly by: 'texts' | 'places' | 'everything';
  /** Those texts, sorted. */
  readonly anchors: readonly string[];
  /** Expected places in a megabyte of ordinary text at which the expression is asked. */
  readonly asked_per_mb: number;
  /** Bytes; null where a match has no bound. */
  readonly longest: number | null;
  /** Whether one of its keywords has to stand in the text too. */
  readonly keywords: boolean;
}

const MEGABYTE = 1024 * 1024;

export function ruleCost(rule: CompiledRule): RuleCost {
  const { texts, places, everywhere, reach, runs } = entriesFor(rule);
  const ofTexts = texts.reduce((sum, { text, checks }) => sum + chanceOfText(foldedBytes(text)) * all(checks), 0);
  const ofPlaces = places.reduce((sum, { before, after }) => sum + chanceOfSets([...before.toReversed(), ...after]), 0);
  const share = everywhere ? 1 : Math.min(1, ofTexts + ofPlaces);
  return {
    by: everywhere ? 'everything' : places.length > 0 ? 'places' : 'texts',
    anchors: [...new Set(texts.map(({ text }) => spelled(text)))].sort(),
    asked_per_mb: Math.round(share * MEGABYTE * 100) / 100,
    longest: Number.isFinite(reach) && runs.length === 0 ? reach : null,
    keywords: rule.keywords.some((word) => word.length >= SHORTEST_KEYWORD),
  };
}

/** A text that is repeated, and why it is dear. */
export interface WorstCase {
  readonly what: 'matches' | 'near misses' | 'anchors alone' | 'anchors before long runs';
  readonly unit: string;
}

const LONG_RUN = 512;
const MOST_ANCHORS = 4;

/** What to try: matches, matches that lack their end, what it is known by side by side, and before long runs of what may follow. */
export function worstCases(rule: CompiledRule): readonly WorstCase[] {
  const { anchors } = ruleCost(rule);
  const [sample = 'x'] = rule.spec.tests.match.toSorted((a, b) => a.length - b.length);
  // With a keyword in each unit, none of them is passed over for want of it.
  const keyword = rule.spec.keywords[0];
  const unit = (text: string): string => (keyword === undefined ? text : `${keyword} ${text}`);
  const short = anchors.toSorted((a, b) => a.length - b.length).slice(0, MOST_ANCHORS);
  const last = /[a-z0-9]/i.exec([...sample].reverse().join(''))?.[0] ?? 'x';
  const cases: WorstCase[] = [
    { what: 'matches', unit: `${sample}\n` },
    { what: 'near misses', unit: unit(`${sample.slice(0, -1)} `) },
  ];
  if (short.length === 0) return cases;
  return [
    ...cases,
    { what: 'anchors alone', unit: unit(short.join(' ')) },
    { what: 'anchors before long runs', unit: unit(`${short[0]}${last.repeat(LONG_RUN)}`) },
  ];
}

function entriesFor(rule: CompiledRule): RuleEntries {
  return derivedEntries([rule]).get(rule.spec.regex) as RuleEntries;
}

/** The share of places where all of them hold, as if they were independent. */
function all(checks: readonly { readonly set: Uint8Array }[]): number {
  return checks.reduce((product, { set }) => product * chanceOfSet(set), 1);
}

function spelled(text: string): string {
  return String.fromCharCode(...foldedBytes(text));
}

/**
 * Secrets in several parts (T-36). The parts of a chain are put together; where the anchor of a strong rule stands then, the
 * rule is tried on the parts from each one's beginning to another's end, so that word boundaries are where a reader has them.
 * What stands behind a part may be more of its secret or something else: anchors are looked for as if it were the one, and then
 * those that only fit when it is the other.
 * Weak rules are not tried: what is put together by chance looks like anything.
 */

import { LIKELIHOODS } from '../core/finding.ts';
import { addAll } from '../core/large-lists.ts';
import { eachBeginning } from './candidates.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import type { Around } from './prefilter/entries.ts';
import { foldingLetters } from './prefilter/folded-text.ts';
import {
  anchorsAnywhere,
  type Meaning,
  makePlan,
  openAnchorsAnywhere,
  type RulePlan,
  type ScanPlan,
} from './prefilter/plan.ts';
import type { Hits, Prefilter } from './prefilter/prefilter.ts';
import { lastUpTo } from './ranges.ts';
import { type Candidate, NOWHERE, type ScanContext, scanRule } from './scan.ts';
import { mayBeginIn, mayMatchIn } from './surroundings.ts';

/** Parts that one secret may lie in. */
const MOST_PARTS = 24;
const LONGEST = 1024;
/** Views that are searched in the chains of one text: the cost is bounded, whatever the text is. */
const MOST_TRIES = 96;
/** Looks at what stands around an anchor that only fits when the text is over, likewise. */
const MOST_LOOKS = 2048;
/** An anchor that is found more often in one chain than this is a word of its records. */
const MOST_WINDOWS = 16;

/** A match in the parts put together; it lies in two of them or more. */
export interface JoinedMatch extends Candidate {
  readonly secret: Buffer;
}

export interface Parts {
  readonly joined: Buffer;
  /** Offset in `joined` of each part. */
  readonly begins: readonly number[];
}

/** What may still be done in one text, and whether more was left undone. */
export interface Effort {
  readonly strict: Budget;
  /** For anchors that only fit where the text is over: they take nothing from the others. */
  readonly open: Budget & { looks: number };
  isCut: boolean;
}

interface Budget {
  tries: number;
}

export function mostEffort(): Effort {
  return { strict: { tries: MOST_TRIES }, open: { tries: MOST_TRIES, looks: MOST_LOOKS }, isCut: false };
}

/** `context` is that of the parts put together. `left` is used up. */
export function joinedMatches(
  parts: Parts,
  set: RuleSet,
  context: ScanContext = NOWHERE,
  left: Effort = mostEffort(),
): JoinedMatch[] {
  const { plan, anywhere, open } = strongRules(set);
  // Most values hold no part of anything: a look at them as they are put together costs a tenth of one from each on.
  const openHits = open.scan(parts.joined);
  const folds = foldingLetters(parts.joined).length > 0;
  if (openHits.count === 0 && !folds) return [];
  const hits = anywhere.scan(parts.joined);
  const chain = { ...parts, context, tried: new Map() };
  const found = hits.count > 0 || folds ? strictMatches(chain, plan, left) : [];
  addAll(found, openMatches(chain, plan, { hits: openHits, others: hits, found, left }));
  return found;
}

function strictMatches(parts: Omit<Chain, 'budget'>, plan: ScanPlan, left: Effort): JoinedMatch[] {
  const chain = { ...parts, budget: left.strict };
  const starts = startsOf(parts);
  const out: JoinedMatch[] = [];
  eachBeginning(starts.text, plan, ({ rule }, windows) => {
    if (windows === null || windows.length > MOST_WINDOWS) {
      left.isCut = true;
      return;
    }
    for (const [from, to] of windows)
      if (to - from <= LONGEST) addAll(out, inWindow(chain, rule, { starts, from, to }));
  });
  if (left.strict.tries <= 0) left.isCut = true;
  return out;
}

interface OpenLook {
  /** Of the plan's prefilter; those of the others were looked at. */
  readonly hits: Hits;
  readonly others: Hits;
  /** What needs not be found again. */
  readonly found: readonly JoinedMatch[];
  readonly left: Effort;
}

/** Matches around anchors behind which a text has to be over, in the views in which they may lie. */
function openMatches(
  parts: Omit<Chain, 'budget'>,
  plan: ScanPlan,
  { hits, others, found, left }: OpenLook,
): JoinedMatch[] {
  const chain = { ...parts, budget: left.open };
  const out: JoinedMatch[] = [];
  let isKeyed: ((rule: number) => boolean) | null = null;
  for (const [entry, at] of newHits(hits, others)) {
    const anchor = plan.entries[entry] as Meaning;
    const { rule, gated, around } = plan.rules[anchor.rule] as RulePlan;
    isKeyed ??= plan.keywords.in(parts.joined);
    if (around === null || (gated && !isKeyed(anchor.rule))) continue;
    for (const match of aroundAnchor(chain, rule, { at, anchor, around, left: left.open }))
      if (![...found, ...out].some(({ start, end }) => start <= match.start && match.end <= end)) out.push(match);
  }
  if (left.open.tries <= 0 || left.open.looks <= 0) left.isCut = true;
  return out;
}

/** An entry, and where it was found. */
function newHits(hits: Hits, others: Hits): (readonly [entry: number, at: number])[] {
  const known = new Set<number>();
  for (let i = 0; i < others.count; i += 1) known.add(keyOf(others, i));
  const out: (readonly [number, number])[] = [];
  for (let i = 0; i < hits.count; i += 1)
    if (!known.has(keyOf(hits, i))) out.push([hits.numbers[2 * i] as number, hits.numbers[2 * i + 1] as number]);
  return out;
}

/** Above all numbers of entries. */
const PLACE = 2 ** 20;

function keyOf({ numbers }: Hits, i: number): number {
  return (numbers[2 * i + 1] as number) * PLACE + (numbers[2 * i] as number);
}

interface Place {
  readonly at: number;
  readonly anchor: Meaning;
  readonly around: Around;
  readonly left: Effort['open'];
}

/** From each part in which a match with this anchor may begin, while there is something left to do. */
function* aroundAnchor(chain: Chain, rule: CompiledRule, { at, anchor, around, left }: Place): Generator<JoinedMatch> {
  const { joined, begins } = chain;
  const behind = at + anchor.length;
  const fits = (start: number, end: number) => {
    left.looks -= 1;
    return end >= behind && mayMatchIn(joined.subarray(start, end), around)(at - start, anchor);
  };
  const tried = chain.tried.get(rule);
  for (let first = lastUpTo(begins, at - Math.min(anchor.reachBefore, LONGEST)); first < begins.length; first += 1) {
    const start = begins[first] as number;
    if (start > at || left.tries <= 0 || left.looks <= 0) return;
    left.looks -= 1;
    if (tried?.has(first) || !mayBeginIn(joined.subarray(start, behind), around)(at - start, anchor)) continue;
    const match = fromPart(chain, rule, first, fits);
    if (match !== null) yield match;
  }
}

/** The rules that are tried, for themselves: looking for all others costs more. */
export interface Strong {
  readonly plan: ScanPlan;
  readonly anywhere: Prefilter;
  /** The same where a match may be over wherever its rule lets it; its entries are those of the plan. */
  readonly open: Prefilter;
}

const strongRulesOf = new WeakMap<ScanPlan, Strong>();

/** Made once for a set, or taken from where it was made. */
export function strongRules({ plan }: RuleSet): Strong {
  let strong = strongRulesOf.get(plan);
  if (strong === undefined) {
    const rules = plan.rules.filter(({ rule, by }) => by === 'literal' && isStrong(rule)).map(({ rule }) => rule);
    strong = { plan: makePlan(rules), anywhere: anchorsAnywhere(rules), open: openAnchorsAnywhere(rules) };
    strongRulesOf.set(plan, strong);
  }
  return strong;
}

/** For a set whose strong rules another thread has put together. */
export function takeStrongRules({ plan }: RuleSet, strong: Strong): void {
  strongRulesOf.set(plan, strong);
}

/** Where anchors of the rules that are tried stand in a text; null where they may stand anywhere. */
export function anchorsIn(text: Buffer, set: RuleSet): readonly number[] | null {
  if (foldingLetters(text).length > 0) return null;
  const { numbers, count } = strongRules(set).open.scan(text);
  return Array.from({ length: count }, (_, i) => numbers[2 * i + 1] as number);
}

/** Of a part, what may be the beginning of a match that goes on; and what is looked at of the next ones. */
const LONGEST_BEGINNING = 256;
const AHEAD = 64;
const SHORTEST_VIEW = 96;
const NEWLINE = Buffer.from('\n');
/** Bytes of beginnings in one text. */
const MOST_BEGINNINGS = 256 * 1024;

interface Starts {
  readonly text: Buffer;
  /** Offset in it of the view of each part. */
  readonly views: readonly number[];
}

/** The beginnings from each part on, a line for each, so that an anchor is found where a word begins. */
function startsOf({ joined, begins }: Parts): Starts {
  const lines: Buffer[] = [];
  const views: number[] = [];
  let length = 0;
  for (let i = 0; i + 1 < begins.length && length < MOST_BEGINNINGS; i += 1) {
    const [begin, end] = [begins[i] as number, begins[i + 1] as number];
    const line = joined.subarray(
      Math.max(begin, end - LONGEST_BEGINNING),
      Math.max(end + AHEAD, begin + SHORTEST_VIEW),
    );
    views.push(length);
    lines.push(line, NEWLINE);
    length += line.length + 1;
  }
  return { text: Buffer.concat(lines), views };
}

/** Whether parts of its secret are looked for. */
export function isStrong({ spec }: CompiledRule): boolean {
  return spec.kind !== 'pii' && spec.kind !== 'injection' && LIKELIHOODS.indexOf(spec.likelihood) >= STRONG;
}

const STRONG = LIKELIHOODS.indexOf('LIKELY');

interface Chain extends Parts {
  readonly context: ScanContext;
  readonly budget: Budget;
  /** By rule: the parts from which on it was tried. */
  readonly tried: Map<CompiledRule, Set<number>>;
}

interface Window {
  readonly starts: Starts;
  readonly from: number;
  readonly to: number;
}

function* inWindow(chain: Chain, rule: CompiledRule, { starts, from, to }: Window): Generator<JoinedMatch> {
  const { views } = starts;
  const tried = chain.tried.get(rule) ?? new Set();
  chain.tried.set(rule, tried);
  let found = -1;
  for (let first = lastUpTo(views, from); first < views.length; first += 1) {
    if ((views[first] as number) >= to || chain.budget.tries <= 0) return;
    if ((chain.begins[first] as number) < found) continue;
    tried.add(first);
    const match = fromPart(chain, rule, first);
    if (match === null) continue;
    found = match.end;
    yield match;
  }
}

/** The longest match that begins in this part and ends in a later one, in the views that `fits` lets pass. */
function fromPart(
  chain: Chain,
  rule: CompiledRule,
  first: number,
  fits: (start: number, end: number) => boolean = () => true,
): JoinedMatch | null {
  const { joined, begins, context, budget } = chain;
  const start = begins[first] as number;
  const next = begins[first + 1];
  if (next === undefined || budget.tries <= 0) return null;
  const { pathAt, host, tool } = context;
  const at = { host, tool, ...(pathAt && { pathAt: (offset: number) => pathAt(start + offset) }) };
  for (let last = Math.min(begins.length, first + MOST_PARTS) - 1; last > first; last -= 1) {
    const end = begins[last + 1] ?? joined.length;
    if (end - start > LONGEST || !fits(start, end)) continue;
    budget.tries -= 1;
    const view = joined.subarray(start, end);
    const match = scanRule(rule, view, at).find((one) => start + one.start < next && start + one.end > next);
    if (match === undefined) continue;
    // What is whole in its first part is found there; the next value only stands behind it.
    const alone = scanRule(rule, joined.subarray(start, next), { host: context.host, tool: context.tool });
    if (alone.some((one) => one.start === match.start)) return null;
    const [from, to] = [start + match.start, start + match.end];
    return { ...match, start: from, end: to, secret: joined.subarray(from, to) };
  }
  return null;
}

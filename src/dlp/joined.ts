/**
 * Secrets in several parts (T-36). The parts of a chain are put together; where the anchor of a strong rule stands then, the
 * rule is tried on the parts from each one's beginning to another's end, so that word boundaries are where a reader has them.
 * Weak rules are not tried: what is put together by chance looks like anything.
 */

import { LIKELIHOODS } from '../core/finding.ts';
import { addAll } from '../core/large-lists.ts';
import { eachBeginning } from './candidates.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import { foldingLetters } from './prefilter/folded-text.ts';
import { anchorsAnywhere, makePlan, type ScanPlan } from './prefilter/plan.ts';
import type { Prefilter } from './prefilter/prefilter.ts';
import { lastUpTo } from './ranges.ts';
import { type Candidate, NOWHERE, type ScanContext, scanRule } from './scan.ts';

/** Parts that one secret may lie in. */
const MOST_PARTS = 24;
const LONGEST = 1024;
/** Views that are searched in the chains of one text: the cost is bounded, whatever the text is. */
const MOST_TRIES = 96;
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
  tries: number;
  isCut: boolean;
}

export function mostEffort(): Effort {
  return { tries: MOST_TRIES, isCut: false };
}

/** `context` is that of the parts put together. `left` is used up. */
export function joinedMatches(
  parts: Parts,
  set: RuleSet,
  context: ScanContext = NOWHERE,
  left: Effort = mostEffort(),
): JoinedMatch[] {
  const strong = strongRules(set);
  if (!mayMatch(parts.joined, strong)) return [];
  const chain = { ...parts, context, left };
  const starts = startsOf(parts);
  const out: JoinedMatch[] = [];
  eachBeginning(starts.text, strong.plan, ({ rule }, windows) => {
    if (windows === null || windows.length > MOST_WINDOWS) {
      left.isCut = true;
      return;
    }
    for (const [from, to] of windows)
      if (to - from <= LONGEST) addAll(out, inWindow(chain, rule, { starts, from, to }));
  });
  if (left.tries <= 0) left.isCut = true;
  return out;
}

/** The rules that are tried, for themselves: looking for all others costs more. */
export interface Strong {
  readonly plan: ScanPlan;
  readonly anywhere: Prefilter;
}

const strongRulesOf = new WeakMap<ScanPlan, Strong>();

/** Made once for a set, or taken from where it was made. */
export function strongRules({ plan }: RuleSet): Strong {
  let strong = strongRulesOf.get(plan);
  if (strong === undefined) {
    const rules = plan.rules.filter(({ rule, by }) => by === 'literal' && isStrong(rule)).map(({ rule }) => rule);
    strong = { plan: makePlan(rules), anywhere: anchorsAnywhere(rules) };
    strongRulesOf.set(plan, strong);
  }
  return strong;
}

/** For a set whose strong rules another thread has put together. */
export function takeStrongRules({ plan }: RuleSet, strong: Strong): void {
  strongRulesOf.set(plan, strong);
}

/** Most values hold no part of anything: a look at them as they are put together costs a tenth of one from each on. */
function mayMatch(joined: Buffer, { anywhere }: Strong): boolean {
  return anywhere.scan(joined).count > 0 || foldingLetters(joined).length > 0;
}

/** Where anchors of the rules that are tried stand in a text; null where they may stand anywhere. */
export function anchorsIn(text: Buffer, set: RuleSet): readonly number[] | null {
  if (foldingLetters(text).length > 0) return null;
  const { numbers, count } = strongRules(set).anywhere.scan(text);
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
  readonly left: Effort;
}

interface Window {
  readonly starts: Starts;
  readonly from: number;
  readonly to: number;
}

function* inWindow(chain: Chain, rule: CompiledRule, { starts, from, to }: Window): Generator<JoinedMatch> {
  const { views } = starts;
  let found = -1;
  for (let first = lastUpTo(views, from); first < views.length; first += 1) {
    if ((views[first] as number) >= to || chain.left.tries <= 0) return;
    if ((chain.begins[first] as number) < found) continue;
    const match = fromPart(chain, rule, first);
    if (match === null) continue;
    found = match.end;
    yield match;
  }
}

/** The longest match that begins in this part and ends in a later one. */
function fromPart(chain: Chain, rule: CompiledRule, first: number): JoinedMatch | null {
  const { joined, begins, context } = chain;
  const start = begins[first] as number;
  const next = begins[first + 1];
  if (next === undefined || chain.left.tries <= 0) return null;
  const { pathAt, host, tool } = context;
  const at = { host, tool, ...(pathAt && { pathAt: (offset: number) => pathAt(start + offset) }) };
  for (let last = Math.min(begins.length, first + MOST_PARTS) - 1; last > first; last -= 1) {
    const end = begins[last + 1] ?? joined.length;
    if (end - start > LONGEST) continue;
    chain.left.tries -= 1;
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

/** Text → windows in which each rule can match; see docs/guard.md. Findings are those of RE2 over the whole text. */

import type { RulePlan, ScanPlan } from './prefilter/plan.ts';

/** Stretches of the text, in order; null when the rule has to run over all of it. */
export type Windows = readonly (readonly [number, number])[] | null;

/** Bytes beyond a window, so that what RE2 looks at beside a match is there. */
const MARGIN = 8;
/** UTF-8 of the Kelvin sign and of the long s: under (?i) RE2 takes them for `k` and `s`. */
const FOLDING = [Buffer.from('\u212a'), Buffer.from('\u017f')];

/** Calls `search` for each rule that can match, in the order of the rules. */
export function eachCandidate(text: Buffer, plan: ScanPlan, search: (rule: RulePlan, windows: Windows) => void): void {
  const { hits, open } = anchorsOf(text, plan);
  // A match without its anchor in ASCII holds one of these instead.
  const folding = FOLDING.flatMap((bytes) => placesOf(text, bytes));
  for (const [index, rule] of plan.rules.entries()) {
    if (rule.gated && !open.has(index)) continue;
    const own = hits.get(index) ?? [];
    const places = rule.folds && folding.length > 0 ? [...own, ...folding] : own;
    if (rule.by === 'everything') search(rule, null);
    else if (places.length > 0) search(rule, windowsOf(places, rule.reach, text.length));
  }
}

interface Anchors {
  /** Places of each rule's anchors, by index of the rule. */
  readonly hits: ReadonlyMap<number, number[]>;
  /** Rules of which a keyword is in the text. */
  readonly open: ReadonlySet<number>;
}

function anchorsOf(text: Buffer, plan: ScanPlan): Anchors {
  const hits = new Map<number, number[]>();
  const open = new Set<number>();
  const note = (rule: number, at: number) => {
    const list = hits.get(rule);
    if (list === undefined) hits.set(rule, [at]);
    else list.push(at);
  };
  plan.literals.scan(text, (id, at) => {
    for (const rule of plan.literalRules[id] as readonly number[]) note(rule, at);
    for (const rule of plan.literalGates[id] as readonly number[]) open.add(rule);
  });
  for (const { byte, rules } of plan.rareBytes) {
    for (const at of placesOf(text, byte)) for (const rule of rules) note(rule, at);
  }
  plan.guard.scan(text, (prefix, at) => note(plan.prefixRules[prefix] as number, at));
  return { hits, open };
}

function placesOf(text: Buffer, what: Buffer | number): number[] {
  const out: number[] = [];
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) out.push(at);
  return out;
}

/** Around each hit as far as a match can reach, joined where they meet. */
function windowsOf(hits: number[], reach: number, length: number): Windows {
  if (reach === Number.POSITIVE_INFINITY) return null;
  // The scanner finds the ends of its windows in order, not their literals.
  hits.sort((a, b) => a - b);
  const out: [number, number][] = [];
  for (const at of hits) {
    const from = Math.max(0, at - reach - MARGIN);
    const to = Math.min(length, at + reach + MARGIN);
    const last = out.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else out.push([from, to]);
  }
  return out;
}

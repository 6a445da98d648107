/** Text → windows in which each rule can match; see docs/guard.md. Findings are those of RE2 over the whole text. */

import { LongRuns } from './long-runs.ts';
import { type FoldedText, type FoldingLetter, foldedText, foldingLetters, nearOf } from './prefilter/folded-text.ts';
import type { RulePlan, ScanPlan } from './prefilter/plan.ts';
import type { Hits } from './prefilter/prefilter.ts';
import { type Ranges, touches } from './ranges.ts';

/** Stretches of the text, in order and apart; null when the rule has to run over all of it. */
export type Windows = readonly (readonly [number, number])[] | null;

/** What is known of a text before it is searched. */
export interface Seen {
  /** What the prefilter finds in it; more does no harm. */
  readonly hits: Hits;
  /** Where the text differs from others that were searched already: only what may touch some of each is looked for. */
  readonly changes: readonly Ranges[];
  /** Lines that encoded text on lines may begin with; those that touch the last of the changes are found anew. */
  readonly lines?: Ranges;
}

/** Bytes after a window, so that what RE2 looks at beside a match is there. */
const BESIDE = 8;
/** Windows that are nearer to each other are one: to begin anew costs RE2 as much as so many bytes. */
const NEAR = 512;
/** As far as exceptions look at the line before a secret. */
const LOOKS_BACK = 128;

/** Calls `search` for each rule that can match, in the order of the rules. */
export function eachCandidate(
  text: Buffer,
  plan: ScanPlan,
  search: (rule: RulePlan, windows: Windows) => void,
  seen?: Seen,
): void {
  for (const [rule, windows] of due(text, plan, seen)) search(rule, windows);
}

function due(text: Buffer, plan: ScanPlan, seen?: Seen): [RulePlan, Windows][] {
  const found = new Found(text, plan, seen?.changes ?? []);
  try {
    found.take(seen?.hits ?? plan.prefilter.scan(text));
    const letters = foldingLetters(text);
    if (letters.length > 0) found.takeFolding(letters);
    for (const rule of plan.everywhere) found.everywhere(rule);
    return found.rules();
  } finally {
    found.clear();
  }
}

type Flat = (number[] | null | undefined)[];

/** One for each plan, empty between two texts: a new one for each would cost a small text more than its search. */
const flats = new WeakMap<ScanPlan, Flat>();

function flatOf(plan: ScanPlan): Flat {
  let flat = flats.get(plan);
  if (flat === undefined) {
    flat = new Array(plan.rules.length);
    flats.set(plan, flat);
  }
  return flat;
}

/** What was found in one text. */
class Found {
  /** Rules of which a keyword is in the text. */
  readonly open = new Set<number>();
  readonly #text: Buffer;
  readonly #plan: ScanPlan;
  readonly #changes: readonly Ranges[];
  readonly #runs: LongRuns;
  /** By rule: where its windows begin and end, one after the other; null for all of the text. */
  readonly #windows: Flat;
  readonly #found: number[] = [];

  constructor(text: Buffer, plan: ScanPlan, changes: readonly Ranges[]) {
    this.#text = text;
    this.#plan = plan;
    this.#changes = changes;
    this.#windows = flatOf(plan);
    this.#runs = new LongRuns(text);
  }

  take({ numbers, count }: Hits): void {
    const { entries } = this.#plan;
    for (let i = 0; i < 2 * count; i += 2) {
      const meaning = entries[numbers[i] as number] as (typeof entries)[number];
      const at = numbers[i + 1] as number;
      if (meaning.rule >= 0) this.#add(meaning.rule, at - meaning.reachBefore, at + meaning.reachAfter);
      else if (meaning.keyword === null || holds(this.#text, at, meaning.keyword))
        for (const rule of meaning.gates) this.open.add(rule);
    }
  }

  /** Matches that hold a letter beyond ASCII for `k` or `s`: near them, in the text with those in their places. */
  takeFolding(letters: readonly FoldingLetter[]): void {
    const { aroundFolding, foldingReach, rules } = this.#plan;
    for (const near of nearOf(letters, 3 * foldingReach)) {
      const from = Math.max(0, (near[0] as FoldingLetter).at - 3 * foldingReach);
      const to = Math.min(this.#text.length, (near.at(-1) as FoldingLetter).at + 3 * foldingReach);
      this.#takeFolded(foldedText(this.#text, near, [from, to]), near);
    }
    for (const rule of aroundFolding) {
      const reach = 3 * (rules[rule]?.reach ?? 0);
      for (const { at } of letters) this.#add(rule, at - reach, at + reach);
    }
  }

  #takeFolded({ text, original }: FoldedText, letters: readonly FoldingLetter[]): void {
    const { entries, prefilter } = this.#plan;
    const { numbers, count } = prefilter.scan(text, true);
    for (let i = 0; i < 2 * count; i += 2) {
      const { rule, reachBefore, reachAfter } = entries[numbers[i] as number] as (typeof entries)[number];
      const place = original(numbers[i + 1] as number);
      // Each byte of it may stand for three.
      const [from, to] = [place - 3 * reachBefore, place + 3 * reachAfter];
      if (letters.some(({ at }) => at >= from && at <= to)) this.#add(rule, from, to);
    }
  }

  everywhere(rule: number): void {
    if (this.#windows[rule] === undefined) this.#found.push(rule);
    this.#windows[rule] = null;
  }

  /** INVARIANT: whatever happened, the next text finds nothing of this one. */
  clear(): void {
    for (const rule of this.#found) this.#windows[rule] = undefined;
  }

  /** In their order, and where each can match. */
  rules(): [RulePlan, Windows][] {
    const out: [RulePlan, Windows][] = [];
    for (const index of this.#found.sort((a, b) => a - b)) {
      const rule = this.#plan.rules[index] as RulePlan;
      if (rule.gated && !this.open.has(index)) continue;
      const windows = this.#windowsOf(index);
      if (windows === null || windows.length > 0) out.push([rule, windows]);
    }
    return out;
  }

  #windowsOf(rule: number): Windows {
    const flat = this.#windows[rule];
    if (flat == null) return null;
    const plan = this.#plan.rules[rule] as RulePlan;
    const wide = plan.runs.length === 0 ? flat : this.#widened(flat, plan);
    if (wide === null) return null;
    const windows = joined(wide, this.#text.length);
    return this.#changes.length === 0 ? windows : windows.filter((window) => this.#isNearChanges(window, plan));
  }

  /**
   * Whether it is so near a change that a match in it may begin, end or be found to be one by it. Further away a match is what
   * it was: none that overlaps it can have been another one.
   */
  #isNearChanges([from, to]: readonly [number, number], { rule, reach, runs }: RulePlan): boolean {
    const { before = 0, after = 0 } = rule.spec.context ?? {};
    const room = (runs.length > 0 ? 2 * reach : reach) + Math.max(before, after, LOOKS_BACK);
    return this.#changes.every((ranges) => touches(ranges, from - room, to + room));
  }

  /** By the long runs near each; null for all of the text. */
  #widened(flat: readonly number[], { runs }: RulePlan): readonly number[] | null {
    const out: number[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const [from, to] = [flat[i] as number, flat[i + 1] as number];
      const more = this.#runs.widening(from, to, runs);
      if (more === Number.POSITIVE_INFINITY) return null;
      out.push(from - more, to + more);
    }
    return out;
  }

  #add(rule: number, from: number, to: number): void {
    const known = this.#windows[rule];
    if (known === undefined) {
      this.#windows[rule] = [from, to];
      this.#found.push(rule);
      return;
    }
    if (known === null) return;
    const last = known.length - 1;
    const [start, end] = [known[last - 1] as number, known[last] as number];
    if (from > end + NEAR || to < start - NEAR) known.push(from, to);
    else {
      if (from < start) known[last - 1] = from;
      if (to > end) known[last] = to;
    }
  }
}

/** In order, joined where they are near. */
function joined(flat: readonly number[], length: number): (readonly [number, number])[] {
  const all: (readonly [number, number])[] = [];
  let isSorted = true;
  for (let i = 0; i < flat.length; i += 2) {
    const from = Math.max(0, flat[i] as number);
    if (i > 0 && from < (all[all.length - 1] as readonly [number, number])[0]) isSorted = false;
    all.push([from, Math.min(length, (flat[i + 1] as number) + BESIDE)]);
  }
  if (all.length < 2) return all;
  if (!isSorted) all.sort((a, b) => a[0] - b[0]);
  const out: (readonly [number, number])[] = [];
  for (const window of all) {
    const last = out[out.length - 1];
    if (last === undefined || window[0] > last[1] + NEAR) out.push(window);
    else if (window[1] > last[1]) out[out.length - 1] = [last[0], window[1]];
  }
  return out;
}

/** In any case, as keywords are. */
function holds(text: Buffer, at: number, keyword: Buffer): boolean {
  const there = text.toString('latin1', at, at + keyword.length).replace(/[A-Z]+/g, (part) => part.toLowerCase());
  return there === keyword.toString('latin1');
}

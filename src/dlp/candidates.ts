/** Text → windows in which each rule can match; see docs/guard.md. Findings are those of RE2 over the whole text. */

import { type FoldedText, type FoldingLetter, foldedText, foldingLetters, nearOf } from './prefilter/folded-text.ts';
import type { RulePlan, ScanPlan } from './prefilter/plan.ts';
import { LONG_RUN } from './prefilter/syntax.ts';

/** Stretches of the text, in order and apart; null when the rule has to run over all of it. */
export type Windows = readonly (readonly [number, number])[] | null;

/** Bytes after a window, so that what RE2 looks at beside a match is there. */
const BESIDE = 8;

/** Calls `search` for each rule that can match, in the order of the rules. */
export function eachCandidate(text: Buffer, plan: ScanPlan, search: (rule: RulePlan, windows: Windows) => void): void {
  const found = new Found(text, plan);
  found.take();
  const letters = foldingLetters(text);
  if (letters.length > 0) found.takeFolding(letters);
  for (const rule of plan.everywhere) found.everywhere(rule);
  for (const index of found.rules()) {
    const rule = plan.rules[index] as RulePlan;
    if (!rule.gated || found.open.has(index)) search(rule, found.windows(index));
  }
}

/** What was found in one text. */
class Found {
  /** Rules of which a keyword is in the text. */
  readonly open = new Set<number>();
  readonly #text: Buffer;
  readonly #plan: ScanPlan;
  /** By rule: where its windows begin and end, one after the other; null for all of the text. */
  readonly #windows = new Map<number, number[] | null>();

  /** By rule: the stretch in which no long run is. */
  readonly #looked = new Map<number, readonly [number, number]>();

  constructor(text: Buffer, plan: ScanPlan) {
    this.#text = text;
    this.#plan = plan;
  }

  take(): void {
    const { entries, prefilter } = this.#plan;
    const { numbers, count } = prefilter.scan(this.#text);
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
    this.#windows.set(rule, null);
  }

  rules(): number[] {
    return [...this.#windows.keys()].sort((a, b) => a - b);
  }

  /** In order, joined where they meet. */
  windows(rule: number): Windows {
    const flat = this.#windows.get(rule);
    if (flat == null) return null;
    const length = this.#text.length;
    const all: (readonly [number, number])[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      all.push([Math.max(0, flat[i] as number), Math.min(length, (flat[i + 1] as number) + BESIDE)]);
    }
    if (all.length > 1) all.sort((a, b) => a[0] - b[0]);
    const out: (readonly [number, number])[] = [];
    for (const window of all) {
      const last = out.at(-1);
      if (last === undefined || window[0] > last[1]) out.push(window);
      else if (window[1] > last[1]) out[out.length - 1] = [last[0], window[1]];
    }
    return out;
  }

  #add(rule: number, from: number, to: number): void {
    const known = this.#windows.get(rule);
    if (known === null) return;
    const { runs } = this.#plan.rules[rule] as RulePlan;
    const more = runs.length > 0 ? this.#longRuns(rule, [from, to]) : 0;
    if (more === Number.POSITIVE_INFINITY) this.everywhere(rule);
    else if (known === undefined) this.#windows.set(rule, [from - more, to + more]);
    else known.push(from - more, to + more);
  }

  /** Bytes by which a match may be longer than its rule's reach says. Hits come in order, nearly: what was looked at is not looked at again. */
  #longRuns(rule: number, [from, to]: readonly [number, number]): number {
    const { runs } = this.#plan.rules[rule] as RulePlan;
    const [first, last] = this.#looked.get(rule) ?? [to, from];
    const goesOn = from >= first && from <= last;
    const after = goesOn ? Math.max(from, last - LONG_RUN) : from;
    const more = longRunsIn(this.#text, [after, to], runs);
    // Where there is one, the next hit looks at it anew.
    if (more === 0) this.#looked.set(rule, goesOn ? [first, Math.max(last, to)] : [from, to]);
    else this.#looked.delete(rule);
    return more === 0 ? 0 : widened(this.#text, [from, to], runs);
  }
}

/** Beyond so many bytes in long runs a rule runs over all of the text. */
const MOST_IN_RUNS = 4096;

/** Long runs near may lie in the match, and what they push out of the window may hold further ones. */
function widened(text: Buffer, [from, to]: readonly [number, number], sets: readonly Uint8Array[]): number {
  let more = 0;
  for (;;) {
    const all = longRunsIn(text, [from - more, to + more], sets);
    if (all > MOST_IN_RUNS) return Number.POSITIVE_INFINITY;
    if (all <= more) return more;
    more = all;
  }
}

/** Bytes in long runs of the sets that begin or end in a stretch of the text, runs to their ends. */
function longRunsIn(text: Buffer, [from, to]: readonly [number, number], sets: readonly Uint8Array[]): number {
  return sets.reduce((sum, set) => sum + runsOf(text, [Math.max(0, from), Math.min(text.length, to)], set), 0);
}

function runsOf(text: Buffer, [from, to]: readonly [number, number], set: Uint8Array): number {
  let sum = 0;
  let run = 0;
  const has = (at: number) => set[text[at] as number] === 1;
  let at = from;
  // As far back as it began.
  if (at < to && has(at)) while (run <= MOST_IN_RUNS && at - run > 0 && has(at - run - 1)) run += 1;
  for (; at < to || (run > 0 && at < text.length && run <= MOST_IN_RUNS); at += 1) {
    if (has(at)) run += 1;
    else {
      if (run >= LONG_RUN) sum += run;
      run = 0;
    }
  }
  return run >= LONG_RUN ? sum + run : sum;
}

/** In any case, as keywords are. */
function holds(text: Buffer, at: number, keyword: Buffer): boolean {
  const there = text.toString('latin1', at, at + keyword.length).replace(/[A-Z]+/g, (part) => part.toLowerCase());
  return there === keyword.toString('latin1');
}

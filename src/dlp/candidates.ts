/** Text → windows in which each rule can match; see docs/guard.md. Findings are those of RE2 over the whole text. */

import { LongRuns } from './long-runs.ts';
import { type FoldedText, type FoldingLetter, foldedText, foldingLetters, nearOf } from './prefilter/folded-text.ts';
import type { Meaning, RulePlan, ScanPlan } from './prefilter/plan.ts';
import type { Hits } from './prefilter/prefilter.ts';
import { type Ranges, touches } from './ranges.ts';
import { mayMatchIn } from './surroundings.ts';
import { ANYWHERE, joined, type Starts, WindowList, type Windows } from './window-list.ts';

/** What is known of a text before it is searched. */
export interface Seen {
  /** What the prefilter finds in it; more does no harm. */
  readonly hits: Hits;
  /** Where the text differs from others that were searched already: only what may touch some of each is looked for. */
  readonly changes: readonly Ranges[];
  /** Lines that encoded text on lines may begin with; those that touch the last of the changes are found anew. */
  readonly lines?: Ranges;
}

/** As far as exceptions look at the line before a secret. */
const LOOKS_BACK = 128;

type Search = (rule: RulePlan, windows: Windows, starts: Starts) => void;

/** Calls `search` for each rule that can match, in the order of the rules. */
export function eachCandidate(text: Buffer, plan: ScanPlan, search: Search, seen?: Seen): void {
  for (const [rule, windows, starts] of due(text, plan, { ...seen, isWhole: true })) search(rule, windows, starts);
}

/** The same of a text in which matches may be cut off: wherever one may begin. */
export function eachBeginning(text: Buffer, plan: ScanPlan, search: Search): void {
  for (const [rule, windows] of due(text, plan, { isWhole: false })) search(rule, windows, ANYWHERE);
}

interface Known extends Partial<Seen> {
  readonly isWhole: boolean;
}

type Due = [RulePlan, Windows, Starts];

function due(text: Buffer, plan: ScanPlan, seen: Known): Due[] {
  const found = new Found(text, plan, seen);
  try {
    found.take(seen.hits ?? plan.prefilter.scan(text));
    const letters = foldingLetters(text);
    if (letters.length > 0) found.takeFolding(letters);
    for (const rule of plan.everywhere) found.everywhere(rule);
    return found.rules();
  } finally {
    found.clear();
  }
}

/** By rule: where it may match. */
type Lists = (WindowList | undefined)[];

/** One for each plan, empty between two texts: a new one for each would cost a small text more than its search. */
const lists = new WeakMap<ScanPlan, Lists>();

function listsOf(plan: ScanPlan): Lists {
  let all = lists.get(plan);
  if (all === undefined) {
    all = new Array(plan.rules.length);
    lists.set(plan, all);
  }
  return all;
}

/** What was found in one text. */
class Found {
  readonly #text: Buffer;
  readonly #plan: ScanPlan;
  readonly #changes: readonly Ranges[];
  readonly #isWhole: boolean;
  readonly #runs: LongRuns;
  readonly #lists: Lists;
  /** Rules that have a list. */
  readonly #found: number[] = [];
  readonly #everywhere = new Set<number>();
  /** Whether a keyword of a rule is in the text. */
  readonly #isOpen: (rule: number) => boolean;

  constructor(text: Buffer, plan: ScanPlan, { changes = [], isWhole }: Known) {
    this.#text = text;
    this.#plan = plan;
    this.#changes = changes;
    this.#isWhole = isWhole;
    this.#lists = listsOf(plan);
    this.#runs = new LongRuns(text);
    this.#isOpen = plan.keywords.in(text);
  }

  /** Around each anchor that may belong to a match. */
  take({ numbers, count }: Hits): void {
    const { entries, rules } = this.#plan;
    const isAnywhere = this.#changes.length === 0;
    for (let i = 0; i < 2 * count; i += 2) {
      const entry = entries[numbers[i] as number] as Meaning;
      const at = numbers[i + 1] as number;
      const list = this.#listOf(entry.rule);
      // Most lie further from a change than a match reaches. How far runs widen a window is told later.
      if (!isAnywhere && !this.#mayTouchChanges(at, entry, rules[entry.rule] as RulePlan)) continue;
      if (list.mayMatch === null || list.mayMatch(at, entry))
        list.add(at - entry.reachBefore, at + entry.reachAfter, at);
    }
  }

  #mayTouchChanges(at: number, { reachBefore, reachAfter }: Meaning, plan: RulePlan): boolean {
    return plan.runs.length > 0 || this.#isNearChanges(at - reachBefore, at + reachAfter, plan);
  }

  #listOf(rule: number): WindowList {
    let list = this.#lists[rule];
    if (list === undefined) {
      const { around } = this.#plan.rules[rule] as RulePlan;
      list = new WindowList(this.#isWhole && around !== null ? mayMatchIn(this.#text, around) : null);
      this.#lists[rule] = list;
      this.#found.push(rule);
    }
    return list;
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
      for (const { at } of letters) this.#addFolded(rule, at - reach, at + reach);
    }
  }

  #takeFolded({ text, original }: FoldedText, letters: readonly FoldingLetter[]): void {
    const { entries, prefilter } = this.#plan;
    const { numbers, count } = prefilter.scan(text, true);
    // As many hits as letters, and each asks whether one is near.
    const places = letters.flatMap(({ at }) => [at, at]);
    for (let i = 0; i < 2 * count; i += 2) {
      const { rule, reachBefore, reachAfter } = entries[numbers[i] as number] as Meaning;
      const place = original(numbers[i + 1] as number);
      // Each byte of it may stand for three.
      const [from, to] = [place - 3 * reachBefore, place + 3 * reachAfter];
      if (touches(places, from, to)) this.#addFolded(rule, from, to);
    }
  }

  #addFolded(rule: number, from: number, to: number): void {
    this.#listOf(rule).addAnywhere(from, to);
  }

  everywhere(rule: number): void {
    this.#everywhere.add(rule);
  }

  /** INVARIANT: whatever happened, the next text finds nothing of this one. */
  clear(): void {
    for (const rule of this.#found) this.#lists[rule] = undefined;
  }

  /** In their order, and where each can match. */
  rules(): Due[] {
    const out: Due[] = [];
    const all = new Set([...this.#found, ...this.#everywhere]);
    for (const index of [...all].sort((a, b) => a - b)) {
      const rule = this.#plan.rules[index] as RulePlan;
      const windows = this.#everywhere.has(index) ? null : this.#windowsOf(rule, this.#lists[index] as WindowList);
      if (windows?.length !== 0 && (!rule.gated || this.#isOpen(index)))
        out.push([rule, windows, this.#startsOf(rule, this.#lists[index])]);
    }
    return out;
  }

  #windowsOf(plan: RulePlan, { flat }: WindowList): Windows {
    const wide = plan.runs.length === 0 ? flat : this.#widened(flat, plan);
    if (wide === null) return null;
    const windows = joined(wide, this.#text.length);
    return this.#changes.length === 0 ? windows : windows.filter(([from, to]) => this.#isNearChanges(from, to, plan));
  }

  /** Not of a text of which some is left out, nor where a run may stand before what is found. */
  #startsOf({ runs }: RulePlan, list: WindowList | undefined): Starts {
    return list === undefined || runs.length > 0 || this.#changes.length > 0 ? ANYWHERE : list.starts();
  }

  /**
   * Whether it is so near a change that a match in it may begin, end or be found to be one by it. Further away a match is what
   * it was: none that overlaps it can have been another one.
   */
  #isNearChanges(from: number, to: number, { rule, reach, runs }: RulePlan): boolean {
    const { before = 0, after = 0 } = rule.spec.context ?? {};
    const room = (runs.length > 0 ? 2 * reach : reach) + Math.max(before, after, LOOKS_BACK);
    return this.#changes.every((ranges) => touches(ranges, from - room, to + room));
  }

  /** By the long runs near each; null for all of the text. */
  #widened(flat: readonly number[], { runs }: RulePlan): readonly number[] | null {
    const out: number[] = [];
    for (let i = 0; i < flat.length; i += 3) {
      const [from, to] = [flat[i] as number, flat[i + 1] as number];
      const more = this.#runs.widening(from, to, runs);
      if (more === Number.POSITIVE_INFINITY) return null;
      out.push(from - more, to + more, flat[i + 2] as number);
    }
    return out;
  }
}

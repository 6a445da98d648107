/** Text → windows in which each rule can match; see docs/guard.md. Findings are those of RE2 over the whole text. */

import { LongRuns } from './long-runs.ts';
import { type FoldedText, type FoldingLetter, foldedText, foldingLetters, nearOf } from './prefilter/folded-text.ts';
import type { Meaning, RulePlan, ScanPlan } from './prefilter/plan.ts';
import type { Hits } from './prefilter/prefilter.ts';
import { type Ranges, touches } from './ranges.ts';
import { mayMatchIn } from './surroundings.ts';

/** From where to where, and the last place of an anchor in it: a match that is left begins there or before. */
export type Window = readonly [from: number, to: number, last: number];
/** Stretches of the text, in order and apart; null when the rule has to run over all of it. */
export type Windows = readonly Window[] | null;

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
  for (const [rule, windows] of due(text, plan, { ...seen, isWhole: true })) search(rule, windows);
}

/** The same of a text in which matches may be cut off: wherever one may begin. */
export function eachBeginning(text: Buffer, plan: ScanPlan, search: (rule: RulePlan, windows: Windows) => void): void {
  for (const [rule, windows] of due(text, plan, { isWhole: false })) search(rule, windows);
}

interface Known extends Partial<Seen> {
  readonly isWhole: boolean;
}

function due(text: Buffer, plan: ScanPlan, seen: Known): [RulePlan, Windows][] {
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

/** By rule: the number of an entry and its place, one after the other. */
type Flat = (number[] | undefined)[];

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
  readonly #text: Buffer;
  readonly #plan: ScanPlan;
  readonly #changes: readonly Ranges[];
  readonly #isWhole: boolean;
  readonly #runs: LongRuns;
  readonly #hits: Flat;
  readonly #found: number[] = [];
  /** By rule: windows around letters that fold. */
  readonly #folded = new Map<number, WindowList>();
  readonly #everywhere = new Set<number>();
  /** Whether a keyword of a rule is in the text. */
  readonly #isOpen: (rule: number) => boolean;

  constructor(text: Buffer, plan: ScanPlan, { changes = [], isWhole }: Known) {
    this.#text = text;
    this.#plan = plan;
    this.#changes = changes;
    this.#isWhole = isWhole;
    this.#hits = flatOf(plan);
    this.#runs = new LongRuns(text);
    this.#isOpen = plan.keywords.in(text);
  }

  take({ numbers, count }: Hits): void {
    const { entries } = this.#plan;
    for (let i = 0; i < 2 * count; i += 2) {
      const number = numbers[i] as number;
      const meaning = entries[number] as Meaning;
      this.#hit(meaning.rule, number, numbers[i + 1] as number);
    }
  }

  #hit(rule: number, entry: number, at: number): void {
    const known = this.#hits[rule];
    if (known !== undefined) known.push(entry, at);
    else {
      this.#hits[rule] = [entry, at];
      this.#found.push(rule);
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
      for (const { at } of letters) this.#addFolded(rule, at - reach, at + reach);
    }
  }

  #takeFolded({ text, original }: FoldedText, letters: readonly FoldingLetter[]): void {
    const { entries, prefilter } = this.#plan;
    const { numbers, count } = prefilter.scan(text, true);
    for (let i = 0; i < 2 * count; i += 2) {
      const { rule, reachBefore, reachAfter } = entries[numbers[i] as number] as Meaning;
      const place = original(numbers[i + 1] as number);
      // Each byte of it may stand for three.
      const [from, to] = [place - 3 * reachBefore, place + 3 * reachAfter];
      if (letters.some(({ at }) => at >= from && at <= to)) this.#addFolded(rule, from, to);
    }
  }

  #addFolded(rule: number, from: number, to: number): void {
    let folded = this.#folded.get(rule);
    if (folded === undefined) {
      folded = new WindowList();
      this.#folded.set(rule, folded);
    }
    folded.add(from, to, to);
  }

  everywhere(rule: number): void {
    this.#everywhere.add(rule);
  }

  /** INVARIANT: whatever happened, the next text finds nothing of this one. */
  clear(): void {
    for (const rule of this.#found) this.#hits[rule] = undefined;
  }

  /** In their order, and where each can match. */
  rules(): [RulePlan, Windows][] {
    const out: [RulePlan, Windows][] = [];
    const all = new Set([...this.#found, ...this.#folded.keys(), ...this.#everywhere]);
    for (const index of [...all].sort((a, b) => a - b)) {
      const rule = this.#plan.rules[index] as RulePlan;
      const windows = this.#windowsOf(index);
      if (windows?.length !== 0 && (!rule.gated || this.#isOpen(index))) out.push([rule, windows]);
    }
    return out;
  }

  #windowsOf(rule: number): Windows {
    if (this.#everywhere.has(rule)) return null;
    const plan = this.#plan.rules[rule] as RulePlan;
    const list = this.#around(rule, plan);
    const wide = plan.runs.length === 0 ? list.flat : this.#widened(list.flat, plan);
    if (wide === null) return null;
    const windows = joined(wide, this.#text.length);
    return this.#changes.length === 0 ? windows : windows.filter(([from, to]) => this.#isNearChanges(from, to, plan));
  }

  /** Around each anchor that may belong to a match. */
  #around(rule: number, plan: RulePlan): WindowList {
    const list = this.#folded.get(rule) ?? new WindowList();
    const hits = this.#hits[rule] ?? [];
    const mayMatch = this.#isWhole && plan.around !== null ? mayMatchIn(this.#text, plan.around) : null;
    // Most lie further from a change than a match reaches. How far runs widen a window is told later.
    const isAnywhere = this.#changes.length === 0 || plan.runs.length > 0;
    for (let i = 0; i < hits.length; i += 2) {
      const entry = this.#plan.entries[hits[i] as number] as Meaning;
      const at = hits[i + 1] as number;
      const [from, to] = [at - entry.reachBefore, at + entry.reachAfter];
      if (!isAnywhere && !this.#isNearChanges(from, to, plan)) continue;
      if (mayMatch === null || mayMatch(at, entry)) list.add(from, to, at);
    }
    return list;
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

/** Where windows begin and end, and the last place in each, one after the other; those of neighbours are one. */
class WindowList {
  readonly flat: number[] = [];

  add(from: number, to: number, place: number): void {
    const { flat } = this;
    const first = flat.length - 3;
    if (first < 0 || from > (flat[first + 1] as number) + NEAR || to < (flat[first] as number) - NEAR) {
      flat.push(from, to, place);
      return;
    }
    if (from < (flat[first] as number)) flat[first] = from;
    if (to > (flat[first + 1] as number)) flat[first + 1] = to;
    if (place > (flat[first + 2] as number)) flat[first + 2] = place;
  }
}

/** In order, joined where they are near. */
function joined(flat: readonly number[], length: number): Window[] {
  const all: Window[] = [];
  let isSorted = true;
  for (let i = 0; i < flat.length; i += 3) {
    const from = Math.max(0, flat[i] as number);
    if (i > 0 && from < (all[all.length - 1] as Window)[0]) isSorted = false;
    all.push([from, Math.min(length, (flat[i + 1] as number) + BESIDE), flat[i + 2] as number]);
  }
  if (all.length < 2) return all;
  if (!isSorted) all.sort((a, b) => a[0] - b[0]);
  const out: Window[] = [];
  for (const window of all) {
    const last = out[out.length - 1];
    if (last === undefined || window[0] > last[1] + NEAR) out.push(window);
    else out[out.length - 1] = [last[0], Math.max(last[1], window[1]), Math.max(last[2], window[2])];
  }
  return out;
}

/** Anchors of a rule as entries of the scanner: what is checked around each, and how far a match reaches from it. */

import { type Anchor, anchorsOf, wordAt } from './anchors.ts';
import { automatonAfter } from './automaton.ts';
import type { ByteSet } from './byte-set.ts';
import { foldedBytes } from './coded-text.ts';
import type { Check, PlaceEntry, TextEntry } from './image-parts.ts';
import { AHEAD, BEHIND } from './layout.ts';
import { parseRegex } from './parse-regex.ts';
import { areWord, placeSets } from './set-sequence.ts';
import { longestOf, type Node } from './syntax.ts';
import { chanceOfSet, chanceOfText } from './text-model.ts';

/** Where a match can lie around an anchor, in bytes from the start of its text; Infinity where there is no bound. */
export interface Extent {
  readonly reachBefore: number;
  readonly reachAfter: number;
}

export interface RuleEntries {
  readonly texts: readonly (TextEntry & Extent)[];
  readonly places: readonly (PlaceEntry & Extent)[];
  /** Longest match in bytes, Infinity where there is no bound. */
  readonly reach: number;
  /** 256 flags each: unless the text has a long run of one of these, the reach is as far as is said. */
  readonly runs: readonly Uint8Array[];
  /** Nothing is known to look for: the rule runs over every text. */
  readonly everywhere: boolean;
}

const CHECKED_BEFORE = 8;
const CHECKED_AFTER = 16;
/** A set of bytes that fits more often is not worth a look. */
const USUAL = 0.85;
/** Share of places in ordinary text from which on what follows a text is looked at by an automaton. */
const COMMON = 1e-8;
/** A match that may be longer has no bound: the rule then runs to the end of the text. */
const LONGEST_WINDOW = 1024 * 1024;

export function entriesOf(regex: string, folds: boolean): RuleEntries {
  const tree = parseRegex(regex);
  const anchors = tree === null ? null : anchorsOf(tree);
  const sets = new Set<ByteSet>();
  const reach = tree === null ? Number.POSITIVE_INFINITY : longestOf([tree], sets);
  const runs = [...sets].map(({ has }) => has);
  if (anchors === null) return { texts: [], places: [], reach, runs, everywhere: true };
  const automata = new Map<readonly Node[], Uint8Array | null>();
  return {
    texts: anchors.filter(({ text }) => text !== '').map((anchor) => textEntry(anchor, folds, automata)),
    places: anchors.filter(({ text }) => text === '').map(placeEntry),
    reach,
    runs,
    everywhere: false,
  };
}

function textEntry(anchor: Anchor, folds: boolean, automata: Map<readonly Node[], Uint8Array | null>) {
  const { text, before, after, windows, windowAt } = anchor;
  const checks = checksOf(anchor);
  let automaton: Uint8Array | null = null;
  if (chanceOfText(foldedBytes(text)) > COMMON) {
    automaton = automata.get(after) ?? automatonAfter(after);
    automata.set(after, automaton);
  }
  const extent = { reachBefore: reachOf(before), reachAfter: text.length + reachOf(after) };
  return { text, windows, windowAt, gate: false, folds, checks, automaton, ...extent };
}

function checksOf({ text, before, after }: Anchor): Check[] {
  const left = placeSets(before, CHECKED_BEFORE, { backwards: true, besideWord: wordAt(text, 0) });
  const right = placeSets(after, CHECKED_AFTER, { besideWord: wordAt(text, text.length - 1) });
  const all = [
    ...left.map((set, i) => ({ at: -1 - i, set })),
    ...right.map((set, i) => ({ at: text.length + i, set })),
  ].map((check) => ({ ...check, chance: chanceOfSet(check.set) }));
  return all.filter(({ chance }) => chance < USUAL).sort((a, b) => a.chance - b.chance);
}

function placeEntry({ before, after }: Anchor): PlaceEntry & Extent {
  const right = placeSets(after, AHEAD);
  const left = placeSets(before, BEHIND, { backwards: true, besideWord: areWord(right[0]) });
  const automaton = automatonAfter(after);
  return { before: left, after: right, automaton, ...extentOf(before, after) };
}

function extentOf(before: readonly Node[], after: readonly Node[]): Extent {
  return { reachBefore: reachOf(before), reachAfter: reachOf(after) };
}

function reachOf(nodes: readonly Node[]): number {
  const bytes = longestOf(nodes, new Set());
  return bytes <= LONGEST_WINDOW ? bytes : Number.POSITIVE_INFINITY;
}

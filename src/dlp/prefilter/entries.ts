/** Anchors of a rule as entries of the scanner: what is checked around each, and how far a match reaches from it. */

import { type Anchor, anchorsOf, wordAt } from './anchors.ts';
import type { ByteSet } from './byte-set.ts';
import { foldedBytes } from './coded-text.ts';
import type { Check, PlaceEntry, TextEntry } from './image-parts.ts';
import { AHEAD, BEHIND } from './layout.ts';
import { LazyAutomaton } from './lazy-automaton.ts';
import { parseRegex } from './parse-regex.ts';
import { type PackedPositions, positionsOf } from './positions.ts';
import { areWord, placeSets } from './set-sequence.ts';
import { longestOf, type Node } from './syntax.ts';
import { chanceOfSet, chanceOfText } from './text-model.ts';

/** Where a match can lie around an anchor, in bytes from the start of its text; Infinity where there is no bound. */
export interface Extent {
  readonly reachBefore: number;
  readonly reachAfter: number;
  /** Bytes of its text. */
  readonly length: number;
  /** Which sequence of the rule's `around` stands before it, and which after its text. */
  readonly before: number;
  readonly after: number;
}

/** What stands before the anchors of a rule, and after them. */
export interface Around {
  readonly before: PackedPositions;
  readonly after: PackedPositions;
}

export interface RuleEntries {
  readonly texts: readonly (TextEntry & { readonly extent: Extent })[];
  readonly places: readonly (PlaceEntry & { readonly extent: Extent })[];
  /** Null where nothing is known to look for. */
  readonly around: Around | null;
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
/** Of such an automaton; what is beyond is taken to fit. Its rows are known by sixteen bits: 128 are the most. */
const MOST_STATES = 96;
/** A match that may be longer has no bound: the rule then runs to the end of the text. */
const LONGEST_WINDOW = 1024 * 1024;

export function entriesOf(regex: string, folds: boolean): RuleEntries {
  const tree = parseRegex(regex);
  const anchors = tree === null ? null : anchorsOf(tree);
  const sets = new Set<ByteSet>();
  const reach = tree === null ? Number.POSITIVE_INFINITY : longestOf([tree], sets);
  const runs = [...sets].map(({ has }) => has);
  if (anchors === null) return { texts: [], places: [], around: null, reach, runs, everywhere: true };
  const sequences = { before: new Sequences(), after: new Sequences() };
  const extents = anchors.map((anchor) => extentOf(anchor, sequences));
  const around = { before: positionsOf(sequences.before.all, true), after: positionsOf(sequences.after.all) };
  const automata = new Automata(around.after);
  const all = anchors.map((anchor, i) => ({ anchor, extent: extents[i] as Extent }));
  return {
    texts: all
      .filter(({ anchor }) => anchor.text !== '')
      .map(({ anchor, extent }) => ({ ...textEntry(anchor, folds, () => automata.from(extent.after)), extent })),
    places: all
      .filter(({ anchor }) => anchor.text === '')
      .map(({ anchor, extent }) => ({ ...placeEntry(anchor, automata.from(extent.after)), extent })),
    around,
    reach,
    runs,
    everywhere: false,
  };
}

/** What may follow, as far as the inner loop looks at it; each made once. */
class Automata {
  readonly #after: PackedPositions;
  readonly #known = new Map<number, Uint8Array | null>();

  constructor(after: PackedPositions) {
    this.#after = after;
  }

  from(start: number): Uint8Array | null {
    let table = this.#known.get(start);
    if (table === undefined) {
      table = new LazyAutomaton(this.#after, { freeEdges: true, mostStates: MOST_STATES }).whole(start);
      this.#known.set(start, table);
    }
    return table;
  }
}

/** Numbered: anchors of one stretch have the same around them. */
class Sequences {
  readonly all: (readonly Node[])[] = [];
  readonly #numbers = new Map<readonly Node[], number>();

  numberOf(nodes: readonly Node[]): number {
    const known = this.#numbers.get(nodes) ?? this.#numbers.size;
    if (known === this.#numbers.size) {
      this.#numbers.set(nodes, known);
      this.all.push(nodes);
    }
    return known;
  }
}

function textEntry(anchor: Anchor, folds: boolean, follows: () => Uint8Array | null): TextEntry {
  const { text, windows, windowAt } = anchor;
  const checks = checksOf(anchor);
  const automaton = chanceOfText(foldedBytes(text)) > COMMON ? follows() : null;
  return { text, windows, windowAt, folds, checks, automaton };
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

function placeEntry({ before, after }: Anchor, automaton: Uint8Array | null): PlaceEntry {
  const right = placeSets(after, AHEAD);
  const left = placeSets(before, BEHIND, { backwards: true, besideWord: areWord(right[0]) });
  return { before: left, after: right, automaton };
}

function extentOf(
  { text, before, after }: Anchor,
  sequences: { readonly before: Sequences; readonly after: Sequences },
): Extent {
  return {
    reachBefore: reachOf(before),
    reachAfter: text.length + reachOf(after),
    length: text.length,
    before: sequences.before.numberOf(before),
    after: sequences.after.numberOf(after),
  };
}

function reachOf(nodes: readonly Node[]): number {
  const bytes = longestOf(nodes, new Set());
  return bytes <= LONGEST_WINDOW ? bytes : Number.POSITIVE_INFINITY;
}

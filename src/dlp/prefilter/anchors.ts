/**
 * What every match of a rule holds, so that it can be looked for without the expression: texts (after Russ Cox, "Regular
 * Expression Matching with a Trigram Index", 2012), or a place of which the bytes at and around it are known to be few.
 * Of all that would serve, what ordinary text holds least.
 */

import { classesOf, classOf } from './byte-classes.ts';
import { codedSet, cross, foldedBytes, textsOf } from './coded-text.ts';
import { areWord, OUTSIDE, type PlaceSet, placeSets } from './set-sequence.ts';
import type { Node } from './syntax.ts';
import { chanceBeside, chanceOfSet, chanceOfSets, chanceOfText } from './text-model.ts';

/** One of a rule's anchors: every match holds one of them. */
export interface Anchor {
  /** Coded; empty for a place that is known by its surroundings alone. */
  readonly text: string;
  /** What the match holds before it and after it. */
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  /** Three folded bytes of which one stands `windowAt` bytes after the start of the text; none for a bare place. */
  readonly windows: readonly string[];
  readonly windowAt: number;
}

interface Choice {
  readonly anchors: readonly Anchor[];
  /** Expected work for each byte of ordinary text, in nanoseconds. */
  readonly cost: number;
}

/** A hit of a window, a text that is there, a bare place that is looked at, one that fits: about, measured. */
const WINDOW_COST = 8;
const TEXT_COST = 80;
/** Places beside a text by which it is judged, and how little they may say: they do not stand there by themselves. */
const LOOKED_BEFORE = 4;
const LOOKED_AFTER = 8;
const LEAST_AROUND = 0.05;
const PLACE_COST = 6;
const FIT_COST = 500;
/** A text as cheap as that is taken before any bare place. */
const CHEAP = 0.2;
/** Beyond this nothing is saved. */
const HIGHEST_COST = 5;
/** Windows that a text shorter than three bytes is extended to. */
const MOST_WINDOWS = 64;
/** Copies of a repeated part that are looked at together. */
const MOST_COPIES = 8;
/** Bytes on each side by which a bare place is judged. */
const JUDGED = 8;

/** Null when nothing is known that every match must hold, or it is too common. */
export function anchorsOf(tree: Node): readonly Anchor[] | null {
  const choice = choose(tree, [], []);
  return choice === null || choice.cost > HIGHEST_COST ? null : choice.anchors;
}

function choose(node: Node, before: readonly Node[], after: readonly Node[]): Choice | null {
  switch (node.kind) {
    case 'edge':
      return null;
    case 'set':
      return best([...runs([node], before, after), place([node], 0, before, after)]);
    case 'cat': {
      const parts = flat(node.parts);
      const inside = parts.map((part, i) =>
        part.kind === 'alt' || part.kind === 'repeat'
          ? choose(part, [...before, ...parts.slice(0, i)], [...parts.slice(i + 1), ...after])
          : null,
      );
      const choice = best([...runs(parts, before, after), ...inside]);
      return choice !== null && choice.cost < CHEAP ? choice : best([choice, ...places(parts, before, after)]);
    }
    case 'alt':
      return alternatives(node.parts.map((part) => choose(part, before, after)));
    case 'repeat': {
      if (node.min === 0) return null;
      // Its first copies, and as many again on either side as there may be.
      const copies = Math.min(node.min, MOST_COPIES);
      const rest: Node = { kind: 'repeat', part: node.part, min: 0, max: node.max - copies };
      const part: Node = { kind: 'cat', parts: Array.from({ length: copies }, () => node.part) };
      const inside = choose(part, [...before, rest], [rest, ...after]);
      // A bare place that is met at every copy is none.
      return best([...runs([node], before, after), inside?.anchors.every(({ text }) => text !== '') ? inside : null]);
    }
  }
}

function flat(parts: readonly Node[]): readonly Node[] {
  return parts.flatMap((part) => (part.kind === 'cat' ? flat(part.parts) : [part]));
}

/** Each of them has to be looked for. */
function alternatives(choices: readonly (Choice | null)[]): Choice | null {
  const all = choices.flatMap((choice) => (choice === null ? [] : [choice]));
  if (all.length < choices.length) return null;
  return { anchors: all.flatMap(({ anchors }) => anchors), cost: all.reduce((sum, { cost }) => sum + cost, 0) };
}

function best(choices: readonly (Choice | null)[]): Choice | null {
  return choices.reduce((a, b) => (b !== null && (a === null || b.cost < a.cost) ? b : a), null);
}

/** Stretches of the sequence that match few texts, as long as they stay few. */
function runs(parts: readonly Node[], before: readonly Node[], after: readonly Node[]): Choice[] {
  const out: Choice[] = [];
  let reached = -1;
  for (let from = 0; from < parts.length; from += 1) {
    const { texts, to } = longestRun(parts, from);
    // One that ends where an earlier one does is the worse.
    if (to <= reached || texts.includes('')) continue;
    reached = to;
    const around = [
      [...before, ...parts.slice(0, from)],
      [...parts.slice(to), ...after],
    ] as const;
    const choice = alternatives(texts.map((text) => textAnchor(text, ...around)));
    if (choice !== null) out.push(choice);
  }
  return out;
}

/** What an edge says of the bytes beside it would be lost inside, so that none is the first or the last of a run. */
function longestRun(parts: readonly Node[], from: number): { readonly texts: readonly string[]; readonly to: number } {
  let texts: readonly string[] = [''];
  let to = from;
  if (parts[from]?.kind === 'edge') return { texts, to };
  for (; to < parts.length; to += 1) {
    const more = textsOf(parts[to] as Node);
    const joined = more === null ? null : cross(texts, more);
    if (joined === null) break;
    texts = joined;
  }
  while (parts[to - 1]?.kind === 'edge') to -= 1;
  return { texts, to };
}

function textAnchor(text: string, before: readonly Node[], after: readonly Node[]): Choice | null {
  const folded = foldedBytes(text);
  const windows = folded.length >= 3 ? rarestWindow(text, before, after) : extended(text, before, after);
  if (windows === null) return null;
  const read = chanceOfText(folded) * caseChance(text) * Math.max(LEAST_AROUND, chanceAround(text, before, after));
  const cost = windows.chance * WINDOW_COST + read * TEXT_COST;
  return { anchors: [{ text, before, after, windows: windows.texts, windowAt: windows.at }], cost };
}

/** How often what may stand around the text does, each place by itself. */
function chanceAround(text: string, before: readonly Node[], after: readonly Node[]): number {
  const left = placeSets(before, LOOKED_BEFORE, { backwards: true, besideWord: wordAt(text, 0) });
  const right = setsAfter(text, after, LOOKED_AFTER);
  return [...left, ...right].reduce((product, set) => product * chanceOfSet(set), 1);
}

/** Capitals that have to be capitals are rarer than the folded text says. */
function caseChance(text: string): number {
  return [...text].reduce((p, c) => p * (/[A-Z]/.test(c) ? 0.3 : 1), 1);
}

export interface Windows {
  readonly texts: readonly string[];
  readonly at: number;
  /** How often ordinary text holds one of them, with what may be beside it. */
  readonly chance: number;
}

/** Of the windows of a text of three bytes or more the one that is met least, with the bytes beside it. */
export function rarestWindow(text: string, before: readonly Node[], after: readonly Node[]): Windows {
  const folded = foldedBytes(text);
  const [left, right] = [classesBefore(text, before), classesOf(setsAfter(text, after, 1)[0])];
  let at = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 3 <= folded.length; i += 1) {
    const window = folded.subarray(i, i + 3);
    const chance = chanceOfWindow(window, [
      i === 0 ? left : classOf(folded[i - 1] as number),
      i + 3 === folded.length ? right : classOf(folded[i + 3] as number),
    ]);
    if (chance < least) {
      least = chance;
      at = i;
    }
  }
  return { texts: [String.fromCharCode(...folded.subarray(at, at + 3))], at, chance: least };
}

function chanceOfWindow(window: Uint8Array, [before, after]: readonly [number, number]): number {
  const [first, , last] = window as unknown as readonly [number, number, number];
  return chanceOfText(window) * chanceBeside(first, before, 'before') * chanceBeside(last, after, 'after');
}

/** A short text with each of the bytes that may follow it. */
function extended(text: string, before: readonly Node[], after: readonly Node[]): Windows | null {
  const folded = foldedBytes(text);
  const missing = 3 - folded.length;
  const sets = placeSets(after, missing);
  if (sets.length < missing || sets.some((set) => set[OUTSIDE])) return null;
  let texts = [String.fromCharCode(...folded)];
  for (const set of sets) {
    const next = codedSet(foldedSet(set), MOST_WINDOWS);
    if (next === null || next.length * texts.length > MOST_WINDOWS) return null;
    texts = texts.flatMap((text) => next.map((c) => text + c));
  }
  const beside = [classesBefore(text, before), classesOf(setsAfter(text, after, missing + 1)[missing])] as const;
  const chance = texts.reduce((sum, window) => sum + chanceOfWindow(foldedBytes(window), beside), 0);
  return { texts, at: 0, chance };
}

function classesBefore(text: string, before: readonly Node[]): number {
  return classesOf(placeSets(before, 1, { backwards: true, besideWord: wordAt(text, 0) })[0]);
}

function setsAfter(text: string, after: readonly Node[], depth: number): readonly PlaceSet[] {
  return placeSets(after, depth, { besideWord: wordAt(text, text.length - 1) });
}

function foldedSet(set: PlaceSet): Uint8Array {
  const out = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte += 1) if (set[byte]) out[byte >= 65 && byte <= 90 ? byte | 32 : byte] = 1;
  return out;
}

/** The start of the sequence, and each single byte of it that ordinary text holds rarely. */
function places(parts: readonly Node[], before: readonly Node[], after: readonly Node[]): (Choice | null)[] {
  // What only says what may stand before is no place to begin.
  const start = parts.findIndex((part) => part.kind !== 'edge' && !isContext(part));
  return parts.flatMap((part, i) => {
    const single = part.kind === 'set' && codedSet(part.set.has, 2)?.length === 1;
    return i === start || single ? [place(parts, i, before, after)] : [];
  });
}

type PlaceKind = 'free' | 'number' | 'edge';

/** How much the byte before tells: nothing, or that it is no letter, or no digit either. */
function startKind(before: PlaceSet | undefined): PlaceKind {
  const has = (c: string) => before === undefined || before[c.charCodeAt(0)] === 1;
  if (has('A') || has('a') || has('e')) return 'free';
  return has('0') ? 'number' : 'edge';
}

/** `(?:^|[^…])`. */
function isContext(node: Node): boolean {
  return node.kind === 'alt' && node.parts.some((part) => part.kind === 'edge' && part.of === 'start');
}

function place(parts: readonly Node[], at: number, before: readonly Node[], after: readonly Node[]): Choice | null {
  const outside = { before: [...before, ...parts.slice(0, at)], after: [...parts.slice(at), ...after] };
  const right = placeSets(outside.after, JUDGED);
  const left = placeSets(outside.before, 1, { backwards: true, besideWord: areWord(right[0]) });
  // The end of the text is no place that is come by.
  if (right.length === 0 || right[0]?.[OUTSIDE]) return null;
  // What stands before is only looked at first where that tells much.
  const seen = startKind(left[0]) === 'free' ? [] : left;
  const shown = chanceOfSets([...seen, ...right.slice(0, 1)]);
  const cost = shown * PLACE_COST + chanceOfSets([...left, ...right]) * FIT_COST;
  return { anchors: [{ text: '', ...outside, windows: [], windowAt: 0 }], cost };
}

/** Whether a text begins, or ends, with a part of a word. */
export function wordAt(text: string, at: number): boolean {
  return text !== '' && /\w/.test(String.fromCharCode(text.charCodeAt(at) & 255));
}

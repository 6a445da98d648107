/**
 * Words without which a rule does not count, wherever in the text they stand. They are usual, and hardly any text holds what else such
 * a rule asks for: so they are looked for by themselves, and only for a rule that would be tried.
 */

import type { CompiledRule } from '../compiled-rule.ts';
import { rarestWindow } from './anchors.ts';
import { foldedBytes, inEitherCase } from './coded-text.ts';
import type { RuleEntries } from './entries.ts';
import { type Image, makeImage } from './image.ts';
import type { TextEntry } from './image-parts.ts';
import { MOST_TEXT } from './layout.ts';
import { type Engine, Prefilter, placesOf } from './prefilter.ts';

/** Shortest keyword that is a condition. */
export const SHORTEST_KEYWORD = 3;
/** Bytes that are searched together: most texts hold what is asked for near their beginning. */
const PIECE = 64 * 1024;
/** Longest keyword that a rule file may have, in bytes. */
const LONGEST = 64 * 4;

/** What is kept of them, and goes to other threads. */
export interface KeywordTables {
  readonly image: Image;
  /** By entry of the image: a word in lower case, and the numbers of the rules that it lets run. */
  readonly words: readonly { readonly word: Uint8Array; readonly rules: readonly number[] }[];
}

export class Keywords {
  readonly tables: KeywordTables;
  readonly #prefilter: Prefilter;

  constructor(tables: KeywordTables, engine?: Engine) {
    this.tables = tables;
    this.#prefilter = new Prefilter(tables.image, engine);
  }

  /** Tells of a rule, by its number, whether a keyword of it is in the text, letters of ASCII in either case; reads no more than it must. */
  in(text: Uint8Array): (rule: number) => boolean {
    const open = new Set<number>();
    let from = 0;
    return (rule) => {
      for (; from < text.length && !open.has(rule); from += PIECE)
        this.#take(text.subarray(from, from + PIECE + LONGEST), open);
      return open.has(rule);
    };
  }

  /** Where they stand, or what begins like one. */
  placesIn(text: Uint8Array): readonly number[] {
    return placesOf(this.#prefilter.scan(text));
  }

  #take(text: Uint8Array, open: Set<number>): void {
    const { numbers, count } = this.#prefilter.scan(text);
    for (let i = 0; i < 2 * count; i += 2) {
      const { word, rules } = this.tables.words[numbers[i] as number] as KeywordTables['words'][number];
      if (rules.some((rule) => !open.has(rule)) && holds(text, numbers[i + 1] as number, word))
        for (const rule of rules) open.add(rule);
    }
  }
}

/** Of these rules, those that ask for one; their numbers are their places in the list. */
export function keywordsOf(rules: readonly (CompiledRule | null)[], engine?: Engine): Keywords {
  const all = new Map<string, number[]>();
  for (const [number, rule] of rules.entries())
    for (const word of rule?.keywords ?? []) {
      const key = word.toString('latin1');
      all.set(key, [...(all.get(key) ?? []), number]);
    }
  const image = makeImage([...all.keys()].map(entryOf), []);
  const words = [...all].map(([word, numbers]) => ({ word: Buffer.from(word, 'latin1'), rules: numbers }));
  return new Keywords({ image, words }, engine);
}

/** Whether a rule asks for its keywords. One too short for it is no condition worth having, nor is one in every anchor. */
export function asksForKeywords({ keywords }: CompiledRule, { texts, places, everywhere }: RuleEntries): boolean {
  const words = keywords.map((word) => word.toString('latin1'));
  if (words.length === 0 || words.some((word) => word.length < SHORTEST_KEYWORD)) return false;
  if (everywhere || places.length > 0) return true;
  return !texts.every(({ text }) => {
    const folded = String.fromCharCode(...foldedBytes(text));
    return words.some((word) => folded.includes(word));
  });
}

/** As much of it as is compared at once. */
function entryOf(word: string): TextEntry {
  const text = inEitherCase(Buffer.from(word, 'latin1')).slice(0, MOST_TEXT);
  const { texts: windows, at: windowAt } = rarestWindow(text, [], []);
  return { text, windows, windowAt, folds: false, checks: [], automaton: null };
}

function holds(text: Uint8Array, at: number, word: Uint8Array): boolean {
  if (at + word.length > text.length) return false;
  for (let i = MOST_TEXT; i < word.length; i += 1) {
    const byte = text[at + i] as number;
    if ((byte >= 65 && byte <= 90 ? byte | 32 : byte) !== word[i]) return false;
  }
  return true;
}

/**
 * Literals of which every match holds at least one, read from the tree of the regular expression: after Russ Cox,
 * "Regular Expression Matching with a Trigram Index" (2012). Literals are folded to lower case.
 */

import type { Node } from './syntax.ts';

interface Facts {
  /** Every string that it matches, when they are few; null when they are not. */
  readonly exact: readonly string[] | null;
  /** Strings of which each match holds one; null when nothing is known. */
  readonly required: readonly string[] | null;
}

const MOST_STRINGS = 32;
const MOST_LENGTH = 24;

/** Null when there is nothing that every match must hold. Strings are latin1: one character a byte. */
export function requiredLiterals(tree: Node): readonly string[] | null {
  const facts = factsOf(tree);
  return better(facts.exact, facts.required);
}

function factsOf(node: Node): Facts {
  switch (node.kind) {
    case 'set':
      return { exact: stringsOf(node.set), required: null };
    case 'edge':
      return { exact: [''], required: null };
    case 'alt':
      return alternatives(node.parts.map(factsOf));
    case 'cat':
      return sequence(node.parts.map(factsOf));
    case 'repeat':
      return repeated(factsOf(node.part), node.min, node.max);
  }
}

function stringsOf({ has, wide }: { readonly has: Uint8Array; readonly wide: boolean }): string[] | null {
  if (wide) return null;
  const out = new Set<string>();
  for (let byte = 0; byte < 256; byte += 1) {
    if (has[byte]) out.add(String.fromCharCode(byte >= 65 && byte <= 90 ? byte | 32 : byte));
    if (out.size > 4) return null;
  }
  return [...out];
}

function alternatives(parts: readonly Facts[]): Facts {
  const all = parts.flatMap((part) => part.exact ?? []);
  const exact = parts.every((part) => part.exact !== null) && all.length <= MOST_STRINGS ? [...new Set(all)] : null;
  const best = parts.map((part) => better(part.exact, part.required));
  const required = best.every((set) => set !== null) ? [...new Set(best.flat())] : null;
  return { exact, required: required && required.length <= MOST_STRINGS * 2 ? required : null };
}

function sequence(parts: readonly Facts[]): Facts {
  let run: readonly string[] = [''];
  let whole = true;
  let required: readonly string[] | null = null;
  for (const { exact, required: own } of parts) {
    const joined = exact === null ? null : cross(run, exact);
    if (joined !== null) {
      run = joined;
      continue;
    }
    whole = false;
    required = better(better(required, run), better(own, exact));
    run = exact ?? [''];
  }
  return { exact: whole ? run : null, required: whole ? null : better(required, run) };
}

function repeated(part: Facts, min: number, max: number): Facts {
  if (min === 0) return { exact: max === 1 && part.exact ? [...new Set(['', ...part.exact])] : null, required: null };
  let exact: readonly string[] | null = min === max ? [''] : null;
  for (let i = 0; i < min && exact !== null; i += 1) exact = part.exact === null ? null : cross(exact, part.exact);
  return { exact, required: better(part.exact, part.required) };
}

function cross(a: readonly string[], b: readonly string[]): readonly string[] | null {
  if (a.length * b.length > MOST_STRINGS) return null;
  const out = a.flatMap((x) => b.map((y) => x + y));
  return out.some((text) => text.length > MOST_LENGTH) ? null : out;
}

/** The set whose shortest string is longer; of equals, the smaller set. A set with an empty string says nothing. */
function better(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  return worth(a) >= worth(b) ? (worth(a) > 0 ? a : null) : b;
}

function worth(set: readonly string[] | null): number {
  if (set === null || set.length === 0) return 0;
  const shortest = Math.min(...set.map((text) => text.length));
  return shortest === 0 ? 0 : Math.min(shortest, 8) - set.length / 200;
}

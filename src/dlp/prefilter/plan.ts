/** How a set of rules is searched for: by literals, by first bytes, by a rare byte, or over the whole text. */

import type { CompiledRule } from '../compiled-rule.ts';
import { ByteGuard, type BytePrefix, bytePrefix } from './byte-guard.ts';
import { LiteralScanner, SHORTEST_LITERAL } from './literal-scanner.ts';
import { foldsBeyondAscii, parseRegex } from './parse-regex.ts';
import { requiredLiterals } from './required-literals.ts';
import { longest } from './syntax.ts';

/** Bytes that text holds rarely enough to look for one by one. */
const RARE_BYTES = new Set([...'@+~$#^|\\`'].map((c) => c.charCodeAt(0)));
/** A rule whose matches may be longer than this runs over the whole text once it is anchored anywhere. */
const LONGEST_WINDOW = 4096;

export interface RulePlan {
  readonly rule: CompiledRule;
  /** Longest match in bytes; Infinity when it has to run over the whole text. */
  readonly reach: number;
  /** Whether one of its keywords has to be found in the text beside its anchor. */
  readonly gated: boolean;
  /** Whether RE2 may match it by letters beyond ASCII that fold to `k` or `s`. */
  readonly folds: boolean;
  readonly by: 'literal' | 'byte' | 'prefix' | 'everything';
}

export interface ScanPlan {
  readonly rules: readonly RulePlan[];
  readonly literals: LiteralScanner;
  /** Rules of each literal of the scanner, by index. */
  readonly literalRules: readonly (readonly number[])[];
  /** Rules that each literal, as a keyword, lets run. */
  readonly literalGates: readonly (readonly number[])[];
  /** Rules that hold one of these bytes in every match. */
  readonly rareBytes: readonly { readonly byte: number; readonly rules: readonly number[] }[];
  readonly guard: ByteGuard;
  /** The rule of each prefix of the guard, by index. */
  readonly prefixRules: readonly number[];
}

export function makePlan(rules: readonly CompiledRule[]): ScanPlan {
  const draft = new Draft();
  const plans = rules.map((rule, index) => draft.add(rule, index));
  const literals = [...draft.literals.values()];
  return {
    rules: plans,
    literals: new LiteralScanner([...draft.literals.keys()]),
    literalRules: literals.map(({ anchors }) => [...anchors]),
    literalGates: literals.map(({ gates }) => [...gates]),
    rareBytes: [...draft.rare].map(([byte, of]) => ({ byte, rules: [...of] })),
    guard: new ByteGuard(draft.prefixes.map(({ prefix }) => prefix)),
    prefixRules: draft.prefixes.map(({ rule }) => rule),
  };
}

interface Uses {
  readonly anchors: Set<number>;
  readonly gates: Set<number>;
}

class Draft {
  readonly literals = new Map<string, Uses>();
  readonly rare = new Map<number, Set<number>>();
  readonly prefixes: { readonly rule: number; readonly prefix: BytePrefix }[] = [];

  add(rule: CompiledRule, index: number): RulePlan {
    const { reach, folds, required, prefix } = factsOf(rule);
    const common = { rule, reach, folds };
    if (required !== null && areLong(required)) {
      for (const text of required) this.#uses(text).anchors.add(index);
      return { ...common, gated: !implied(rule, required) && this.#gate(rule, index), by: 'literal' };
    }
    if (required?.every((text) => [...text].some(isRare))) {
      for (const text of required) this.#watch([...text].find(isRare)?.charCodeAt(0) ?? 0, index);
      return { ...common, gated: !implied(rule, required) && this.#gate(rule, index), by: 'byte' };
    }
    const gated = this.#gate(rule, index);
    if (prefix === null) return { ...common, gated, by: 'everything' };
    this.prefixes.push({ rule: index, prefix });
    return { ...common, gated, by: 'prefix' };
  }

  /** Has the scanner look for the keywords of the rule. One too short for it is no condition worth having. */
  #gate(rule: CompiledRule, index: number): boolean {
    const words = rule.keywords.map((word) => word.toString('latin1'));
    if (words.length === 0 || words.some((word) => word.length < SHORTEST_LITERAL)) return false;
    for (const word of words) this.#uses(word).gates.add(index);
    return true;
  }

  #uses(text: string): Uses {
    const known = this.literals.get(text) ?? { anchors: new Set<number>(), gates: new Set<number>() };
    this.literals.set(text, known);
    return known;
  }

  #watch(byte: number, index: number): void {
    const known = this.rare.get(byte) ?? new Set<number>();
    this.rare.set(byte, known.add(index));
  }
}

const areLong = (literals: readonly string[]): boolean => literals.every((text) => text.length >= SHORTEST_LITERAL);

interface RuleFacts {
  readonly reach: number;
  readonly folds: boolean;
  readonly required: readonly string[] | null;
  readonly prefix: BytePrefix | null;
}

/** What follows from an expression alone, kept for as long as its rule is: most rules stay over a reload. */
const facts = new WeakMap<CompiledRule, RuleFacts>();

function factsOf(rule: CompiledRule): RuleFacts {
  const known = facts.get(rule) ?? derive(rule.spec.regex);
  facts.set(rule, known);
  return known;
}

function derive(regex: string): RuleFacts {
  const tree = parseRegex(regex);
  const bytes = tree === null ? Number.POSITIVE_INFINITY : longest(tree);
  const required = tree === null ? null : requiredLiterals(tree);
  return {
    reach: bytes <= LONGEST_WINDOW ? bytes : Number.POSITIVE_INFINITY,
    folds: foldsBeyondAscii(regex),
    required,
    // Only looked at where literals do not serve.
    prefix: tree === null || (required !== null && areLong(required)) ? null : bytePrefix(tree),
  };
}

const isRare = (c: string): boolean => RARE_BYTES.has(c.charCodeAt(0));

/** Any anchor holds a keyword, so none need be looked for. */
function implied(rule: CompiledRule, anchors: readonly string[]): boolean {
  const words = rule.keywords.map((word) => word.toString('latin1'));
  return words.length === 0 || anchors.every((anchor) => words.some((word) => anchor.includes(word)));
}

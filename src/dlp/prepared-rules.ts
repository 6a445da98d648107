/**
 * Rules as they are after everything that can be done ahead of time: read, tested, and what to look for derived. Set-up
 * does it for the rules that are shipped, so that a start need not: it costs seconds, and the outcome follows from the
 * texts alone. Plain data throughout; it is kept and read elsewhere.
 */

import type { CompiledRule } from './compiled-rule.ts';
import type { RuleSet } from './compiled-rules.ts';
import type { RuleEntries } from './prefilter/entries.ts';
import { derivedEntries } from './prefilter/plan.ts';
import type { RuleSpec } from './rule-schema.ts';

/** A rule of a file that passed its tests, and the line it stands on. */
export interface PreparedRule {
  readonly spec: RuleSpec;
  readonly line: number;
}

export interface PreparedRules {
  /** By the key of a file: its path and the digest of its text. */
  readonly files: ReadonlyMap<string, readonly PreparedRule[]>;
  /** By expression. */
  readonly entries: ReadonlyMap<string, RuleEntries>;
}

/** What to keep of a set whose rules were all tested, for when a file of it is edited. */
export function prepare({ byFile, rules }: RuleSet): PreparedRules {
  const plain = ({ spec, line }: CompiledRule): PreparedRule => ({ spec, line });
  return {
    files: new Map([...byFile].map(([key, of]) => [key, of.map(plain)])),
    entries: derivedEntries(rules),
  };
}

/** The set of rules that is in force, with how they are searched for together. */

import type { CompiledRule } from './compiled-rule.ts';
import type { ScanPlan } from './prefilter/plan.ts';

export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

export interface RuleSet {
  /** SHA-256, hex, over paths and contents. */
  readonly digest: string;
  readonly rules: readonly CompiledRule[];
  readonly byId: ReadonlyMap<string, CompiledRule>;
  /** The rules of each file, by the SHA-256 of its path and text. */
  readonly byFile: ReadonlyMap<string, readonly CompiledRule[]>;
  /** How the rules are searched for together. */
  readonly plan: ScanPlan;
}

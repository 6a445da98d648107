/** A rule that was compiled and passed its tests. */

import type RE2 from 're2';
import type { PathPattern } from './json-path.ts';
import type { RuleSpec } from './rule-schema.ts';
import type { Validator } from './validators/validator.ts';

export interface CompiledRule {
  readonly spec: RuleSpec;
  /** Global, with indices: offsets in bytes on Buffers. */
  readonly regex: RE2;
  /** Lower-case ASCII; empty when the rule has none. */
  readonly keywords: readonly Buffer[];
  readonly validators: readonly Validator[];
  /** All of them true: the finding is very likely, whatever the rule says. */
  readonly confirm: readonly Validator[];
  /** Any of them, tested on the secret. Not global. */
  readonly allowRegexes: readonly RE2[];
  /** Likewise, on the line up to the secret. */
  readonly allowBefore: readonly RE2[];
  /** Places in JSON where it finds nothing. */
  readonly allowPaths: readonly PathPattern[];
  readonly file: string;
  readonly line: number;
}

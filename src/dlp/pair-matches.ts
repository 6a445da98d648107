/** What rules find in values that stand apart from their names, once they are told behind them. */

import type { RuleSet } from './compiled-rules.ts';
import { pairsOf } from './layers/pairs.ts';
import type { Candidate, ScanContext } from './scan.ts';
import type { Shapes } from './survey/survey.ts';
import { inValues, toldOf } from './told-values.ts';

/** Candidates that lie in one value each, where they stand in the text. */
export function pairMatches(text: Buffer, set: RuleSet, context: ScanContext, shapes: Shapes): Candidate[] {
  const { plain, pairs } = pairsOf(text, shapes);
  return inValues(text, toldOf(plain, pairs), set, context);
}

/** What a profile asks of the guard. The shape of a profile's `guard` section. */

import type { Likelihood } from '../core/finding.ts';

export interface GuardSettings {
  /** `enforce` acts on findings, `observe` only records them. */
  readonly request: 'enforce' | 'observe';
  readonly result: 'enforce' | 'observe';
  /** Findings below this are recorded and not acted on. */
  readonly minLikelihood: Likelihood;
  /** What happens to a body that cannot be scanned within bounds. */
  readonly unscannable: 'block' | 'pass';
  /** Rule ids or info types that are left alone. */
  readonly ignore: readonly string[];
}

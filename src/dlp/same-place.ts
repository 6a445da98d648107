/**
 * Two rules that find the very same place: one knows whose secret it is, the other only that a name beside it says secret.
 * The one that knows is kept, and what the other is surer of counts for it.
 */

import { LIKELIHOODS, type Likelihood } from '../core/finding.ts';
import type { CompiledRule } from './compiled-rule.ts';

interface Placed {
  readonly rule: CompiledRule;
  readonly start: number;
  readonly end: number;
  readonly likelihood: Likelihood;
}

/** Types that say nothing of whose secret it is. */
const UNTOLD = new Set(['GENERIC_SECRET', 'AUTH_TOKEN', 'PASSWORD']);
/** What is less likely than this says too little to name another's finding. */
const LEAST = LIKELIHOODS.indexOf('POSSIBLE');

/** The candidates themselves where no two share a place in this way. */
export function bestNamed<C extends Placed>(found: C[]): C[] {
  const surest = new Map<number, C>();
  for (const one of found) {
    if (!isUntold(one)) continue;
    const known = surest.get(placeOf(one));
    if (known === undefined || rank(one) > rank(known)) surest.set(placeOf(one), one);
  }
  if (surest.size === 0) return found;
  const named = new Set(found.filter((one) => isTold(one) && surest.has(placeOf(one))).map(placeOf));
  if (named.size === 0) return found;
  return found
    .filter((one) => !isUntold(one) || !named.has(placeOf(one)))
    .map((one) => {
      const other = isTold(one) ? surest.get(placeOf(one)) : undefined;
      return other !== undefined && rank(other) > rank(one) ? { ...one, likelihood: other.likelihood } : one;
    });
}

function isTold(one: Placed): boolean {
  return one.rule.spec.kind === 'secret' && !isUntold(one) && rank(one) >= LEAST;
}

function isUntold({ rule }: Placed): boolean {
  return rule.spec.kind === 'secret' && UNTOLD.has(rule.spec.info_type);
}

/** One number for both ends: no secret is as long as this. */
function placeOf({ start, end }: Placed): number {
  return start * 2 ** 20 + (end - start);
}

function rank({ likelihood }: Placed): number {
  return LIKELIHOODS.indexOf(likelihood);
}

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
  const untold = found.filter(isUntold);
  if (untold.length === 0 || untold.length === found.length) return found;
  const surest = new Map<string, C>();
  for (const one of untold) {
    const known = surest.get(placeOf(one));
    if (known === undefined || rank(one) > rank(known)) surest.set(placeOf(one), one);
  }
  const named = new Set<string>();
  const out = found.map((one) => {
    const other = surest.get(placeOf(one));
    if (other === undefined || isUntold(one) || one.rule.spec.kind !== 'secret' || rank(one) < LEAST) return one;
    named.add(placeOf(one));
    return rank(other) > rank(one) ? { ...one, likelihood: other.likelihood } : one;
  });
  return named.size === 0 ? found : out.filter((one) => !isUntold(one) || !named.has(placeOf(one)));
}

function isUntold({ rule }: Placed): boolean {
  return rule.spec.kind === 'secret' && UNTOLD.has(rule.spec.info_type);
}

function placeOf({ start, end }: Placed): string {
  return `${start}-${end}`;
}

function rank({ likelihood }: Placed): number {
  return LIKELIHOODS.indexOf(likelihood);
}

/** What an admission policy may not say although Cedar takes it: a permit of everything, and conditions that never hold. */

import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { didYouMean } from '../../core/nearest.ts';
import type { Problem } from '../../core/result.ts';
import type { AdmissionPolicy } from './admission-policy.ts';
import { type Comparison, comparisonsIn, demandsOf } from './cedar-terms.ts';

export function admissionProblems(admission: AdmissionPolicy, classes: ReadonlyMap<string, unknown>): Problem[] {
  return [...admission.parsed].flatMap(([id, policy]) => {
    const place = admission.places.get(id) ?? { file: 'policy', line: 0 };
    return [...clausesOf(policy, classes)].map((clause) => ({
      ...place,
      column: 1,
      message: `policy \`${id}\`: ${clause}`,
    }));
  });
}

function* clausesOf(policy: PolicyJson, classes: ReadonlyMap<string, unknown>): Generator<string> {
  const { effect, action } = policy;
  const many = action.op === 'All' || (action.op === 'in' && 'entities' in action && action.entities.length > 1);
  if (effect === 'permit' && many) yield 'a permit of every action is a catch-all; name the action';
  if (effect === 'forbid' && bindsAll(policy))
    yield 'it forbids everything, so no permit is reachable; add a condition';
  const { demands, never } = demandsOf(policy);
  if (never) yield 'its condition never holds, so it is unreachable; remove it';
  else yield* contradictions(demands);
  const named = comparisonsIn(policy).filter(({ attribute }) => attribute === 'class');
  for (const name of new Set(named.flatMap(({ values }) => values.map(String)))) {
    if (!classes.has(name)) yield `class \`${name}\` is not defined; ${didYouMean(name, classes.keys())}`;
  }
}

/** Nothing narrows it: whoever asks for whatever. */
function bindsAll({ principal, resource, conditions }: PolicyJson): boolean {
  const open = ({ op }: { op: string }, whole: string, type?: string) =>
    op === 'All' || (op === 'is' && type === whole);
  const who = open(principal, 'Caller', 'entity_type' in principal ? principal.entity_type : undefined);
  return who && resource.op === 'All' && conditions.length === 0;
}

function* contradictions(demands: readonly Comparison[]): Generator<string> {
  if (bounded(demands, 'risk', 0, 100)) yield 'no risk meets its condition, so it is unreachable; correct the bounds';
  if (bounded(demands, 'capability_risk', 1, 4))
    yield 'no capability has a risk that meets its condition (1 to 4), so it is unreachable; correct the bounds';
  for (const attribute of ['class', 'kind', 'tenant', 'profile']) {
    if (nothingLeft(demands.filter((one) => one.attribute === attribute)))
      yield `no ${attribute} meets its condition, so it is unreachable; correct it`;
  }
}

/** True when no whole number from `least` to `most` meets every demand. */
function bounded(demands: readonly Comparison[], attribute: string, least: number, most: number): boolean {
  let [low, high] = [least, most];
  for (const one of demands) {
    const [bound] = one.values;
    if (one.attribute !== attribute || typeof bound !== 'number') continue;
    if (one.sign === '==' || one.sign === '>=') low = Math.max(low, bound);
    if (one.sign === '>') low = Math.max(low, bound + 1);
    if (one.sign === '==' || one.sign === '<=') high = Math.min(high, bound);
    if (one.sign === '<') high = Math.min(high, bound - 1);
  }
  return low > high;
}

/** True when what must be one of some values can be none of them. */
function nothingLeft(demands: readonly Comparison[]): boolean {
  let left: Set<unknown> | null = null;
  for (const { sign, values } of demands) {
    if (sign !== '==' && sign !== 'contains') continue;
    left = left === null ? new Set(values) : new Set(values.filter((value) => left?.has(value)));
  }
  for (const { sign, values } of demands) if (sign === '!=') left?.delete(values[0]);
  return left !== null && left.size === 0;
}

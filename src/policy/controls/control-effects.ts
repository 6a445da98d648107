/**
 * What a change of controls ends: the facts whose dependants must go (flows are cut, cached decisions die), and the
 * facts about which decisions must merely be made again. Derived from the two states, so that a change, its undo and
 * its expiry are all treated alike.
 */

import {
  type ControlMark,
  type Controls,
  type HostOverride,
  killedOf,
  killName,
  markUnder,
} from '../../core/controls.ts';
import { type Fact, fact, factParts } from '../../core/fact.ts';

export interface Ended {
  readonly facts: readonly Fact[];
  /** Only what belongs to this tenant; null: everyone's. */
  readonly tenant: string | null;
}

export interface ControlEffects {
  /** Flows that depend on these are cut. */
  readonly cut: readonly Ended[];
  /** Leave that an operator gave and that is over: flows on it are judged again, and cut when nothing else allows them. */
  readonly rejudge: readonly Ended[];
  /** Cached decisions that depend on these are dropped. */
  readonly forget: readonly Ended[];
}

type Marks = Readonly<Record<string, ControlMark>>;

export function controlEffects(before: Controls, after: Controls): ControlEffects {
  const cut: Ended[] = [];
  const rejudge: Ended[] = [];
  const forget: Ended[] = [];
  const closing = [
    ['category', before.blockedCategories, after.blockedCategories],
    ['capability', before.revokedCapabilities, after.revokedCapabilities],
    ['tenant', before.quarantinedTenants, after.quarantinedTenants],
    ['task', before.killedTasks, after.killedTasks],
    ['pass', before.revokedPasses, after.revokedPasses],
  ] as const;
  for (const [kind, was, is] of closing) {
    for (const name of changedNames(was, is)) {
      const ended = kind === 'task' ? killed(name) : { facts: [fact(kind, name)], tenant: null };
      (Object.hasOwn(is, name) ? cut : forget).push(ended);
    }
  }
  for (const name of changedNames(before.unblockedCategories, after.unblockedCategories)) {
    const old = markUnder(before.unblockedCategories, name);
    if (old) rejudge.push({ facts: [fact('controls', old.change)], tenant: null });
    forget.push({ facts: [fact('category', name)], tenant: null });
  }
  overrideEffects(before, after, { cut, rejudge, forget });
  return { cut, rejudge, forget };
}

/** Facts that a change ended, as its receipt has them: a killed task with its tenant. */
export function endedFacts({ cut, rejudge }: Pick<ControlEffects, 'cut' | 'rejudge'>): readonly Fact[] {
  return [...cut, ...rejudge].flatMap(({ facts, tenant }) =>
    facts.map((one) => {
      const { kind, value } = factParts(one);
      return kind === 'task' ? fact(kind, killName({ task: value, tenant })) : one;
    }),
  );
}

/** Decisions and flows rely on their task by its id, and belong to a tenant. */
function killed(name: string): Ended {
  const { task, tenant } = killedOf(name);
  return { facts: [fact('task', task)], tenant };
}

type Filling = { readonly [K in keyof ControlEffects]: Ended[] };

function overrideEffects(before: Controls, after: Controls, { cut, rejudge, forget }: Filling): void {
  const gone = before.hostOverrides.filter((o) => !after.hostOverrides.includes(o));
  const come = after.hostOverrides.filter((o) => !before.hostOverrides.includes(o));
  const ended = (o: HostOverride): Ended => ({ facts: [fact('host', o.host)], tenant: o.tenant });
  for (const o of gone) {
    forget.push(ended(o));
    // A renewed override keeps its change, and so the leases that stand on it.
    const renewed = come.some((c) => c.change === o.change && c.effect === o.effect);
    if (o.effect === 'allow' && !renewed) rejudge.push({ facts: [fact('controls', o.change)], tenant: null });
  }
  for (const o of come) (o.effect === 'deny' ? cut : forget).push(ended(o));
}

function changedNames(was: Marks, is: Marks): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => markUnder(was, name) !== markUnder(is, name))
    .sort();
}

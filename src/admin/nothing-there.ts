/**
 * What a receipt warns of: a change of what nothing has. It is in force all the same, since a quarantine or a kill may come ahead
 * of what it is for; but a misspelt name must not look like one that was hit.
 */

import { CONTROL_RECORDS, type ControlAction, type Controls } from '../core/controls.ts';
import { fact } from '../core/fact.ts';
import type { AdminPorts } from './ports.ts';

/** Looked for before the change; null where there is something, or nothing is to be there. */
export function nothingThere(
  { live, fleet }: Pick<AdminPorts, 'live' | 'fleet'>,
  action: ControlAction,
): string | null {
  // What lives at the members of a fleet is not known at their hub.
  if (fleet !== null) return null;
  if (action.do === 'task.kill') {
    const { task, tenant } = action;
    const of = live.named(task).concat(live.dependants(fact('task', task)));
    if (of.some((one) => tenant === null || one.tenant === tenant)) return null;
    return `no task \`${task}\` is live${tenant === null ? '' : ` of tenant \`${tenant}\``}; nobody gets the id from now on`;
  }
  if (action.do !== 'tenant.quarantine') return null;
  const has = (one: { readonly tenant: string }) => one.tenant === action.tenant;
  if (live.tasks().some(has) || live.flows().some(has)) return null;
  return `nothing of tenant \`${action.tenant}\` is live; whatever comes is denied from now on`;
}

/** After a change that takes something back: null where there was something to take back. */
export function nothingBack(action: ControlAction, before: Controls, after: Controls): string | null {
  if (!/^(?:category\.unblock|capability\.restore|tenant\.release|host\.clear)$/.test(action.do)) return null;
  const same = CONTROL_RECORDS.every((record) => before[record] === after[record]);
  if (!same || before.hostOverrides.length !== after.hostOverrides.length) return null;
  return 'nothing was taken back: no such control was in force; see `locktender control list`';
}

/** One change of controls: its names checked, then the state after it. Pure; persisting and cutting are elsewhere. */

import {
  type ControlAction,
  type ControlMark,
  type Controls,
  type HostOverride,
  killName,
  type MarksForgotten,
} from '../../core/controls.ts';
import { didYouMean } from '../../core/nearest.ts';
import { PASS_ID } from '../../core/principal.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { TENANT_LETTERS, TENANT_NAME } from '../../core/tenant-name.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { parseHostPattern } from '../bundle/host-pattern.ts';

/** The state after an action. The error is a sentence for the operator, with the fix last. */
export function nextControls(
  before: Controls,
  action: ControlAction,
  mark: ControlMark,
  bundle: Bundle,
): Result<Controls, string> {
  const problem = actionProblem(action, mark, bundle);
  if (problem !== null) return err(problem);
  return ok(Object.freeze({ ...before, ...changed(before, action, mark, bundle), version: before.version + 1 }));
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** Changes that take something back cannot come back by themselves. */
const RETURNS =
  /^(category\.block|category\.unblock|capability\.revoke|tenant\.quarantine|task\.kill|pass\.revoke|host\.allow|host\.deny)$/;

function actionProblem(action: ControlAction, mark: ControlMark, bundle: Bundle): string | null {
  if (mark.by.trim() === '') return 'a change needs a name; say who makes it';
  if (mark.until !== null && !RETURNS.test(action.do))
    return `\`${action.do}\` cannot return by itself; leave out \`for\``;
  switch (action.do) {
    case 'category.block':
      return known('category', action.category, bundle.categories);
    case 'category.unblock':
      if (mark.until !== null && !bundle.defaultBlocked.has(action.category)) {
        return `category \`${action.category}\` is open by default, so an unblocking cannot return; leave out \`for\``;
      }
      return known('category', action.category, bundle.categories);
    case 'capability.revoke':
    case 'capability.restore':
      return known('capability', action.capability, bundle.capabilities);
    case 'tenant.quarantine':
    case 'tenant.release':
      return tenantProblem(action.tenant);
    case 'task.kill':
      if (!ID.test(action.task)) return `task \`${action.task}\` is not a task id; copy it from \`task list\``;
      return action.tenant === null ? null : tenantProblem(action.tenant);
    case 'pass.revoke':
      return PASS_ID.test(action.pass)
        ? null
        : `\`${action.pass}\` is not the id of a pass, such as \`p_…\`; copy it from \`pass inspect\``;
    case 'host.allow':
    case 'host.deny':
    case 'host.clear':
      return hostProblem(action.host, action.tenant);
  }
}

function known(what: string, name: string, names: ReadonlySet<string> | ReadonlyMap<string, unknown>): string | null {
  return names.has(name) ? null : `${what} \`${name}\` is not defined; ${didYouMean(name, names.keys())}`;
}

function hostProblem(host: string, tenant: string | null): string | null {
  const pattern = parseHostPattern(host);
  if (!pattern.ok) return pattern.error;
  return tenant === null ? null : tenantProblem(tenant);
}

function tenantProblem(tenant: string): string | null {
  return TENANT_NAME.test(tenant) ? null : `tenant \`${tenant}\` is not a tenant name; use ${TENANT_LETTERS}`;
}

function changed(before: Controls, action: ControlAction, mark: ControlMark, bundle: Bundle): Partial<Controls> {
  switch (action.do) {
    case 'category.block':
      return {
        blockedCategories: { ...before.blockedCategories, [action.category]: mark },
        unblockedCategories: without(before.unblockedCategories, action.category),
      };
    case 'category.unblock':
      return {
        blockedCategories: without(before.blockedCategories, action.category),
        ...(bundle.defaultBlocked.has(action.category)
          ? { unblockedCategories: { ...before.unblockedCategories, [action.category]: mark } }
          : {}),
      };
    case 'capability.revoke':
      return { revokedCapabilities: { ...before.revokedCapabilities, [action.capability]: mark } };
    case 'capability.restore':
      return { revokedCapabilities: without(before.revokedCapabilities, action.capability) };
    case 'tenant.quarantine':
      return { quarantinedTenants: { ...before.quarantinedTenants, [action.tenant]: mark } };
    case 'tenant.release':
      return { quarantinedTenants: without(before.quarantinedTenants, action.tenant) };
    case 'task.kill':
      return { killedTasks: { ...before.killedTasks, [killName(action)]: mark } };
    case 'pass.revoke':
      return { revokedPasses: { ...before.revokedPasses, [action.pass]: mark } };
    case 'host.allow':
    case 'host.deny':
    case 'host.clear':
      return { hostOverrides: overrides(before.hostOverrides, action, mark) };
  }
}

type HostAction = Extract<ControlAction, { readonly host: string }>;

function overrides(before: readonly HostOverride[], action: HostAction, mark: ControlMark): readonly HostOverride[] {
  const same = (o: HostOverride) => o.host === action.host && o.tenant === action.tenant;
  const others = before.filter((o) => !same(o));
  if (action.do === 'host.clear') return others;
  const effect = action.do === 'host.allow' ? 'allow' : 'deny';
  const old = before.find((o) => same(o) && o.effect === effect);
  // What is only prolonged goes on under the change that it stands on.
  const longer = old && (mark.until === null || (old.until !== null && mark.until >= old.until));
  return [
    ...others,
    { ...mark, change: longer ? old.change : mark.change, effect, host: action.host, tenant: action.tenant },
  ];
}

type Marks = Readonly<Record<string, ControlMark>>;

/** Names whose mark is over at `now`. */
function over(marks: Marks, now: number): string[] {
  return Object.keys(marks).filter((name) => (marks[name]?.until ?? Number.POSITIVE_INFINITY) <= now);
}

/** Marks of killed tasks and revoked passes that are forgotten in one change: it has to fit an entry of the record. */
const FORGOTTEN_AT_ONCE = 200;

/** What returns or is forgotten at `now`, with the action that says so in the record. */
export function expired(controls: Controls, now: number): readonly (ControlAction | MarksForgotten)[] {
  const names = (marks: Marks) => over(marks, now);
  const ended = names(controls.killedTasks).length + names(controls.revokedPasses).length;
  return [
    ...names(controls.blockedCategories).map((category) => ({ do: 'category.unblock', category }) as const),
    ...names(controls.unblockedCategories).map((category) => ({ do: 'category.block', category }) as const),
    ...names(controls.revokedCapabilities).map((capability) => ({ do: 'capability.restore', capability }) as const),
    ...names(controls.quarantinedTenants).map((tenant) => ({ do: 'tenant.release', tenant }) as const),
    ...controls.hostOverrides
      .filter((o) => o.until !== null && o.until <= now)
      .map(({ host, tenant }) => ({ do: 'host.clear', host, tenant }) as const),
    ...Array.from({ length: Math.ceil(ended / FORGOTTEN_AT_ONCE) }, () => ({ do: 'marks.forget' }) as const),
  ];
}

/** The state without what has expired: back to what held before anyone decided, never further. */
export function withoutExpired(before: Controls, action: ControlAction | MarksForgotten, now: number): Controls {
  const version = before.version + 1;
  switch (action.do) {
    case 'category.unblock':
      return { ...before, version, blockedCategories: without(before.blockedCategories, action.category) };
    case 'category.block':
      return { ...before, version, unblockedCategories: without(before.unblockedCategories, action.category) };
    case 'capability.restore':
      return { ...before, version, revokedCapabilities: without(before.revokedCapabilities, action.capability) };
    case 'tenant.release':
      return { ...before, version, quarantinedTenants: without(before.quarantinedTenants, action.tenant) };
    case 'host.clear':
      return {
        ...before,
        version,
        hostOverrides: before.hostOverrides.filter(
          (o) => o.host !== action.host || o.tenant !== action.tenant || o.until === null || o.until > now,
        ),
      };
    case 'marks.forget': {
      const tasks = over(before.killedTasks, now).slice(0, FORGOTTEN_AT_ONCE);
      const passes = over(before.revokedPasses, now).slice(0, FORGOTTEN_AT_ONCE - tasks.length);
      const killedTasks = tasks.reduce(without, before.killedTasks);
      return { ...before, version, killedTasks, revokedPasses: passes.reduce(without, before.revokedPasses) };
    }
    default:
      return { ...before, version };
  }
}

function without(record: Marks, name: string): Marks {
  if (!Object.hasOwn(record, name)) return record;
  const { [name]: _, ...rest } = record;
  return rest;
}

/** Controls as tables: what is in force at an instant, at the cost of a few hash lookups. */

import { type ControlMark, type Controls, type HostOverride, killName, markUnder } from '../../core/controls.ts';
import { suffixLength } from '../bundle/host-pattern.ts';

export interface ControlIndex {
  /** Instants (epoch ms, rising) at which something returns by itself. */
  readonly expiries: readonly number[];
  /** Overrides by `deny:host`, `deny:*.suffix`, …; the newest last. */
  readonly overrides: ReadonlyMap<string, readonly HostOverride[]>;
  /** Ids of the changes whose leave (an allow override, an opened category) is in the controls. */
  readonly leaves: ReadonlySet<string>;
}

const INDEXED = new WeakMap<Controls, ControlIndex>();

/** The index of one controls value; made once for each, because a value never changes. */
export function controlIndex(controls: Controls): ControlIndex {
  let index = INDEXED.get(controls);
  if (!index) {
    index = build(controls);
    INDEXED.set(controls, index);
  }
  return index;
}

function build(controls: Controls): ControlIndex {
  const overrides = new Map<string, HostOverride[]>();
  for (const override of controls.hostOverrides) {
    const key = `${override.effect}:${override.host}`;
    overrides.set(key, [...(overrides.get(key) ?? []), override]);
  }
  const marks = [
    ...[
      controls.blockedCategories,
      controls.unblockedCategories,
      controls.revokedCapabilities,
      controls.quarantinedTenants,
      controls.killedTasks,
      controls.revokedPasses,
    ].flatMap((record) => Object.values(record)),
    ...controls.hostOverrides,
  ];
  const untils = new Set(marks.map((m) => m.until).filter((u) => u !== null));
  const leaves = new Set([
    ...controls.hostOverrides.filter((o) => o.effect === 'allow').map((o) => o.change),
    ...Object.values(controls.unblockedCategories).map((m) => m.change),
  ]);
  return { overrides, leaves, expiries: [...untils].sort((a, b) => a - b) };
}

/** The mark of a name, when it is in force at `now`. */
export function markOf(record: Readonly<Record<string, ControlMark>>, name: string, now: number): ControlMark | null {
  const mark = markUnder(record, name);
  return mark && (mark.until === null || mark.until > now) ? mark : null;
}

/** A kill of this tenant's task that is in force at `now`, with the name of its mark; its own before that of every tenant. */
export function killOf(
  { killedTasks }: Pick<Controls, 'killedTasks'>,
  { task, tenant }: { readonly task: string; readonly tenant: string },
  now: number,
): { readonly name: string; readonly mark: ControlMark } | null {
  for (const name of [killName({ task, tenant }), task]) {
    const mark = markOf(killedTasks, name, now);
    if (mark) return { name, mark };
  }
  return null;
}

/** The first instant after `now` at which controls differ from what they are now; infinity for never. */
export function nextExpiry(controls: Controls, now: number): number {
  for (const at of controlIndex(controls).expiries) if (at > now) return at;
  return Number.POSITIVE_INFINITY;
}

/**
 * The override of a host for a tenant: exact names before wildcards, the tenant's own before everyone's. What opens stops at
 * the public suffix, like a grant; what closes does not.
 */
export function overrideOf(
  controls: Controls,
  effect: 'allow' | 'deny',
  on: { readonly host: string; readonly tenant: string; readonly now: number },
): HostOverride | null {
  const { overrides } = controlIndex(controls);
  if (overrides.size === 0) return null;
  const exact = pick(overrides.get(`${effect}:${on.host}`), on.tenant, on.now);
  if (exact) return exact;
  for (let dot = on.host.indexOf('.'); dot >= 0; dot = on.host.indexOf('.', dot + 1)) {
    const found = pick(overrides.get(`${effect}:*${on.host.slice(dot)}`), on.tenant, on.now);
    if (found && (effect === 'deny' || on.host.length - dot - 1 > suffixLength(on.host))) return found;
  }
  return null;
}

function pick(list: readonly HostOverride[] | undefined, tenant: string, now: number): HostOverride | null {
  const live =
    list?.filter((o) => (o.tenant === null || o.tenant === tenant) && (o.until === null || o.until > now)) ?? [];
  return live.find((o) => o.tenant !== null) ?? live[0] ?? null;
}

/** Differences between states of controls, and how they are folded again. */

import { CONTROL_RECORDS, type ControlMark, type ControlPatch, type Controls, markUnder } from '../../core/controls.ts';

export function patchBetween(before: Controls, after: Controls): ControlPatch {
  const marks = CONTROL_RECORDS.flatMap((record) => {
    const was = before[record];
    const is = after[record];
    const names = new Set([...Object.keys(was), ...Object.keys(is)]);
    return [...names]
      .filter((name) => markUnder(was, name) !== markUnder(is, name))
      .sort()
      .map((name) => ({ in: record, name, mark: markUnder(is, name) }));
  });
  return {
    marks,
    overrides: {
      removed: before.hostOverrides.filter((o) => !after.hostOverrides.includes(o)),
      added: after.hostOverrides.filter((o) => !before.hostOverrides.includes(o)),
    },
  };
}

/** The controls after a patch; their version rises by one. */
export function applyPatch(before: Controls, patch: ControlPatch): Controls {
  const gone = new Set(patch.overrides.removed.map((o) => overrideKey(o)));
  const after: Controls = {
    ...before,
    version: before.version + 1,
    hostOverrides: [...before.hostOverrides.filter((o) => !gone.has(overrideKey(o))), ...patch.overrides.added],
  };
  const records: Partial<Record<(typeof CONTROL_RECORDS)[number], Record<string, ControlMark>>> = {};
  for (const { in: record, name, mark } of patch.marks) {
    let marks = records[record];
    if (!marks) {
      marks = { ...before[record] };
      records[record] = marks;
    }
    if (mark) marks[name] = mark;
    else delete marks[name];
  }
  return Object.freeze({ ...after, ...records });
}

/** There is one override for an effect, a host and a tenant. */
export function overrideKey(o: {
  readonly effect: string;
  readonly host: string;
  readonly tenant: string | null;
}): string {
  return `${o.effect} ${o.host} ${o.tenant ?? ''}`;
}

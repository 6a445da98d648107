/** Another node's controls taken over: what is the same stays the very same, so that only what differs has effects. */

import { CONTROL_RECORDS, type ControlMark, type Controls, type HostOverride, markUnder } from '../../core/controls.ts';
import { overrideKey } from './control-patch.ts';

/** With a version of their own, one above that of `before`; null when nothing differs. */
export function adoptedControls(before: Controls, theirs: Controls): Controls | null {
  const records: Partial<Record<(typeof CONTROL_RECORDS)[number], Readonly<Record<string, ControlMark>>>> = {};
  let differs = false;
  for (const record of CONTROL_RECORDS) {
    const adopted = adoptedMarks(before[record], theirs[record]);
    records[record] = adopted;
    differs ||= adopted !== before[record];
  }
  const hostOverrides = adoptedOverrides(before.hostOverrides, theirs.hostOverrides);
  differs ||= hostOverrides !== before.hostOverrides;
  return differs ? Object.freeze({ ...before, ...records, hostOverrides, version: before.version + 1 }) : null;
}

type Marks = Readonly<Record<string, ControlMark>>;

function adoptedMarks(before: Marks, theirs: Marks): Marks {
  const names = Object.keys(theirs);
  let same = names.length === Object.keys(before).length;
  const marks = names.map((name) => {
    const own = markUnder(before, name);
    const mark = markUnder(theirs, name);
    const kept = own !== null && mark !== null && equal(own, mark) ? own : mark;
    same &&= kept === own;
    return [name, kept] as const;
  });
  return same ? before : (Object.fromEntries(marks) as Marks);
}

function adoptedOverrides(before: readonly HostOverride[], theirs: readonly HostOverride[]): readonly HostOverride[] {
  const own = new Map(before.map((one) => [overrideKey(one), one]));
  const all = theirs.map((one) => {
    const kept = own.get(overrideKey(one));
    return kept !== undefined && equal(kept, one) ? kept : one;
  });
  return all.length === before.length && all.every((one, i) => one === before[i]) ? before : all;
}

function equal(a: ControlMark, b: ControlMark): boolean {
  return a.by === b.by && a.why === b.why && a.at === b.at && a.until === b.until && a.change === b.change;
}

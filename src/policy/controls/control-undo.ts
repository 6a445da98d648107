/** Taking one change of controls back: allowed while what it left still stands, so that nobody else's change is lost. */

import {
  type ControlMark,
  type ControlPatch,
  type Controls,
  type HostOverride,
  markUnder,
  type RecordedAction,
} from '../../core/controls.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { applyPatch, overrideKey } from './control-patch.ts';

/** A change that people can still look up and take back. */
export interface ControlChange {
  readonly change: string;
  readonly action: RecordedAction;
  readonly by: string;
  /** The second person, where one was needed. */
  readonly approvedBy: string | null;
  /** Id of the request that was approved; null when none was needed. */
  readonly pending: string | null;
  readonly why: string;
  /** Epoch ms. */
  readonly at: number;
  readonly until: number | null;
  /** What it changed, and what would change it back. */
  readonly did: ControlPatch;
  readonly back: ControlPatch;
}

/** The controls without a change, at `now`; the error is a sentence for the operator. */
export function withoutChange(current: Controls, entry: ControlChange, now: number): Result<Controls, string> {
  const { did, back } = entry;
  if (did.marks.some((m) => m.in === 'killedTasks' || m.in === 'revokedPasses')) {
    return err('a killed task and a revoked pass do not come back; issue a new pass for a new task');
  }
  if (did.marks.length === 0 && did.overrides.added.length === 0 && did.overrides.removed.length === 0) {
    return err(`change \`${entry.change}\` changed nothing; there is nothing to undo`);
  }
  const moved = movedSince(current, did);
  if (moved !== null) {
    return err(
      `${moved} has changed since \`${entry.change}\`; set it as it should be, or undo the later change first`,
    );
  }
  return ok(applyPatch(current, stillValid(back, now)));
}

/** Whether a patch lets anything pass that did not before: then it must be durable before it is in force. */
export function opens(patch: ControlPatch): boolean {
  const marks = patch.marks.some(({ in: record, mark }) => (record === 'unblockedCategories') === (mark !== null));
  const renewed = new Set(patch.overrides.added.map(overrideKey));
  return (
    marks ||
    patch.overrides.added.some((o) => o.effect === 'allow') ||
    patch.overrides.removed.some((o) => o.effect === 'deny' && !renewed.has(overrideKey(o)))
  );
}

/** What the change left and is no longer so; null when all of it still stands. */
function movedSince(current: Controls, did: ControlPatch): string | null {
  for (const { in: record, name, mark } of did.marks) {
    if (!same(markUnder(current[record], name), mark)) return `\`${name}\``;
  }
  const { added, removed } = did.overrides;
  for (const left of added) {
    if (!current.hostOverrides.some((o) => overrideKey(o) === overrideKey(left) && same(o, left))) {
      return `the override of \`${left.host}\``;
    }
  }
  const kept = new Set(added.map(overrideKey));
  const back = removed.find((gone) => current.hostOverrides.some((o) => on(o, gone) && !kept.has(overrideKey(o))));
  return back ? `the override of \`${back.host}\`` : null;
}

const on = (a: HostOverride, b: HostOverride): boolean => a.host === b.host && a.tenant === b.tenant;

/** By value: a restart reads equal marks anew. */
function same(a: ControlMark | null, b: ControlMark | null): boolean {
  if (a === null || b === null) return a === b;
  return a.change === b.change && a.at === b.at && a.until === b.until;
}

/** What would come back only to be over at once does not come back. */
function stillValid(back: ControlPatch, now: number): ControlPatch {
  const lives = (mark: ControlMark) => mark.until === null || mark.until > now;
  return {
    marks: back.marks.map((m) => ({ ...m, mark: m.mark !== null && lives(m.mark) ? m.mark : null })),
    overrides: { removed: back.overrides.removed, added: back.overrides.added.filter(lives) },
  };
}

/** How changes of controls are recorded. */

import { randomBytes } from 'node:crypto';
import type { ControlMark, Controls, CutReceipt, DoneAction, RecordedAction } from '../core/controls.ts';
import type { BundleLoadedEvent, ControlChangedEvent, ControlPendingEvent, EventBody } from '../core/event.ts';
import { ulid } from '../core/ids.ts';
import { patchBetween } from '../policy/controls/control-patch.ts';
import type { ControlChange } from '../policy/controls/control-undo.ts';
import type { Snapshot } from '../policy/snapshot.ts';

/** Who did it and why, and the second person where there was one. */
export interface Act {
  readonly action: RecordedAction;
  readonly by: string;
  readonly why: string;
  readonly until: number | null;
  readonly automatic: boolean;
  readonly approvedBy: string | null;
  /** Id of the request that was approved. */
  readonly pending: string | null;
}

/** The same of what nobody asked for here. */
export type ActDone = Omit<Act, 'action'> & { readonly action: DoneAction };

export interface States {
  readonly before: Controls;
  readonly after: Controls;
}

type Body<E extends { readonly type: string }> = Omit<E, 'v' | 'time' | 'node'> & EventBody;

export function changedEvent(
  act: ActDone,
  { change, id }: Pick<ControlMark, 'change'> & { readonly id: string },
  { before, after }: States,
  receipt: CutReceipt | null,
): Body<ControlChangedEvent> {
  return {
    type: 'control.changed',
    id,
    ...ownersOf(act.action),
    change,
    action: act.action,
    by: act.by,
    ...(act.approvedBy === null ? {} : { approved_by: act.approvedBy }),
    why: act.why,
    until: act.until,
    automatic: act.automatic,
    version: after.version,
    receipt,
    patch: patchBetween(before, after),
  };
}

export function changeOf(
  act: Act,
  { change, at }: Pick<ControlMark, 'change' | 'at'>,
  { before, after }: States,
): ControlChange {
  const { automatic: _, ...who } = act;
  return { ...who, change, at, did: patchBetween(before, after), back: patchBetween(after, before) };
}

export function pendingEvent(
  of: Omit<ControlPendingEvent, 'v' | 'time' | 'node' | 'id' | 'type' | 'tenant' | 'task'>,
  at: number,
): Body<ControlPendingEvent> {
  return { type: 'control.pending', id: ulid('e', at, randomBytes(10)), ...ownersOf(of.action), ...of };
}

export function bundleEvent(
  { bundle, categories }: Snapshot,
  came: { readonly previous: string | null; readonly refused: string | null },
  at: number,
): Body<BundleLoadedEvent> {
  const id = ulid('e', at, randomBytes(10));
  const what = { bundle: bundle.digest, category_index: categories.digest };
  return { type: 'bundle.loaded', id, tenant: null, task: null, ...what, ...came };
}

function ownersOf(action: DoneAction): { readonly tenant: string | null; readonly task: string | null } {
  return { tenant: 'tenant' in action ? action.tenant : null, task: 'task' in action ? action.task : null };
}

/** What is asked of the control plane, and what it says came of it. */

import type { ControlAction, DoneAction } from '../core/controls.ts';
import type { Problem } from '../core/result.ts';
import type { Snapshot } from '../policy/snapshot.ts';

/** One change asked for by a person. */
export interface ControlOrder {
  readonly action: ControlAction;
  readonly by: string;
  readonly why: string;
  readonly forMs: number | null;
}

/** What a reload did. */
export interface ReloadOutcome {
  readonly loaded: boolean;
  readonly digest: string;
  readonly previous: string | null;
  readonly problems: readonly Problem[];
  readonly cut: number;
}

/** Somebody who acts on a change or a request that exists. */
export interface ControlActor {
  readonly by: string;
  readonly why: string;
}

/** Which change brought a snapshot into force. */
export interface SnapshotCause {
  readonly change: string;
  readonly action: DoneAction;
  readonly by: string;
  readonly why: string;
  readonly until: number | null;
  readonly automatic: boolean;
  readonly approvedBy: string | null;
}

/**
 * Whoever decides elsewhere: told of each new snapshot as soon as it is in force here; the cause is null where a reload brought
 * it. A change is acknowledged once this has resolved. Must not reject.
 */
export type Follower = (snapshot: Snapshot, cause: SnapshotCause | null) => Promise<void>;

/** Why nothing is changed at a member of a fleet. */
export function changedAt(hub: string): string {
  return `this node follows the hub \`${hub}\` of its fleet; change it there`;
}

/** What is asked of the control plane, and what it says came of it. */

import type { ControlAction } from '../core/controls.ts';
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

/**
 * Whoever decides elsewhere: told of each new snapshot as soon as it is in force here. A change is acknowledged once this
 * has resolved. Must not reject.
 */
export type Follower = (snapshot: Snapshot) => Promise<void>;

/** Cuts flows and says what came of it: the operator's answer to "is it really cut?". */

import type { Clock, Log } from '../core/ports.ts';
import type { HeldFlow, LeaseIndex } from '../policy/lease-index.ts';

export interface CutOutcome {
  /** Confirmed. */
  readonly cut: number;
  /** Ids of those that were not confirmed in time. */
  readonly missed: readonly string[];
  /** Milliseconds from `startedAt` to the last byte of the slowest one. */
  readonly slowestMs: number;
}

export interface CutParts {
  readonly leases: LeaseIndex;
  readonly clock: Clock;
  readonly log: Log;
}

const CONFIRM_MS = 5000;

/** Cuts them all at once. Never rejects: a flow that cannot be confirmed is named in `missed`, and stays held. */
export async function cutFlows(
  flows: readonly HeldFlow[],
  change: string,
  startedAt: number,
  { leases, clock, log }: CutParts,
): Promise<CutOutcome> {
  let slowestMs = 0;
  const missed: string[] = [];
  const one = async (held: HeldFlow): Promise<void> => {
    const confirmed = await within(CONFIRM_MS, () => held.flow.cut(change));
    if (confirmed) {
      slowestMs = Math.max(slowestMs, clock.monotonic() - startedAt);
      leases.drop(held);
      return;
    }
    missed.push(held.flow.id);
    log.error({ flow: held.flow.id, change }, 'a flow was not confirmed cut');
  };
  await Promise.all(flows.map(one));
  return { cut: flows.length - missed.length, missed, slowestMs };
}

async function within(ms: number, act: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([
      act().then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

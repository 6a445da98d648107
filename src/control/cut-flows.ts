/** Cuts flows and says what came of it: the operator's answer to "is it really cut?". */

import type { Clock, Log } from '../core/ports.ts';
import type { HeldFlow, LeaseIndex } from '../policy/lease-index.ts';
import { sealThenClose } from './seal-then-close.ts';

export interface CutOutcome {
  /** Confirmed. */
  readonly cut: number;
  /** Ids of those that were not confirmed in time. */
  readonly missed: readonly string[];
  /** Milliseconds from `startedAt` to the instant from which on the slowest one moved no byte. */
  readonly slowestMs: number;
}

export interface CutParts {
  readonly leases: LeaseIndex;
  readonly clock: Clock;
  readonly log: Log;
}

const CONFIRM_MS = 5000;

/** Cuts them all; returns once each is closed. Never rejects: a flow that cannot be confirmed is named in `missed`, and stays held. */
export async function cutFlows(
  flows: readonly HeldFlow[],
  change: string,
  startedAt: number,
  { leases, clock, log }: CutParts,
): Promise<CutOutcome> {
  let slowestMs = 0;
  const missed: string[] = [];
  const settle = (held: HeldFlow, stoppedAt: number | null): void => {
    if (stoppedAt === null) {
      missed.push(held.flow.id);
      log.error({ flow: held.flow.id, change }, 'a flow was not confirmed cut');
      return;
    }
    slowestMs = Math.max(slowestMs, stoppedAt - startedAt);
    leases.drop(held);
  };
  const ends = await sealThenClose(
    flows.map(({ flow }) => flow),
    change,
    () => clock.monotonic(),
  );
  await Promise.all(
    flows.map(async (held, n) => {
      const end = ends[n] as number | Promise<number>;
      settle(held, typeof end === 'number' ? end : await inTime(end));
    }),
  );
  return { cut: flows.length - missed.length, missed, slowestMs };
}

/** Null when it failed, or took too long. */
async function inTime(end: Promise<number>): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), CONFIRM_MS);
  });
  try {
    return await Promise.race([end.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}

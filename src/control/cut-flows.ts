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
  const waiting: Promise<void>[] = [];
  const confirm = (held: HeldFlow): void => {
    slowestMs = Math.max(slowestMs, clock.monotonic() - startedAt);
    leases.drop(held);
  };
  const miss = ({ flow }: HeldFlow): void => {
    missed.push(flow.id);
    log.error({ flow: flow.id, change }, 'a flow was not confirmed cut');
  };
  withoutStacks(() => {
    for (const held of flows) {
      const under = begin(held, change);
      if (under === null) confirm(held);
      else waiting.push(inTime(under).then((done) => (done ? confirm(held) : miss(held))));
    }
  });
  await Promise.all(waiting);
  return { cut: flows.length - missed.length, missed, slowestMs };
}

/** A flow that throws is one that is not confirmed: the others are cut all the same. */
function begin({ flow }: HeldFlow, change: string): Promise<void> | null {
  try {
    return flow.cut(change);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Breaking a connection makes errors that nobody prints; their stack traces were a fifth of the time of a cut. */
export function withoutStacks<T>(act: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return act();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

async function inTime(under: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), CONFIRM_MS);
  });
  try {
    return await Promise.race([
      under.then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

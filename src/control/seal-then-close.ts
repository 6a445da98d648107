/** Ends many flows so that none of them moves a byte more, while everybody else is served. */

import type { Flow } from '../core/ports.ts';

/** Others wait no longer than this, and for what the sockets closed meanwhile have to say, before they have a turn. */
const SLICE_MS = 2;

/**
 * Seals all that can be sealed, in one turn, and closes the others in that turn; then closes the sealed, a few in each turn.
 * For each flow: when it moved its last byte, by `now`; a promise of that where it says so itself, which rejects when it cannot
 * be ended.
 */
export async function sealThenClose(
  flows: readonly Flow[],
  change: string,
  now: () => number,
): Promise<readonly (number | Promise<number>)[]> {
  const ends: (number | Promise<number>)[] = [];
  const sealed: number[] = [];
  withoutStacks(() => {
    for (const [n, flow] of flows.entries()) {
      if (seals(flow, change)) {
        sealed.push(n);
        ends.push(now());
      } else ends.push(closed(flow, change, now));
    }
  });
  for (let next = 0; next < sealed.length; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const until = now() + SLICE_MS;
    withoutStacks(() => {
      do {
        const n = sealed[next] as number;
        const end = closed(flows[n] as Flow, change, now);
        if (typeof end !== 'number') ends[n] = end;
        next += 1;
      } while (next < sealed.length && now() < until);
    });
  }
  return ends;
}

function seals(flow: Flow, change: string): boolean {
  try {
    return flow.seal?.(change) === true;
  } catch {
    return false;
  }
}

/** A flow that throws is one that is not confirmed: the others are cut all the same. */
function closed(flow: Flow, change: string, now: () => number): number | Promise<number> {
  try {
    const under = flow.cut(change);
    if (under === null) return now();
    const end = under.then(now);
    // Who waits for it does so when all others are closed.
    end.catch(() => undefined);
    return end;
  } catch (error) {
    const end = Promise.reject(error);
    end.catch(() => undefined);
    return end;
  }
}

/** Breaking a connection makes errors that nobody prints; their stack traces were a fifth of the time of a cut. */
function withoutStacks<T>(act: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return act();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

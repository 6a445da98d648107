/** Parts that are measured from outside: what the guard scans and how long it takes, how long decisions take. */

import type { Clock, Meter } from '../core/ports.ts';
import type { BodyFilter, BodyStream } from '../guard/body-filter.ts';
import type { Guard } from '../guard/guard.ts';
import type { Decider } from '../policy/decider.ts';

interface Gauges {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly meter: Meter;
}

const DIRECTIONS = {
  request: Object.freeze({ direction: 'request' }),
  result: Object.freeze({ direction: 'result' }),
} as const;
const CACHED = Object.freeze({ cached: 'yes' });
const NOT_CACHED = Object.freeze({ cached: 'no' });

/** The same guard; counts bytes and time by direction. Time is this thread's; that of others is told by them. */
export function meteredGuard(guard: Guard, { clock, meter }: Gauges): Guard {
  const timed = <T>(direction: keyof typeof DIRECTIONS, bytes: number, act: () => T): T => {
    const since = clock.monotonic();
    try {
      return act();
    } finally {
      const labels = DIRECTIONS[direction];
      meter.count('locktender_guard_seconds_total', labels, (clock.monotonic() - since) / 1000);
      if (bytes > 0) meter.count('locktender_guard_bytes_total', labels, bytes);
    }
  };
  const stream = (inner: BodyStream, direction: keyof typeof DIRECTIONS): BodyStream => ({
    push: (chunk) => timed(direction, chunk.length, () => inner.push(chunk)),
    idle: () => timed(direction, 0, () => inner.idle()),
    end: () => timed(direction, 0, () => inner.end()),
    verdict: () => inner.verdict(),
    get blocked() {
      return inner.blocked;
    },
  });
  return {
    digest: guard.digest,
    scanParts: (parts, context) =>
      timed(
        context.direction,
        lengthOf(parts, ({ text }) => text),
        () => guard.scanParts(parts, context),
      ),
    fields: (fields, context) =>
      timed(
        context.direction,
        lengthOf(fields, ([, value]) => value),
        () => guard.fields(fields, context),
      ),
    filter: (context) => stream(guard.filter(context), context.direction) as BodyFilter,
    stream: (context) => stream(guard.stream(context), context.direction),
  };
}

function lengthOf<T>(items: readonly T[], text: (item: T) => string): number {
  return items.reduce((sum, item) => sum + text(item).length, 0);
}

/** The same decisions; observes how long each took, and whether it was known. */
export function meteredDecide(decider: Decider, { clock, meter }: Gauges): Decider['decide'] {
  const { counts } = decider;
  return (request, snapshot) => {
    const { hits } = counts;
    const since = clock.monotonic();
    const decision = decider.decide(request, snapshot);
    const labels = counts.hits > hits ? CACHED : NOT_CACHED;
    meter.observe('locktender_decision_seconds', (clock.monotonic() - since) / 1000, labels);
    return decision;
  };
}

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

/** The same guard; counts bytes and time by direction. */
export function meteredGuard(guard: Guard, { clock, meter }: Gauges): Guard {
  const spent = (direction: keyof typeof DIRECTIONS, since: number, bytes: number) => {
    const labels = DIRECTIONS[direction];
    meter.count('locktender_guard_seconds_total', labels, (clock.monotonic() - since) / 1000);
    if (bytes > 0) meter.count('locktender_guard_bytes_total', labels, bytes);
  };
  return {
    digest: guard.digest,
    scanParts(parts, context) {
      const since = clock.monotonic();
      const verdict = guard.scanParts(parts, context);
      spent(
        context.direction,
        since,
        parts.reduce((sum, { text }) => sum + text.length, 0),
      );
      return verdict;
    },
    fields(fields, context) {
      const since = clock.monotonic();
      const outcome = guard.fields(fields, context);
      spent(
        context.direction,
        since,
        fields.reduce((sum, [, value]) => sum + value.length, 0),
      );
      return outcome;
    },
    filter: (context) => timedStream(guard.filter(context), context.direction) as BodyFilter,
    stream: (context) => timedStream(guard.stream(context), context.direction),
  };

  /** Time of this thread; that of others is told by them. */
  function timedStream(inner: BodyStream, direction: keyof typeof DIRECTIONS): BodyStream {
    const timed = <T>(bytes: number, act: () => T) => {
      const since = clock.monotonic();
      try {
        return act();
      } finally {
        spent(direction, since, bytes);
      }
    };
    return {
      push: (chunk) => timed(chunk.length, () => inner.push(chunk)),
      idle: () => timed(0, () => inner.idle()),
      end: () => timed(0, () => inner.end()),
      verdict: () => inner.verdict(),
      get blocked() {
        return inner.blocked;
      },
    };
  }
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

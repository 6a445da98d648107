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
export function meteredGuard(guard: Guard, gauges: Gauges): Guard {
  return {
    digest: guard.digest,
    scanParts: (parts, context, fields) => {
      const bytes = lengthOf(parts, ({ text }) => text) + (fields?.length ?? 0);
      return timed(gauges, { direction: context.direction, bytes }, () => guard.scanParts(parts, context, fields));
    },
    fields: (fields, context) =>
      timed(gauges, { direction: context.direction, bytes: lengthOf(fields, ([, value]) => value) }, () =>
        guard.fields(fields, context),
      ),
    filter: (context) => new MeteredStream(guard.filter(context), context.direction, gauges) as BodyFilter,
    stream: (context) => new MeteredStream(guard.stream(context), context.direction, gauges),
  };
}

/** A class: V8 makes an object with a getter of its own anew each time, by its slowest way. */
class MeteredStream implements BodyStream {
  readonly #inner: BodyStream;
  readonly #direction: keyof typeof DIRECTIONS;
  readonly #gauges: Gauges;

  constructor(inner: BodyStream, direction: keyof typeof DIRECTIONS, gauges: Gauges) {
    this.#inner = inner;
    this.#direction = direction;
    this.#gauges = gauges;
  }

  push(chunk: Uint8Array): ReturnType<BodyStream['push']> {
    return this.#timed(chunk.length, () => this.#inner.push(chunk));
  }

  idle(): ReturnType<BodyStream['idle']> {
    return this.#timed(0, () => this.#inner.idle());
  }

  end(): ReturnType<BodyStream['end']> {
    return this.#timed(0, () => this.#inner.end());
  }

  verdict(): ReturnType<BodyStream['verdict']> {
    return this.#inner.verdict();
  }

  get blocked(): boolean {
    return this.#inner.blocked;
  }

  #timed<T>(bytes: number, act: () => T): T {
    return timed(this.#gauges, { direction: this.#direction, bytes }, act);
  }
}

interface Looked {
  readonly direction: keyof typeof DIRECTIONS;
  readonly bytes: number;
}

function timed<T>({ clock, meter }: Gauges, { direction, bytes }: Looked, act: () => T): T {
  const since = clock.monotonic();
  try {
    return act();
  } finally {
    const labels = DIRECTIONS[direction];
    meter.count('locktender_guard_seconds_total', labels, (clock.monotonic() - since) / 1000);
    if (bytes > 0) meter.count('locktender_guard_bytes_total', labels, bytes);
  }
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

/**
 * Leaves that were given for a time (an allow override, an opened category) end when so much time has gone by, also where the
 * clock is set back meanwhile. What closes may last longer then: it lasts as long as the clock says.
 *
 * Known for one life of the process: after a restart a leave lasts until its instant, like everything else.
 */

import { type ControlMark, type Controls, NO_CONTROLS } from '../core/controls.ts';
import type { Clock } from '../core/ports.ts';

export class LeaveTimes {
  readonly #clock: Clock;
  /** By `keyOf`: when it ends, on the clock that is never set. */
  #ends = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks at what is in force now. Milliseconds until the first leave ends; infinity for never. */
  see(controls: Controls): number {
    const [now, elapsed] = [this.#clock.now(), this.#clock.monotonic()];
    const ends = new Map<string, number>();
    let first = Number.POSITIVE_INFINITY;
    for (const mark of leavesOf(controls)) {
      if (mark.until === null) continue;
      const end = this.#ends.get(keyOf(mark)) ?? elapsed + (mark.until - now);
      ends.set(keyOf(mark), end);
      first = Math.min(first, end - elapsed);
    }
    this.#ends = ends;
    return first;
  }

  /** Of `controls` the leaves whose time has gone by though the clock does not say so, and nothing else. */
  over(controls: Controls): Controls {
    const [now, elapsed] = [this.#clock.now(), this.#clock.monotonic()];
    const isOver = (mark: ControlMark): boolean =>
      mark.until !== null && mark.until > now && (this.#ends.get(keyOf(mark)) ?? Number.POSITIVE_INFINITY) <= elapsed;
    return {
      ...NO_CONTROLS,
      hostOverrides: controls.hostOverrides.filter((one) => one.effect === 'allow' && isOver(one)),
      unblockedCategories: Object.fromEntries(
        Object.entries(controls.unblockedCategories).filter(([, mark]) => isOver(mark)),
      ),
    };
  }
}

function leavesOf({ hostOverrides, unblockedCategories }: Controls): readonly ControlMark[] {
  return [...hostOverrides.filter(({ effect }) => effect === 'allow'), ...Object.values(unblockedCategories)];
}

/** A leave that is prolonged stands on its old change. */
function keyOf({ change, until }: ControlMark): string {
  return `${change} ${until}`;
}

/**
 * When a commit begins. One costs much the same for two records as for thirty: a signature, a write, two changes of thread. On a
 * quick disk a gate with much to do would make one for every few records. So while records come fast, a commit waits as long
 * as the event loop has other work: whoever waits for it would come after that work all the same. As soon as a turn of the loop
 * brings nothing it begins, and after a millisecond in any case. Where few records come, nothing waits.
 */

import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';

/** What the event loop says of itself. */
export interface Loop {
  /** Events that it has handled so far. */
  readonly events: () => number;
  /** Resolves when it has been round once. */
  readonly turn: () => Promise<unknown>;
}

const LONGEST_MS = 1;
/** Records that must be likely to come within that time. */
const COMPANY = 0.5;
/** This many records wait for no more. */
const ENOUGH = 256;
/** For a clock that stands still. */
const MOST_TURNS = 256;
/** How fast records come is told anew after so long. */
const SPAN_MS = 8;
/** This many commits in this time are many: then the journal makes room ahead. */
const MANY = 4;
const MANY_MS = 200;

export class CommitPace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #loop: Loop;
  /** When the last commits were, in a ring. */
  readonly #commits = new Float64Array(MANY).fill(Number.NEGATIVE_INFINITY);
  #committed = 0;
  #since: number;
  /** Records committed since then. */
  #records = 0;
  /** Records in a millisecond. */
  #rate = 0;

  constructor(clock: Pick<Clock, 'monotonic'>, loop: Loop = OWN_LOOP) {
    this.#clock = clock;
    this.#loop = loop;
    this.#since = clock.monotonic();
  }

  /** Commits so far. */
  get committed(): number {
    return this.#committed;
  }

  /** A commit of so many records is made. True while commits come fast. */
  commits(records: number): boolean {
    const at = this.#committed % MANY;
    const before = this.#commits[at] as number;
    const now = this.#clock.monotonic();
    this.#commits[at] = now;
    this.#committed += 1;
    this.#records += records;
    this.#tell(now);
    return now - before < MANY_MS;
  }

  /** Resolves when a commit may begin; undefined where it may at once. `queued` tells how many records it would have. */
  calm(queued: () => number): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    this.#tell(now);
    if (this.#rate * LONGEST_MS < COMPANY || queued() >= ENOUGH) return undefined;
    return this.#untilCalm(now + LONGEST_MS, queued);
  }

  async #untilCalm(until: number, queued: () => number): Promise<void> {
    let seen = this.#loop.events();
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      await this.#loop.turn();
      const events = this.#loop.events();
      if (events === seen || queued() >= ENOUGH || this.#clock.monotonic() >= until) return;
      seen = events;
    }
  }

  #tell(now: number): void {
    const span = now - this.#since;
    if (span < SPAN_MS) return;
    this.#rate = this.#records / span;
    this.#records = 0;
    this.#since = now;
  }
}

const OWN_LOOP: Loop = {
  events: () => performance.nodeTiming.uvMetricsInfo.events,
  turn: () => setImmediate(),
};

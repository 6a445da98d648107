/**
 * A member's right to act on its last known controls. It runs from before the question was sent, by every clock at once: the
 * monotonic one, one that also counts sleep, and the wall's; whichever is first to say so ends it. An answer counts only once the
 * member has applied what the hub had ordered when it answered.
 */

import { uptime } from 'node:os';
import type { Clock } from '../core/ports.ts';

/** One instant, by each clock, in milliseconds. */
export interface Instant {
  readonly monotonic: number;
  readonly awakeOrNot: number;
  readonly wall: number;
}

interface Grant {
  readonly from: Instant;
  readonly ttlMs: number;
  readonly sequence: number;
}

/** `sleeping`: milliseconds of a clock that counts sleep. */
export function instantOf(clock: Clock, sleeping = () => uptime() * 1000): Instant {
  return { monotonic: clock.monotonic(), awakeOrNot: sleeping(), wall: clock.now() };
}

export class MemberLease {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #sleeping: () => number;
  #held: Grant | null = null;
  #waiting: Grant | null = null;
  #applied = -1;

  /** `most`: longest that one grant lasts here, whatever the hub says. */
  constructor(clock: Clock, most: number, sleeping = () => uptime() * 1000) {
    this.#clock = clock;
    this.#most = most;
    this.#sleeping = sleeping;
  }

  instant(): Instant {
    return instantOf(this.#clock, this.#sleeping);
  }

  /** `from`: taken before the question was sent. */
  grant(from: Instant, ttlMs: number, sequence: number): void {
    const grant = { from, ttlMs: Math.min(ttlMs, this.#most), sequence };
    if (sequence <= this.#applied) this.#held = grant;
    else this.#waiting = grant;
  }

  /** Everything up to this order is in force here. */
  applied(sequence: number): void {
    this.#applied = sequence;
    if (this.#waiting === null || this.#waiting.sequence > sequence) return;
    this.#held = this.#waiting;
    this.#waiting = null;
  }

  /** Ends it now: what is in force here is not what was ordered. */
  void(): void {
    this.#held = null;
    this.#waiting = null;
    this.#applied = -1;
  }

  /** Milliseconds left, by the clocks that cost nothing to ask; 0 when there is none. */
  left(): number {
    if (this.#held === null) return 0;
    const { from, ttlMs } = this.#held;
    const gone = Math.max(this.#clock.monotonic() - from.monotonic, this.#clock.now() - from.wall);
    return Math.max(0, ttlMs - gone);
  }

  /** The same, also by the clock that counts sleep. What is over by it is over for good. */
  check(): number {
    if (this.#held === null) return 0;
    const { from, ttlMs } = this.#held;
    // That clock has steps of a hundredth of a second.
    if (this.#sleeping() - from.awakeOrNot >= ttlMs + 20) this.#held = null;
    return this.left();
  }
}

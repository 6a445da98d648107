/** Deadlines of many connections, looked at together: one timer for all of them, and each at most one tick late. */

import { Bag, type Seat } from '../core/bag.ts';

export interface Due {
  /** Monotonic ms; `Number.POSITIVE_INFINITY` while there is none. */
  readonly due: number;
  /** Where it stands among the deadlines it was added to; theirs alone. */
  seat: Seat<Due> | null;
  /** The deadline has passed. Called at each tick until `due` is later or it is taken out. */
  late(): void;
}

/** One deadline that calls back once, unless it is deleted before. */
export class Deadline implements Due {
  due: number;
  seat: Seat<Due> | null = null;
  readonly #passed: () => void;

  constructor(ms: number, passed: () => void) {
    this.due = performance.now() + ms;
    this.#passed = passed;
  }

  late(): void {
    this.due = Number.POSITIVE_INFINITY;
    this.#passed();
  }
}

const TICK_MS = 100;

export class Deadlines {
  readonly #all = new Bag<Due>();
  #timer: NodeJS.Timeout | null = null;

  add(one: Due): void {
    one.seat = this.#all.add(one);
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  delete(one: Due): void {
    if (one.seat !== null) this.#all.remove(one.seat);
    one.seat = null;
  }

  #tick(): void {
    const now = performance.now();
    for (const one of this.#all.items()) if (one.seat !== null && one.due <= now) one.late();
    if (this.#all.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

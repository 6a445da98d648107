/** What is queued, and no act waits for, may wait a little for company: one timer, at the earliest instant at which it is due. */

import type { Clock } from '../core/ports.ts';

export class CommitWindow {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #over: () => void;
  #open: { readonly timer: NodeJS.Timeout; readonly until: number } | null = null;

  /** `over` is called when the window ends by itself. */
  constructor(clock: Pick<Clock, 'monotonic'>, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** `dueAt` in monotonic milliseconds; a window that ends sooner stays. */
  until(dueAt: number): void {
    if (this.#open !== null) {
      if (this.#open.until <= dueAt) return;
      clearTimeout(this.#open.timer);
    }
    const end = () => {
      this.#open = null;
      this.#over();
    };
    // On a busy machine that instant may be past.
    const waitMs = Math.max(0, Math.ceil(dueAt - this.#clock.monotonic()));
    this.#open = { timer: setTimeout(end, waitMs), until: dueAt };
  }

  close(): void {
    if (this.#open !== null) clearTimeout(this.#open.timer);
    this.#open = null;
  }
}

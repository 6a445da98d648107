/**
 * Turns of the event loop for work that comes in many small units, as the messages of a WebSocket do: who has worked for its
 * share of a few milliseconds lets everything else have its turn before it goes on (T-45). However many such flows work at
 * once, together they take one slice of each turn, and each of them gets on.
 */

const SLICE_MS = 4;

class LoopTurns {
  #share = SLICE_MS;
  /** `performance.now()` of the turn for which the share was made. */
  #since = 0;
  #waiting = 0;
  #next: Promise<void> | null = null;

  /** `performance.now()` at which who begins now should wait for the next turn. */
  get until(): number {
    const now = performance.now();
    return now + (now - this.#since < 2 * SLICE_MS ? this.#share : SLICE_MS);
  }

  /** Resolves in the next turn. */
  next(): Promise<void> {
    this.#waiting += 1;
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#share = SLICE_MS / this.#waiting;
        this.#since = performance.now();
        this.#waiting = 0;
        this.#next = null;
        resolve();
      });
    });
    return this.#next;
  }
}

/** A thread has one event loop. */
export const loopTurns = new LoopTurns();

/**
 * Destroying an isolate and booting the next keep a core busy for some milliseconds, while the answer of the task that is over is
 * still guarded, recorded and sent. So that waits for the answer, for a while.
 */

/** The longest wait: the answer may be held up by a slow disk, and the next task comes all the same. */
const LONGEST_MS = 8;

export class AnswerWait {
  readonly #over: () => void;
  readonly #spent: { end(): void }[] = [];
  #late: NodeJS.Timeout | undefined;

  /** `over` is called when a wait is over, and what was held is ended. */
  constructor(over: () => void) {
    this.#over = over;
  }

  get waits(): boolean {
    return this.#late !== undefined;
  }

  /** Ends it once the answer has gone. It is not heard any more, so what may still run in it counts for nothing. */
  hold(spent: { end(): void }): void {
    this.#spent.push(spent);
    this.#late ??= setTimeout(() => this.answered(), LONGEST_MS);
  }

  answered(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
    for (const spent of this.#spent.splice(0)) spent.end();
    this.#over();
  }
}

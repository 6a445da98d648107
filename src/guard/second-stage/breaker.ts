/**
 * Circuit breaker: after so many failures in a row nothing is asked for a while; then one trial decides.
 * Source: Nygard, "Release It!", 2nd ed., ch. 5.
 */
export class Breaker {
  readonly #failures: number;
  readonly #pauseMs: number;
  #inARow = 0;
  #closedUntil = 0;
  #isTrying = false;

  constructor({ failures, pauseMs }: { readonly failures: number; readonly pauseMs: number }) {
    this.#failures = failures;
    this.#pauseMs = pauseMs;
  }

  /** Whether a call may go out now. Whoever is told yes must report how it went. */
  allows(now: number): boolean {
    if (this.#inARow < this.#failures) return true;
    if (now < this.#closedUntil || this.#isTrying) return false;
    this.#isTrying = true;
    return true;
  }

  /** The call did not go out after all. */
  released(): void {
    this.#isTrying = false;
  }

  succeeded(): void {
    this.#inARow = 0;
    this.#isTrying = false;
  }

  failed(now: number): void {
    this.#inARow += 1;
    this.#isTrying = false;
    if (this.#inARow >= this.#failures) this.#closedUntil = now + this.#pauseMs;
  }
}

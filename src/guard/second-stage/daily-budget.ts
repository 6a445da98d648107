const DAY_MS = 86_400_000;

/** Bytes that may be sent in one UTC day. Kept in memory: a restart begins anew. */
export class DailyBudget {
  readonly #bytes: number;
  #day = -1;
  #left = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Takes all of it or nothing. */
  take(bytes: number, now: number): boolean {
    const day = Math.floor(now / DAY_MS);
    // A clock that goes back gives nothing back.
    if (day > this.#day) {
      this.#day = day;
      this.#left = this.#bytes;
    }
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

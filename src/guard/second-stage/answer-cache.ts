/** Answers by keyed digest, never by value; the one longest unused goes first. */
export class AnswerCache {
  readonly #most: number;
  readonly #ttlMs: number;
  readonly #answers = new Map<string, { readonly confirmed: boolean; readonly until: number }>();

  constructor({ most, ttlMs }: { readonly most: number; readonly ttlMs: number }) {
    this.#most = most;
    this.#ttlMs = ttlMs;
  }

  get(digest: string, now: number): boolean | undefined {
    const answer = this.#answers.get(digest);
    if (!answer) return undefined;
    this.#answers.delete(digest);
    if (answer.until <= now) return undefined;
    this.#answers.set(digest, answer);
    return answer.confirmed;
  }

  set(digest: string, confirmed: boolean, now: number): void {
    if (this.#most === 0) return;
    this.#answers.delete(digest);
    this.#answers.set(digest, { confirmed, until: now + this.#ttlMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#most && oldest !== undefined) this.#answers.delete(oldest);
  }
}

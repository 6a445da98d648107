/** How a dial in progress is broken off: what an AbortSignal does, without the cost of an event target for each tunnel. */
export class Cutoff {
  #cut = false;
  #stop: (() => void) | null = null;

  get isCut(): boolean {
    return this.#cut;
  }

  /** Who is told from now on, at once when it is cut already; one at a time, null for nobody. */
  tell(stop: (() => void) | null): void {
    if (this.#cut) stop?.();
    else this.#stop = stop;
  }

  cut(): void {
    this.#cut = true;
    const stop = this.#stop;
    this.#stop = null;
    stop?.();
  }
}

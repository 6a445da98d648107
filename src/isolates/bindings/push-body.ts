/** A body that is pushed in at one end and iterated at the other; a push is answered when its bytes were taken. */

interface Piece {
  readonly bytes: Uint8Array;
  readonly taken: (ok: boolean) => void;
}

export class PushBody implements AsyncIterable<Uint8Array> {
  readonly #pieces: Piece[] = [];
  #state: 'open' | 'ended' | 'cancelled' = 'open';
  #wake: (() => void) | null = null;

  /** False when nobody takes it any more. */
  write(bytes: Uint8Array): Promise<boolean> {
    if (this.#state !== 'open') return Promise.resolve(false);
    return new Promise((taken) => {
      this.#pieces.push({ bytes, taken });
      this.#wake?.();
    });
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake?.();
  }

  /** What was not taken is refused; the reader sees an error, as the body was not whole. */
  cancel(): void {
    if (this.#state !== 'ended') this.#state = 'cancelled';
    for (const piece of this.#pieces.splice(0)) piece.taken(false);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece) {
          piece.taken(true);
          yield piece.bytes;
        } else if (this.#state === 'cancelled') throw new Error('the body was cut off');
        else if (this.#state === 'ended') return;
        else await this.#more();
      }
    } finally {
      this.#state = 'ended';
      this.cancel();
    }
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }
}

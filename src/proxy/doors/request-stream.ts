/** The body of a request as it comes from the client: a queue with back-pressure that is read once, by one reader. */

import type { BodyProblem, BodyReader } from '../../wire/http-body.ts';

/** Bytes that may wait before the client is held up. */
const HIGH_WATER = 64 * 1024;

export interface Source {
  pause(): void;
  resume(): void;
}

export class RequestStream implements AsyncIterable<Uint8Array> {
  readonly #reader: BodyReader;
  readonly #source: Source;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(reader: BodyReader, source: Source) {
    this.#reader = reader;
    this.#source = source;
  }

  /** The last byte has come. */
  get done(): boolean {
    return this.#reader.done;
  }

  /** Takes what belongs to the body: how many bytes, or what is wrong with them. */
  take(bytes: Uint8Array): number | BodyProblem {
    const taken = this.#reader.read(bytes, (piece) => {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    });
    if (this.#bytes > HIGH_WATER && !this.done) this.#source.pause();
    this.#rouse();
    return taken;
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    if (this.done) return;
    this.#failure ??= error;
    this.#rouse();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const pieces = this.#pieces;
      if (pieces.length > 0) {
        this.#pieces = [];
        this.#bytes = 0;
        yield* pieces;
        continue;
      }
      if (this.done) return;
      if (this.#failure !== null) throw this.#failure;
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#source.resume();
      await more;
    }
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

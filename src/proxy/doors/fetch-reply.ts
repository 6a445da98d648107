/** Answers an isolate's `fetch`: the response head once, then the body as it is asked for. */

import { type FieldList, PHRASE, type Reply } from './reply.ts';

export interface FetchHead {
  readonly status: number;
  readonly fields: FieldList;
  /** Empty where the origin gave none. */
  readonly phrase: string;
}

/** Bytes held for a reader before the origin is asked to wait. */
const HIGH_WATER = 256 * 1024;

export class FetchReply implements Reply, AsyncIterable<Uint8Array> {
  readonly takesPhrase = true;
  readonly #onHead: (head: FetchHead) => void;
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #begun = false;
  #ended = false;
  #broken: Error | null = null;
  #gone = false;
  #wake: (() => void) | null = null;
  #drained: (() => void) | null = null;
  #left: (() => void) | null = null;

  constructor(onHead: (head: FetchHead) => void) {
    this.#onHead = onHead;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get gone(): boolean {
    return this.#gone;
  }

  get queued(): number {
    return Number.POSITIVE_INFINITY;
  }

  head(status: number, fields: FieldList): void {
    this.#begun = true;
    const phrase = fields.find(([name]) => name === PHRASE)?.[1] ?? '';
    this.#onHead({ status, fields: fields.filter(([name]) => name !== PHRASE), phrase });
  }

  write(chunk: Uint8Array): boolean {
    if (this.#gone || this.#broken) return true;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    this.#stir();
    return this.#held < HIGH_WATER;
  }

  onDrain(resume: () => void): void {
    this.#drained = resume;
  }

  onGone(gone: () => void): void {
    this.#left = gone;
    if (this.#gone) gone();
  }

  end(): void {
    this.#ended = true;
    this.#stir();
  }

  destroy(): void {
    this.#broken ??= new Error('the response was cut off by the gate');
    this.#chunks.length = 0;
    this.#stir();
  }

  /** The walk is over: a body that was never ended was cut short. */
  destroyUnlessEnded(): void {
    if (!this.#ended) this.destroy();
  }

  /** The reader goes away: the exchange ends. */
  leave(): void {
    if (this.#gone || this.#ended) return;
    this.#gone = true;
    this.#left?.();
    this.#stir();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#held -= chunk.length;
          if (this.#held < HIGH_WATER) this.#drained?.();
          yield chunk;
          continue;
        }
        if (this.#broken) throw this.#broken;
        if (this.#ended || this.#gone) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.leave();
    }
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

/**
 * The body of a request, for as long as its exchange goes on. It must keep coming: what stops in the middle holds a flow, and a
 * budget, for nothing (T-45). Once the exchange is over nothing more of it is handed out, to whoever asks.
 */

import { Refusal } from '../refusal.ts';

export class Upload implements AsyncIterable<Uint8Array> {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #idleMs: number;
  #over: Refusal | null = null;
  #tell: ((why: Refusal) => void) | null = null;

  constructor(body: AsyncIterable<Uint8Array>, idleMs: number) {
    this.#body = body;
    this.#idleMs = idleMs;
  }

  /** Whoever waits for the next piece, or asks for one later, is told why there is none. */
  stop(why: Refusal): void {
    this.#over ??= why;
    this.#tell?.(why);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const from = this.#body[Symbol.asyncIterator]();
    for (;;) {
      if (this.#over !== null) throw this.#over;
      const next = await this.#soon(from.next());
      if (next.done) return;
      yield next.value;
    }
  }

  /** The timer runs while the client is waited for; while a piece is on its way up, the origin sets the pace. */
  async #soon<T>(piece: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<never>((_, reject) => {
      this.#tell = reject;
      timer = setTimeout(() => reject(new Refusal('request_timeout', 'body')), this.#idleMs);
    });
    try {
      return await Promise.race([piece, ended]);
    } catch (error) {
      // The client's stream broke: what it says of that are words of the transport.
      throw error instanceof Refusal ? error : new Refusal('request_malformed', 'cut_short');
    } finally {
      clearTimeout(timer);
      this.#tell = null;
    }
  }
}

/** One request to an origin and its answer: what it is handed on to, and how it is paused and broken off. */

import type { Dispatcher } from 'undici';
import type { HeaderList } from '../exchange.ts';

export interface OriginAsk {
  readonly method: string;
  readonly path: string;
  /** Flat name-value list; with `host`, and with `content-length` where the length of the body is known. */
  readonly headers: readonly string[];
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null;
  /** Asked before each piece of the body. */
  readonly mayGo: (bytes: number) => boolean;
}

/** What may break off or hold up a turn: the connection that carries it, or the dial that will. */
export interface Carrying {
  abort(error: Error): void;
  pause(): void;
  resume(): void;
}

type Raw = NonNullable<Dispatcher.DispatchController['rawHeaders']> | null;

/** The controller that handlers know from undici, so that one handler serves both kinds of transport. */
export class OriginTurn implements Dispatcher.DispatchController {
  readonly ask: OriginAsk;
  readonly #handler: Dispatcher.DispatchHandler;
  #carrying: Carrying | null = null;
  #over = false;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: Raw = null;
  rawTrailers: Raw = null;

  constructor(ask: OriginAsk, handler: Dispatcher.DispatchHandler) {
    this.ask = ask;
    this.#handler = handler;
  }

  get over(): boolean {
    return this.#over;
  }

  start(): void {
    this.#handler.onRequestStart?.(this, null);
  }

  carriedBy(carrying: Carrying | null): void {
    this.#carrying = carrying;
  }

  abort(error: Error): void {
    if (this.#over) return;
    this.aborted = true;
    this.reason = error;
    if (this.#carrying === null) this.fail(error);
    else this.#carrying.abort(error);
  }

  pause(): void {
    this.paused = true;
    this.#carrying?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#carrying?.resume();
  }

  head(status: number, headers: HeaderList): void {
    this.rawHeaders = headers as never;
    this.#handler.onResponseStart?.(this, status, {});
  }

  data(piece: Uint8Array): void {
    if (!this.#over) this.#handler.onResponseData?.(this, piece as Buffer);
  }

  end(trailers: HeaderList): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrying = null;
    this.rawTrailers = trailers as never;
    this.#handler.onResponseEnd?.(this, {});
  }

  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrying = null;
    this.#handler.onResponseError?.(this, error);
  }
}

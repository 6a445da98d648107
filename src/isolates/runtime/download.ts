/**
 * The body of an answer, a piece at a time. A little of it is asked for ahead: its end, or why it broke off, is known
 * without another read, and a small one that nobody reads is over all the same.
 */

import type { ReadableByteStreamController, ReadableStream } from 'web-streams-polyfill';
import { type AbortSignal, onAbort } from './abort.ts';
import { callNetwork } from './bindings.ts';
import { leave, standStill } from './exchanges.ts';
import { byteStream } from './stream-state.ts';

/** Bytes that are held before somebody reads them, and one piece more. */
const AHEAD = 32 * 1024;

export function drop(id: number): void {
  callNetwork('fetch.abort', { id }).catch(() => undefined);
  leave(id);
}

export function download(id: number, signal: AbortSignal): ReadableStream<Uint8Array> {
  const body = new Download(id);
  return byteStream({
    start: (controller) => {
      onAbort(signal, () => {
        body.stop();
        controller.error(signal.reason);
      });
      body.begin(controller);
    },
    pull: () => body.pull(),
    cancel: () => {
      body.stop();
      drop(id);
    },
  });
}

class Download {
  readonly #id: number;
  #controller: ReadableByteStreamController | null = null;
  readonly #held: Uint8Array[] = [];
  #size = 0;
  #asking = false;
  /** Null while more may come; why it broke off, where it did. */
  #over: { readonly error?: unknown } | null = null;
  /** Whoever reads waits for the next piece. */
  #wanted: (() => void) | null = null;

  constructor(id: number) {
    this.#id = id;
  }

  begin(controller: ReadableByteStreamController): void {
    this.#controller = controller;
    void this.#ask();
  }

  /** The stream is over for another reason: it hears no more. */
  stop(): void {
    this.#controller = null;
    this.#held.length = 0;
    this.#over ??= {};
  }

  pull(): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = resolve;
      this.#give();
      void this.#ask();
    });
  }

  /** One piece to who waits; the end as soon as nothing stands before it. */
  #give(): void {
    const piece = this.#wanted === null ? undefined : this.#held.shift();
    if (piece) {
      this.#size -= piece.length;
      this.#controller?.enqueue(piece);
    }
    const isLast = this.#held.length === 0 && this.#over !== null;
    if (isLast) this.#end(this.#over ?? {});
    if (piece === undefined && !isLast) return;
    this.#wanted?.();
    this.#wanted = null;
  }

  #end(over: { readonly error?: unknown }): void {
    const controller = this.#controller;
    this.#controller = null;
    if ('error' in over) controller?.error(over.error);
    else if (controller) {
      controller.close();
      controller.byobRequest?.respond(0);
    }
  }

  /** INVARIANT: does not reject. */
  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    standStill(this.#id, false);
    while (this.#over === null && this.#size < AHEAD) {
      try {
        const { value, bytes } = await callNetwork('fetch.read', { id: this.#id });
        if ((value as { done: boolean }).done) this.#over = {};
        else if (bytes && bytes.byteLength > 0) {
          this.#held.push(new Uint8Array(bytes));
          this.#size += bytes.byteLength;
        }
      } catch (error) {
        this.#over = { error };
      }
      this.#give();
    }
    this.#asking = false;
    if (this.#over === null) standStill(this.#id, true);
    else leave(this.#id);
  }
}

/**
 * Questions and news between two threads, both ways. What one turn of the event loop says goes as one message; answers
 * come in the order in which they are ready, news and questions arrive in the order in which they were said.
 */

import type { MessagePort, Worker } from 'node:worker_threads';

/** What may be asked, by name. Values must be what structured cloning takes. */
export type Questions = Readonly<Record<string, { readonly ask: unknown; readonly answer: unknown }>>;
/** What may be told, by name. */
export type News = Readonly<Record<string, unknown>>;

/** One direction of a channel. */
export interface Talk {
  readonly asks: Questions;
  readonly news: News;
}

export type Handlers<T extends Talk> = {
  readonly ask: {
    readonly [K in keyof T['asks']]: (
      ask: T['asks'][K]['ask'],
    ) => T['asks'][K]['answer'] | Promise<T['asks'][K]['answer']>;
  };
  readonly tell: { readonly [K in keyof T['news']]: (news: T['news'][K]) => void };
};

/** An error as it crosses: enough to say what happened, and whether an address could not be had. */
export interface Fault {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

type Frame =
  | { readonly k: 'ask'; readonly n: number; readonly of: string; readonly v: unknown }
  | { readonly k: 'tell'; readonly of: string; readonly v: unknown }
  | { readonly k: 'ok'; readonly n: number; readonly v: unknown }
  | { readonly k: 'no'; readonly n: number; readonly v: Fault };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Channel<Out extends Talk, In extends Talk> {
  readonly #port: MessagePort | Worker;
  readonly #handlers: Handlers<In>;
  readonly #waiting = new Map<number, Waiting>();
  #frames: Frame[] = [];
  #asked = 0;
  #closed = false;

  constructor(port: MessagePort | Worker, handlers: Handlers<In>) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (frames: readonly Frame[]) => {
      for (const frame of frames) this.#hear(frame);
    });
  }

  /** Rejects when the other side could not do it, or has ended. */
  ask<K extends keyof Out['asks'] & string>(of: K, v: Out['asks'][K]['ask']): Promise<Out['asks'][K]['answer']> {
    if (this.#closed) return Promise.reject(new Error('the other thread has ended'));
    this.#asked += 1;
    const n = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(n, { resolve, reject });
      this.#say({ k: 'ask', n, of, v });
    });
  }

  tell<K extends keyof Out['news'] & string>(of: K, v: Out['news'][K]): void {
    if (!this.#closed) this.#say({ k: 'tell', of, v });
  }

  /** The other side has ended: whoever waits for it is told. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(new Error('the other thread has ended'));
    this.#waiting.clear();
  }

  #say(frame: Frame): void {
    if (this.#frames.push(frame) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const frames = this.#frames;
    this.#frames = [];
    if (!this.#closed) this.#port.postMessage(frames);
  }

  #hear(frame: Frame): void {
    if (frame.k === 'tell') this.#handlers.tell[frame.of]?.(frame.v as never);
    else if (frame.k === 'ask') void this.#answer(frame.n, frame.of, frame.v);
    else {
      const waiting = this.#waiting.get(frame.n);
      this.#waiting.delete(frame.n);
      if (frame.k === 'ok') waiting?.resolve(frame.v as never);
      else waiting?.reject(errorOf(frame.v));
    }
  }

  async #answer(n: number, of: string, v: unknown): Promise<void> {
    try {
      const answer = await this.#handlers.ask[of]?.(v as never);
      this.#say({ k: 'ok', n, v: answer });
    } catch (error) {
      this.#say({ k: 'no', n, v: faultOf(error) });
    }
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { message: 'unknown' };
  const { message, code, syscall, address, port } = error as Error & Fault;
  return {
    message,
    ...(code !== undefined && { code }),
    ...(syscall !== undefined && { syscall }),
    ...(address !== undefined && { address }),
    ...(port !== undefined && { port }),
  };
}

function errorOf({ message, ...rest }: Fault): Error {
  return Object.assign(new Error(message), rest);
}

/** The default controller: a queue of chunks of any kind. */

import { checkedSize } from './queue-strategies.ts';
import {
  closeStream,
  errorStream,
  type ReadableController,
  type ReadableState,
  type ReadRequest,
} from './readable-state.ts';

export interface SourceAlgorithms {
  start(controller: unknown): unknown;
  pull(controller: unknown): Promise<unknown>;
  cancel(reason: unknown): Promise<unknown>;
}

const making = Symbol('making');

export class ReadableStreamDefaultController {
  readonly #core: DefaultCore;

  constructor(key?: unknown, core?: DefaultCore) {
    if (key !== making || !core) throw new TypeError('controllers are made by streams');
    this.#core = core;
  }

  get desiredSize(): number | null {
    return this.#core.desiredSize();
  }

  close(): void {
    if (!this.#core.mayEnqueue()) throw new TypeError('the stream is closed or closing');
    this.#core.close();
  }

  enqueue(chunk?: unknown): void {
    if (!this.#core.mayEnqueue()) throw new TypeError('the stream is closed or closing');
    this.#core.enqueue(chunk);
  }

  error(error?: unknown): void {
    this.#core.fail(error);
  }
}

const cores = new WeakMap<object, DefaultCore>();

/** Whether a stream would pull now; what a transform calls the absence of back-pressure. */
export function wantsMore(controller: object): boolean {
  return cores.get(controller)?.wanted() ?? false;
}

export class DefaultCore implements ReadableController {
  readonly face: ReadableStreamDefaultController;
  readonly #stream: ReadableState;
  readonly #mark: number;
  readonly #size: (chunk: unknown) => number;
  #source: SourceAlgorithms | null;
  #queue: { chunk: unknown; size: number }[] = [];
  #total = 0;
  #started = false;
  #closing = false;
  #pulling = false;
  #again = false;

  constructor(stream: ReadableState, source: SourceAlgorithms, mark: number, size: (chunk: unknown) => number) {
    this.#stream = stream;
    this.#source = source;
    this.#mark = mark;
    this.#size = size;
    this.face = new ReadableStreamDefaultController(making, this);
    cores.set(this.face, this);
  }

  start(): void {
    const begun = this.#source?.start(this.face);
    Promise.resolve(begun).then(
      () => {
        this.#started = true;
        this.#pullIfNeeded();
      },
      (error) => this.fail(error),
    );
  }

  mayEnqueue(): boolean {
    return !this.#closing && this.#stream.state === 'readable';
  }

  desiredSize(): number | null {
    if (this.#stream.state === 'errored') return null;
    return this.#stream.state === 'closed' ? 0 : this.#mark - this.#total;
  }

  enqueue(chunk: unknown): void {
    if (!this.mayEnqueue()) return;
    const request = this.#stream.reader?.requests.shift();
    if (request) request.chunk(chunk);
    else this.#keep(chunk);
    this.#pullIfNeeded();
  }

  #keep(chunk: unknown): void {
    try {
      const size = checkedSize(this.#size(chunk));
      this.#queue.push({ chunk, size });
      this.#total += size;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  close(): void {
    if (!this.mayEnqueue()) return;
    this.#closing = true;
    if (this.#queue.length === 0) this.#finish();
  }

  fail(error: unknown): void {
    if (this.#stream.state !== 'readable') return;
    this.#queue = [];
    this.#total = 0;
    this.#source = null;
    errorStream(this.#stream, error);
  }

  pull(request: ReadRequest): void {
    const first = this.#queue.shift();
    if (first === undefined) {
      this.#stream.reader?.requests.push(request);
      this.#pullIfNeeded();
      return;
    }
    this.#total = Math.max(0, this.#total - first.size);
    if (this.#closing && this.#queue.length === 0) this.#finish();
    else this.#pullIfNeeded();
    request.chunk(first.chunk);
  }

  cancel(reason: unknown): Promise<unknown> {
    this.#queue = [];
    this.#total = 0;
    const source = this.#source;
    this.#source = null;
    return source ? source.cancel(reason) : Promise.resolve();
  }

  released(): void {
    // Nothing of a default reader lives here.
  }

  #finish(): void {
    this.#source = null;
    closeStream(this.#stream);
  }

  wanted(): boolean {
    if (!this.mayEnqueue() || !this.#started) return false;
    return (this.#stream.reader?.requests.length ?? 0) > 0 || (this.desiredSize() ?? 0) > 0;
  }

  #pullIfNeeded(): void {
    if (!this.wanted()) return;
    if (this.#pulling) {
      this.#again = true;
      return;
    }
    this.#pulling = true;
    this.#source?.pull(this.face).then(
      () => {
        this.#pulling = false;
        if (!this.#again) return;
        this.#again = false;
        this.#pullIfNeeded();
      },
      (error) => this.fail(error),
    );
  }
}

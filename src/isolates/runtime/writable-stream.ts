/** `WritableStream`, its writer and its controller. */

import { AbortController, type AbortSignal } from './abort.ts';
import {
  checkedSize,
  type Deferred,
  deferred,
  highWaterMark,
  method,
  promised,
  type Strategy,
  sizeOf,
} from './queue-strategies.ts';

interface Write {
  readonly chunk: unknown;
  readonly size: number;
  readonly done: Deferred<undefined>;
}

interface Sink {
  write(chunk: unknown, controller: unknown): Promise<unknown>;
  close(): Promise<unknown>;
  abort(reason: unknown): Promise<unknown>;
}

const making = Symbol('making');
const cores = new WeakMap<object, WritableCore>();

export function isWritable(value: unknown): value is WritableStream {
  return typeof value === 'object' && value !== null && cores.has(value);
}

function coreOf(stream: unknown): WritableCore {
  const core = cores.get(stream as object);
  if (!core) throw new TypeError('the value is no WritableStream');
  return core;
}

class WritableCore {
  readonly face: WritableStreamDefaultController;
  readonly abortion = new AbortController();
  state: 'writable' | 'erroring' | 'errored' | 'closed' = 'writable';
  error: unknown;
  writer: WriterState | null = null;
  closing: Deferred<undefined> | null = null;
  readonly #mark: number;
  readonly #size: (chunk: unknown) => number;
  readonly #queue: Write[] = [];
  #sink: Sink | null;
  #total = 0;
  #busy = false;
  #started = false;
  #aborting: { readonly reason: unknown; readonly done: Deferred<undefined>; readonly wasErroring: boolean } | null =
    null;

  constructor(sink: Sink, mark: number, size: (chunk: unknown) => number) {
    this.#sink = sink;
    this.#mark = mark;
    this.#size = size;
    this.face = new WritableStreamDefaultController(making, this);
  }

  begin(start: () => unknown): void {
    Promise.resolve(start()).then(
      () => {
        this.#started = true;
        this.#advance();
      },
      (error) => {
        this.#started = true;
        this.fail(error);
        this.#advance();
      },
    );
  }

  desired(): number | null {
    if (this.state === 'errored' || this.state === 'erroring') return null;
    return this.state === 'closed' ? 0 : this.#mark - this.#total;
  }

  write(chunk: unknown): Promise<undefined> {
    let size = 1;
    try {
      size = this.#sink ? this.#size(chunk) : 1;
      checkedSize(size);
    } catch (error) {
      this.fail(error);
    }
    if (this.state === 'errored' || this.state === 'erroring') return Promise.reject(this.error);
    if (this.closing || this.state === 'closed')
      return Promise.reject(new TypeError('the stream is closed or closing'));
    const done = deferred();
    this.#queue.push({ chunk, size, done });
    this.#total += size;
    this.#pressure();
    this.#advance();
    return done.promise;
  }

  close(): Promise<undefined> {
    if (this.state === 'closed' || this.closing)
      return Promise.reject(new TypeError('the stream is closed or closing'));
    if (this.state === 'errored') return Promise.reject(this.error);
    this.closing = deferred();
    if (this.state === 'writable') this.writer?.ready.resolve(undefined);
    this.#advance();
    return this.closing.promise;
  }

  abort(reason: unknown): Promise<undefined> {
    if (this.state === 'closed' || this.state === 'errored') return Promise.resolve(undefined);
    this.abortion.abort(reason);
    if (this.#aborting) return this.#aborting.done.promise;
    const wasErroring = this.state === 'erroring';
    this.#aborting = { reason: wasErroring ? undefined : reason, done: deferred(), wasErroring };
    if (!wasErroring) this.#startErroring(reason);
    this.#advance();
    return this.#aborting.done.promise;
  }

  fail(error: unknown): void {
    if (this.state !== 'writable') return;
    this.#startErroring(error);
    this.#advance();
  }

  #startErroring(error: unknown): void {
    this.state = 'erroring';
    this.error = error;
    this.writer?.refuse(error);
  }

  #advance(): void {
    if (!this.#started || this.#busy) return;
    if (this.state === 'erroring') this.#finishErroring();
    if (this.state !== 'writable') return;
    const next = this.#queue[0];
    if (next) this.#writeOne(next);
    else if (this.closing) this.#closeNow(this.closing);
  }

  #writeOne(next: Write): void {
    this.#busy = true;
    (this.#sink?.write(next.chunk, this.face) ?? Promise.resolve()).then(
      () => {
        this.#busy = false;
        this.#queue.shift();
        this.#total -= next.size;
        next.done.resolve(undefined);
        if (this.state === 'writable') this.#pressure();
        this.#advance();
      },
      (error) => {
        this.#busy = false;
        this.#queue.shift();
        next.done.reject(error);
        this.fail(error);
        this.#advance();
      },
    );
  }

  #closeNow(closing: Deferred<undefined>): void {
    this.#busy = true;
    const sink = this.#sink;
    this.#sink = null;
    (sink?.close() ?? Promise.resolve()).then(
      () => {
        this.#busy = false;
        this.state = 'closed';
        this.#aborting?.done.resolve(undefined);
        closing.resolve(undefined);
        this.writer?.closed.resolve(undefined);
      },
      (error) => {
        this.#busy = false;
        closing.reject(error);
        this.#aborting?.done.reject(error);
        this.#aborting = null;
        if (this.state === 'writable') this.#startErroring(error);
        this.#advance();
      },
    );
  }

  #finishErroring(): void {
    this.state = 'errored';
    for (const write of this.#queue.splice(0)) write.done.reject(this.error);
    this.#total = 0;
    const aborting = this.#aborting;
    const sink = this.#sink;
    this.#sink = null;
    this.#aborting = null;
    const settle = () => {
      this.closing?.reject(this.error);
      this.writer?.closed.reject(this.error);
    };
    if (!aborting) {
      settle();
      return;
    }
    if (aborting.wasErroring) {
      aborting.done.reject(this.error);
      settle();
      return;
    }
    (sink?.abort(aborting.reason) ?? Promise.resolve()).then(
      () => {
        aborting.done.resolve(undefined);
        settle();
      },
      (error) => {
        aborting.done.reject(error);
        settle();
      },
    );
  }

  /** The writer is told to wait, or to go on. */
  #pressure(): void {
    if (this.closing) return;
    const full = (this.desired() ?? 0) <= 0;
    this.writer?.press(full);
  }
}

class WriterState {
  ready = deferred();
  closed = deferred();
  #full = false;

  constructor(core: WritableCore) {
    if (core.state === 'writable') {
      if (!core.closing && (core.desired() ?? 0) <= 0) this.#full = true;
      else this.ready.resolve(undefined);
    } else if (core.state === 'erroring') this.ready.reject(core.error);
    else if (core.state === 'closed') {
      this.ready.resolve(undefined);
      this.closed.resolve(undefined);
    } else {
      this.ready.reject(core.error);
      this.closed.reject(core.error);
    }
  }

  press(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    if (full) this.ready = deferred();
    else this.ready.resolve(undefined);
  }

  refuse(error: unknown): void {
    if (!this.#full) this.ready = deferred();
    this.#full = true;
    this.ready.reject(error);
  }
}

export class WritableStreamDefaultController {
  readonly #core: WritableCore;

  constructor(key?: unknown, core?: WritableCore) {
    if (key !== making || !core) throw new TypeError('controllers are made by streams');
    this.#core = core;
  }

  get signal(): AbortSignal {
    return this.#core.abortion.signal;
  }

  error(error?: unknown): void {
    this.#core.fail(error);
  }
}

export class WritableStreamDefaultWriter {
  #core: WritableCore | null;
  readonly #state: WriterState;

  constructor(stream: unknown) {
    const core = coreOf(stream);
    if (core.writer) throw new TypeError('the stream is locked');
    this.#core = core;
    this.#state = new WriterState(core);
    core.writer = this.#state;
  }

  get ready(): Promise<undefined> {
    return this.#state.ready.promise;
  }

  get closed(): Promise<undefined> {
    return this.#state.closed.promise;
  }

  get desiredSize(): number | null {
    return this.#held().desired();
  }

  write(chunk?: unknown): Promise<undefined> {
    return promised(() => this.#held().write(chunk)) as Promise<undefined>;
  }

  close(): Promise<undefined> {
    return promised(() => this.#held().close()) as Promise<undefined>;
  }

  abort(reason?: unknown): Promise<undefined> {
    return promised(() => this.#held().abort(reason)) as Promise<undefined>;
  }

  releaseLock(): void {
    if (!this.#core) return;
    const error = new TypeError('the writer was released');
    this.#state.refuse(error);
    if (this.#core.state === 'closed' || this.#core.state === 'errored') this.#state.closed = deferred();
    this.#state.closed.reject(error);
    this.#core.writer = null;
    this.#core = null;
  }

  #held(): WritableCore {
    if (!this.#core) throw new TypeError('the writer was released');
    return this.#core;
  }
}

export class WritableStream {
  constructor(sink: object | undefined = {}, strategy: Strategy = {}) {
    if (sink === null || (typeof sink !== 'object' && typeof sink !== 'function'))
      throw new TypeError('a sink is an object');
    if ((sink as { type?: unknown }).type !== undefined) throw new RangeError('a sink has no type');
    const [start, write, close, abort] = ['start', 'write', 'close', 'abort'].map((name) => method(sink, name));
    const size = sizeOf(strategy);
    const core = new WritableCore(
      {
        write: (chunk, controller) => promised(() => write?.(chunk, controller)),
        close: () => promised(() => close?.()),
        abort: (reason) => promised(() => abort?.(reason)),
      },
      highWaterMark(strategy, 1),
      size,
    );
    cores.set(this, core);
    core.begin(() => start?.(core.face));
  }

  get locked(): boolean {
    return coreOf(this).writer !== null;
  }

  getWriter(): WritableStreamDefaultWriter {
    return new WritableStreamDefaultWriter(this);
  }

  close(): Promise<undefined> {
    return promised(() => unlocked(this).close()) as Promise<undefined>;
  }

  abort(reason?: unknown): Promise<undefined> {
    return promised(() => unlocked(this).abort(reason)) as Promise<undefined>;
  }
}

function unlocked(stream: WritableStream): WritableCore {
  const core = coreOf(stream);
  if (core.writer) throw new TypeError('the stream is locked');
  return core;
}

export function writableWriter(stream: WritableStream): WritableStreamDefaultWriter {
  return new WritableStreamDefaultWriter(stream);
}

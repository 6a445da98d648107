/** `ReadableStream` and its default reader. */

import { type AbortSignal, isSignal, onAbort } from './abort.ts';
import { ByteCore, ReadableStreamBYOBReader } from './byte-stream.ts';
import { deferred, highWaterMark, method, promised, type Strategy, sizeOf } from './queue-strategies.ts';
import { DefaultCore, type SourceAlgorithms } from './readable-controller.ts';
import { cancelStream, type ReadableState, type ReaderState, readStream } from './readable-state.ts';
import { lockReader, releaseReader, setState, stateOf } from './stream-locks.ts';
import { isWritable, type WritableStream, writableWriter } from './writable-stream.ts';

type ReadResult = { done: boolean; value: unknown };

export class ReadableStreamDefaultReader {
  readonly #state: ReaderState;

  constructor(stream: unknown) {
    this.#state = lockReader(stateOf(stream), 'default');
  }

  get closed(): Promise<undefined> {
    return this.#state.closed.promise;
  }

  read(): Promise<ReadResult> {
    const { stream } = this.#state;
    if (!stream) return Promise.reject(new TypeError('the reader was released'));
    const result = deferred<ReadResult>();
    readStream(stream, {
      chunk: (value) => result.resolve({ value, done: false }),
      close: () => result.resolve({ value: undefined, done: true }),
      error: (error) => result.reject(error),
    });
    return result.promise;
  }

  cancel(reason?: unknown): Promise<undefined> {
    const { stream } = this.#state;
    return stream ? cancelStream(stream, reason) : Promise.reject(new TypeError('the reader was released'));
  }

  releaseLock(): void {
    releaseReader(this.#state);
  }
}

interface PipeOptions {
  readonly preventClose?: unknown;
  readonly preventAbort?: unknown;
  readonly preventCancel?: unknown;
  readonly signal?: unknown;
}

export class ReadableStream {
  constructor(source: object | undefined = {}, strategy: Strategy = {}) {
    if (source === null || (typeof source !== 'object' && typeof source !== 'function'))
      throw new TypeError('a source is an object');
    const state: ReadableState = {
      state: 'readable',
      error: undefined,
      disturbed: false,
      reader: null,
      controller: undefined as never,
      bytes: false,
    };
    setState(this, state);
    const kind = (source as { type?: unknown }).type;
    const algorithms = algorithmsOf(source);
    if (kind !== undefined && String(kind) !== 'bytes')
      throw new TypeError('the type of a source is `bytes` or absent');
    if (kind !== undefined) {
      if (strategy?.size !== undefined) throw new RangeError('a byte stream takes no size');
      state.bytes = true;
      const auto = (source as { autoAllocateChunkSize?: unknown }).autoAllocateChunkSize;
      const chunk = auto === undefined ? 0 : Number(auto);
      if (auto !== undefined && !(chunk > 0)) throw new TypeError('autoAllocateChunkSize must be positive');
      const core = new ByteCore(state, algorithms, highWaterMark(strategy, 0), chunk);
      state.controller = core;
      core.start();
      return;
    }
    const size = sizeOf(strategy);
    const core = new DefaultCore(state, algorithms, highWaterMark(strategy, 1), size);
    state.controller = core;
    core.start();
  }

  static from(iterable: unknown): ReadableStream {
    const source = iterable as { [Symbol.asyncIterator]?: unknown; [Symbol.iterator]?: unknown } | null;
    const make = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
    if (typeof make !== 'function') throw new TypeError('the value cannot be iterated');
    const iterator = Reflect.apply(make, source, []) as AsyncIterator<unknown>;
    return new ReadableStream(
      {
        pull: async (controller: { close(): void; enqueue(chunk: unknown): void }) => {
          const next = await iterator.next();
          if (typeof next !== 'object' || next === null) throw new TypeError('an iterator result is an object');
          if (next.done) controller.close();
          else controller.enqueue(await next.value);
        },
        cancel: async (reason: unknown) => {
          await iterator.return?.(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  get locked(): boolean {
    return stateOf(this).reader !== null;
  }

  cancel(reason?: unknown): Promise<undefined> {
    return promised(() => {
      if (stateOf(this).reader) throw new TypeError('the stream is locked');
      return cancelStream(stateOf(this), reason);
    }) as Promise<undefined>;
  }

  getReader(options: { mode?: unknown } = {}): ReadableStreamDefaultReader | ReadableStreamBYOBReader {
    const mode = options?.mode;
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (String(mode) !== 'byob') throw new TypeError('the mode is `byob` or absent');
    return new ReadableStreamBYOBReader(this);
  }

  pipeTo(to: unknown, options: PipeOptions = {}): Promise<undefined> {
    return promised(() => {
      if (!isWritable(to)) throw new TypeError('pipeTo takes a WritableStream');
      const { signal } = options ?? {};
      if (signal !== undefined && !isSignal(signal)) throw new TypeError('the signal is no AbortSignal');
      if (this.locked || to.locked) throw new TypeError('a stream is locked');
      return pipe(this, to, options ?? {});
    }) as Promise<undefined>;
  }

  pipeThrough(pair: { readable: ReadableStream; writable: WritableStream }, options: PipeOptions = {}): ReadableStream {
    const { readable, writable } = pair;
    if (!(readable instanceof ReadableStream) || !isWritable(writable))
      throw new TypeError('pipeThrough takes a pair of streams');
    if (this.locked || writable.locked) throw new TypeError('a stream is locked');
    this.pipeTo(writable, options).catch(() => undefined);
    return readable;
  }

  tee(): [ReadableStream, ReadableStream] {
    return tee(this);
  }

  values(options: { preventCancel?: unknown } = {}): AsyncIterableIterator<unknown> {
    return iterate(new ReadableStreamDefaultReader(this), Boolean(options?.preventCancel));
  }

  [Symbol.asyncIterator](options?: { preventCancel?: unknown }): AsyncIterableIterator<unknown> {
    return this.values(options);
  }
}

function algorithmsOf(source: object): SourceAlgorithms {
  const [start, pull, cancel] = [method(source, 'start'), method(source, 'pull'), method(source, 'cancel')];
  return {
    start: (controller) => start?.(controller),
    pull: (controller) => (pull ? promised(() => pull(controller)) : Promise.resolve()),
    cancel: (reason) => (cancel ? promised(() => cancel(reason)) : Promise.resolve()),
  };
}

async function* iterate(reader: ReadableStreamDefaultReader, preventCancel: boolean): AsyncGenerator<unknown> {
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended && !preventCancel) await reader.cancel();
    reader.releaseLock();
  }
}

/** Both branches see each chunk once; the source is cancelled when both are. */
function tee(stream: ReadableStream): [ReadableStream, ReadableStream] {
  const reader = new ReadableStreamDefaultReader(stream);
  const reasons: unknown[] = [undefined, undefined];
  const gone = [false, false];
  const cancelled = deferred<unknown>();
  const controllers: { close(): void; enqueue(chunk: unknown): void; error(e: unknown): void }[] = [];
  let reading = false;
  const pull = async () => {
    if (reading) return;
    reading = true;
    try {
      const { done, value } = await reader.read();
      for (const [i, controller] of controllers.entries()) {
        if (gone[i]) continue;
        if (done) controller.close();
        else controller.enqueue(value);
      }
      if (done) cancelled.resolve(undefined);
    } finally {
      reading = false;
    }
  };
  const branch = (i: number) =>
    new ReadableStream(
      {
        start: (controller: (typeof controllers)[number]) => {
          controllers[i] = controller;
        },
        pull,
        cancel: (reason: unknown) => {
          gone[i] = true;
          reasons[i] = reason;
          if (gone[0] && gone[1]) cancelled.resolve(reader.cancel(reasons));
          return cancelled.promise;
        },
      },
      { highWaterMark: 0 },
    );
  const branches: [ReadableStream, ReadableStream] = [branch(0), branch(1)];
  reader.closed.catch((error: unknown) => {
    for (const controller of controllers) controller.error(error);
    cancelled.resolve(undefined);
  });
  return branches;
}

async function pipe(from: ReadableStream, to: WritableStream, options: PipeOptions): Promise<undefined> {
  const source = stateOf(from);
  const reader = new ReadableStreamDefaultReader(from);
  const writer = writableWriter(to);
  source.disturbed = true;
  const signal = options.signal as AbortSignal | undefined;
  const aborted = deferred<never>();
  const forget = signal && !signal.aborted ? onAbort(signal, () => aborted.reject(signal.reason)) : () => undefined;
  if (signal?.aborted) aborted.reject(signal.reason);
  let last: Promise<unknown> = Promise.resolve();
  try {
    for (;;) {
      const broken = writer.closed.then(() => {
        throw new TypeError('the destination closed');
      });
      broken.catch(() => undefined);
      await Promise.race([writer.ready, broken, aborted.promise]);
      const { done, value } = await Promise.race([
        reader.read().catch((error: unknown) => Promise.reject(new SourceFailed(error))),
        broken,
        aborted.promise,
      ]);
      if (done) break;
      last = writer.write(value);
      last.catch(() => undefined);
    }
    await last;
    if (!options.preventClose) await writer.close();
  } catch (error) {
    await settlePipe(error, { reader, writer, options, aborted: Boolean(signal?.aborted), last });
  } finally {
    forget();
    reader.releaseLock();
    writer.releaseLock();
  }
  return undefined;
}

class SourceFailed {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

interface PipeEnds {
  readonly reader: ReadableStreamDefaultReader;
  readonly writer: ReturnType<typeof writableWriter>;
  readonly options: PipeOptions;
  readonly aborted: boolean;
  readonly last: Promise<unknown>;
}

/** An error goes to the other end, unless that is prevented; then it is the pipe's own. */
async function settlePipe(error: unknown, { reader, writer, options, aborted, last }: PipeEnds): Promise<never> {
  const cause = error instanceof SourceFailed ? error.cause : error;
  const fromSource = error instanceof SourceFailed;
  await last.catch(() => undefined);
  const ends: Promise<unknown>[] = [];
  if ((fromSource || aborted) && !options.preventAbort) ends.push(writer.abort(cause));
  if ((!fromSource || aborted) && !options.preventCancel) ends.push(reader.cancel(cause));
  await Promise.all(ends.map((end) => end.catch(() => undefined)));
  throw cause;
}

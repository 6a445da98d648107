/** Byte streams: a queue of bytes, and readers that bring their own buffers. */

import { deferred } from './queue-strategies.ts';
import type { SourceAlgorithms } from './readable-controller.ts';
import {
  cancelStream,
  closeStream,
  errorStream,
  type ReadableController,
  type ReadableState,
  type ReaderState,
  type ReadRequest,
} from './readable-state.ts';
import { lockReader, releaseReader, stateOf } from './stream-locks.ts';

type View = ArrayBufferView & { readonly length?: number; readonly BYTES_PER_ELEMENT?: number };
type ViewMaker = new (buffer: ArrayBuffer, offset: number, length: number) => View;

/** A buffer that waits to be filled. */
interface PullInto {
  buffer: ArrayBuffer;
  readonly start: number;
  readonly size: number;
  filled: number;
  readonly least: number;
  readonly element: number;
  readonly make: ViewMaker;
  /** Null when its reader left: what comes for it goes to the queue. */
  request: ReadRequest | null;
}

const making = Symbol('making');

export class ReadableStreamBYOBRequest {
  #core: ByteCore | null;
  #view: Uint8Array | null;

  constructor(key?: unknown, core?: ByteCore, view?: Uint8Array) {
    if (key !== making || !core || !view) throw new TypeError('requests are made by streams');
    this.#core = core;
    this.#view = view;
  }

  get view(): Uint8Array | null {
    return this.#view;
  }

  respond(written: unknown): void {
    const core = this.#take();
    core.respond(Number(written));
  }

  respondWithNewView(view: unknown): void {
    if (!ArrayBuffer.isView(view)) throw new TypeError('the value is no view');
    const core = this.#take();
    core.respondWith(view);
  }

  #take(): ByteCore {
    if (!this.#core) throw new TypeError('the request was answered');
    const core = this.#core;
    this.#core = null;
    this.#view = null;
    return core;
  }
}

export class ReadableByteStreamController {
  readonly #core: ByteCore;

  constructor(key?: unknown, core?: ByteCore) {
    if (key !== making || !core) throw new TypeError('controllers are made by streams');
    this.#core = core;
  }

  get byobRequest(): ReadableStreamBYOBRequest | null {
    return this.#core.byobRequest();
  }

  get desiredSize(): number | null {
    return this.#core.desiredSize();
  }

  close(): void {
    if (!this.#core.mayEnqueue()) throw new TypeError('the stream is closed or closing');
    this.#core.close();
  }

  enqueue(chunk: unknown): void {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError('a byte stream takes views of buffers');
    if (chunk.byteLength === 0 || chunk.buffer.byteLength === 0) throw new TypeError('the chunk is empty');
    if (!this.#core.mayEnqueue()) throw new TypeError('the stream is closed or closing');
    this.#core.enqueue(chunk);
  }

  error(error?: unknown): void {
    this.#core.fail(error);
  }
}

export class ByteCore implements ReadableController {
  readonly face: ReadableByteStreamController;
  readonly #stream: ReadableState;
  readonly #mark: number;
  readonly #auto: number;
  #source: SourceAlgorithms | null;
  #queue: Uint8Array[] = [];
  #total = 0;
  #waiting: PullInto[] = [];
  #byob: ReadableStreamBYOBRequest | null = null;
  #started = false;
  #closing = false;
  #pulling = false;
  #again = false;

  constructor(stream: ReadableState, source: SourceAlgorithms, mark: number, auto: number) {
    this.#stream = stream;
    this.#source = source;
    this.#mark = mark;
    this.#auto = auto;
    this.face = new ReadableByteStreamController(making, this);
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

  byobRequest(): ReadableStreamBYOBRequest | null {
    const first = this.#waiting[0];
    if (!this.#byob && first) {
      const view = new Uint8Array(first.buffer, first.start + first.filled, first.size - first.filled);
      this.#byob = new ReadableStreamBYOBRequest(making, this, view);
    }
    return this.#byob;
  }

  enqueue(chunk: ArrayBufferView): void {
    const { byteOffset, byteLength } = chunk;
    const bytes = new Uint8Array((chunk.buffer as ArrayBuffer).transfer(), byteOffset, byteLength);
    this.#byob = null;
    const request = this.#waiting.length === 0 ? this.#stream.reader?.requests.shift() : undefined;
    if (request) request.chunk(bytes);
    else {
      this.#keep(bytes);
      this.#serve();
    }
    this.#pullIfNeeded();
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#total += bytes.length;
  }

  close(): void {
    if (!this.mayEnqueue()) return;
    if (this.#total > 0) {
      this.#closing = true;
      return;
    }
    const [first] = this.#waiting;
    if (first && first.filled % first.element !== 0) {
      const error = new TypeError('the stream closed in the middle of an element');
      this.fail(error);
      throw error;
    }
    this.#closing = true;
    this.#source = null;
    closeStream(this.#stream);
    // Readers with their own buffers get them back when the source answers for them.
    if (this.#waiting.every((w) => w.request === null)) this.#waiting = [];
  }

  fail(error: unknown): void {
    if (this.#stream.state !== 'readable') return;
    this.#clear();
    for (const { request } of this.#waiting.splice(0)) request?.error(error);
    errorStream(this.#stream, error);
  }

  pull(request: ReadRequest): void {
    const first = this.#queue.shift();
    if (first) {
      this.#total -= first.length;
      this.#drained();
      request.chunk(first);
      return;
    }
    if (this.#auto > 0) {
      const buffer = new ArrayBuffer(this.#auto);
      const make = Uint8Array as unknown as ViewMaker;
      this.#waiting.push({ buffer, start: 0, size: this.#auto, filled: 0, least: 1, element: 1, make, request });
    } else this.#stream.reader?.requests.push(request);
    this.#pullIfNeeded();
  }

  /** A read into the reader's own buffer; at least so many elements. */
  readInto(view: View, least: number, request: ReadRequest): void {
    const element = view.BYTES_PER_ELEMENT ?? 1;
    const { byteOffset: start, byteLength: size } = view;
    const make = (view instanceof DataView ? DataView : view.constructor) as ViewMaker;
    const buffer = (view.buffer as ArrayBuffer).transfer();
    const wait: PullInto = { buffer, start, size, filled: 0, least: least * element, element, make, request };
    if (this.#stream.state === 'closed') {
      request.chunk(new make(buffer, start, 0));
      return;
    }
    this.#waiting.push(wait);
    this.#serve();
    if (this.#closing && this.#waiting.includes(wait))
      this.fail(new TypeError('the stream closed before so many bytes came'));
    else this.#pullIfNeeded();
  }

  respond(written: number): void {
    const first = this.#waiting[0];
    if (!first) throw new TypeError('nothing waits to be filled');
    this.#byob = null;
    if (this.#stream.state === 'closed') {
      if (written !== 0) throw new TypeError('the stream is closed; nothing can be written');
      this.#giveBack();
      return;
    }
    if (written === 0) throw new TypeError('nothing was written');
    if (first.filled + written > first.size) throw new RangeError('more was written than fits');
    first.buffer = first.buffer.transfer();
    this.#filled(first, written);
  }

  respondWith(view: ArrayBufferView): void {
    const first = this.#waiting[0];
    if (!first) throw new TypeError('nothing waits to be filled');
    if (view.byteOffset !== first.start + first.filled) throw new RangeError('the view begins elsewhere');
    if (view.byteLength + first.filled > first.size) throw new RangeError('the view is larger than what was asked for');
    const written = view.byteLength;
    first.buffer = (view.buffer as ArrayBuffer).transfer();
    this.respond(written);
  }

  #filled(first: PullInto, written: number): void {
    first.filled += written;
    if (first.request === null) {
      this.#waiting.shift();
      this.#keep(new Uint8Array(first.buffer.slice(first.start, first.start + first.filled)));
    } else if (first.filled >= first.least) {
      this.#waiting.shift();
      const rest = first.filled % first.element;
      const end = first.start + first.filled;
      if (rest > 0) this.#keep(new Uint8Array(first.buffer.slice(end - rest, end)));
      first.filled -= rest;
      give(first);
    }
    this.#serve();
    this.#pullIfNeeded();
  }

  /** Fills what waits from the queue. */
  #serve(): void {
    while (this.#total > 0) {
      const first = this.#waiting[0];
      if (!first) {
        const request = this.#stream.reader?.requests.shift();
        if (!request) return;
        const bytes = this.#queue.shift() as Uint8Array;
        this.#total -= bytes.length;
        request.chunk(bytes);
        continue;
      }
      if (!this.#fill(first)) return;
      this.#waiting.shift();
      give(first);
    }
    this.#drained();
  }

  /** True when it holds what was asked for, whole elements only. */
  #fill(into: PullInto): boolean {
    const most = Math.min(into.size, into.filled + this.#total);
    const enough = most - (most % into.element) >= into.least;
    const until = enough ? most - (most % into.element) : most;
    while (into.filled < until) {
      const bytes = this.#queue[0] as Uint8Array;
      const count = Math.min(bytes.length, until - into.filled);
      new Uint8Array(into.buffer, into.start + into.filled, count).set(bytes.subarray(0, count));
      into.filled += count;
      this.#total -= count;
      if (count === bytes.length) this.#queue.shift();
      else this.#queue[0] = bytes.subarray(count);
    }
    return enough;
  }

  #giveBack(): void {
    for (const wait of this.#waiting.splice(0)) give(wait);
  }

  #drained(): void {
    if (this.#closing && this.#total === 0) {
      this.#source = null;
      closeStream(this.#stream);
    } else this.#pullIfNeeded();
  }

  cancel(reason: unknown): Promise<unknown> {
    const source = this.#source;
    this.#clear();
    for (const { request } of this.#waiting.splice(0)) request?.close();
    return source ? source.cancel(reason) : Promise.resolve();
  }

  released(): void {
    const error = new TypeError('the reader was released');
    for (const wait of this.#waiting) {
      wait.request?.error(error);
      wait.request = null;
    }
    this.#waiting.splice(1);
  }

  #clear(): void {
    this.#queue = [];
    this.#total = 0;
    this.#byob = null;
    this.#source = null;
  }

  #wanted(): boolean {
    if (!this.mayEnqueue() || !this.#started) return false;
    const reading = (this.#stream.reader?.requests.length ?? 0) > 0 || this.#waiting.length > 0;
    return reading || (this.desiredSize() ?? 0) > 0;
  }

  #pullIfNeeded(): void {
    if (!this.#wanted()) return;
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

function give({ make, buffer, start, filled, element, request }: PullInto): void {
  request?.chunk(new make(buffer, start, make === (DataView as unknown) ? filled : filled / element));
}

export class ReadableStreamBYOBReader {
  readonly #state: ReaderState;

  constructor(stream: unknown) {
    this.#state = lockReader(stateOf(stream), 'byob');
  }

  get closed(): Promise<undefined> {
    return this.#state.closed.promise;
  }

  read(view: unknown, options: { min?: unknown } = {}): Promise<{ done: boolean; value: unknown }> {
    const result = deferred<{ done: boolean; value: unknown }>();
    const { stream } = this.#state;
    try {
      if (!ArrayBuffer.isView(view)) throw new TypeError('read takes a view of a buffer');
      if (view.byteLength === 0 || view.buffer.byteLength === 0) throw new TypeError('the view is empty');
      const least = options?.min === undefined ? 1 : Number(options.min);
      const most = (view as View).length ?? view.byteLength;
      if (!(least >= 1)) throw new TypeError('min must be at least 1');
      if (least > most) throw new RangeError('min is larger than the view');
      if (!stream) throw new TypeError('the reader was released');
      stream.disturbed = true;
      if (stream.state === 'errored') throw stream.error;
      (stream.controller as ByteCore).readInto(view as View, least, {
        chunk: (value) =>
          result.resolve({ value, done: stream.state === 'closed' && (value as View).byteLength === 0 }),
        close: () => result.resolve({ value: undefined, done: true }),
        error: (error) => result.reject(error),
      });
    } catch (error) {
      result.reject(error);
    }
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

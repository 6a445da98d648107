/** Queuing strategies of the Streams standard, and how they are read. */

export class CountQueuingStrategy {
  readonly #mark: number;

  constructor(init: { highWaterMark: unknown }) {
    if (init?.highWaterMark === undefined) throw new TypeError('highWaterMark is needed');
    this.#mark = Number(init.highWaterMark);
  }

  get highWaterMark(): number {
    return this.#mark;
  }

  get size(): () => number {
    return countSize;
  }
}

export class ByteLengthQueuingStrategy {
  readonly #mark: number;

  constructor(init: { highWaterMark: unknown }) {
    if (init?.highWaterMark === undefined) throw new TypeError('highWaterMark is needed');
    this.#mark = Number(init.highWaterMark);
  }

  get highWaterMark(): number {
    return this.#mark;
  }

  get size(): (chunk: ArrayBufferView) => number {
    return byteSize;
  }
}

const countSize = { size: () => 1 }.size;
const byteSize = { size: (chunk: ArrayBufferView) => chunk.byteLength }.size;

export interface Strategy {
  readonly highWaterMark?: unknown;
  readonly size?: unknown;
}

export function highWaterMark(strategy: Strategy | undefined, fallback: number): number {
  if (strategy?.highWaterMark === undefined) return fallback;
  const mark = Number(strategy.highWaterMark);
  if (Number.isNaN(mark) || mark < 0) throw new RangeError('highWaterMark must not be negative');
  return mark;
}

export function sizeOf(strategy: Strategy | undefined): (chunk: unknown) => number {
  const { size } = strategy ?? {};
  if (size === undefined) return () => 1;
  if (typeof size !== 'function') throw new TypeError('size must be a function');
  return (chunk) => Number(Reflect.apply(size, undefined, [chunk]));
}

export function checkedSize(size: number): number {
  if (Number.isNaN(size) || size < 0 || size === Number.POSITIVE_INFINITY) {
    throw new RangeError('a chunk has a finite size that is not negative');
  }
  return size;
}

/** A promise with its handles; a rejection that nobody looks at is no fault of the task. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = undefined>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => undefined);
  return { promise, resolve: resolve as (value: T) => void, reject };
}

/** A method of an underlying source or sink: absent is fine, anything else than a function is not. */
export function method(of: object, name: string): ((...args: unknown[]) => unknown) | null {
  const found = (of as Record<string, unknown>)[name];
  if (found === undefined) return null;
  if (typeof found !== 'function') throw new TypeError(`${name} must be a function`);
  return (...args) => Reflect.apply(found, of, args);
}

/** Calls, and makes a throw a rejection. */
export function promised(run: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}

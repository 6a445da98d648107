/** `structuredClone` over the types that exist here (HTML, section 2.7). */

import { Blob, File, isBlob } from './blob.ts';
import { clonedKey, isCryptoKey } from './crypto-key.ts';
import { clonedException, DOMException, isDomException } from './dom-exception.ts';

type Seen = Map<object, unknown>;

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
type Getter = (this: unknown) => unknown;
const getter = (on: object, name: PropertyKey) => Object.getOwnPropertyDescriptor(on, name)?.get as Getter;
/** What only a real one answers to, whatever it or an impostor says of itself; all others throw. */
const BRANDS = {
  date: Date.prototype.getTime,
  regExp: getter(RegExp.prototype, 'source'),
  boolean: Boolean.prototype.valueOf,
  number: Number.prototype.valueOf,
  string: String.prototype.valueOf,
  bigint: BigInt.prototype.valueOf,
  symbol: Symbol.prototype.valueOf,
  buffer: getter(ArrayBuffer.prototype, 'byteLength'),
  map: getter(Map.prototype, 'size'),
  set: getter(Set.prototype, 'size'),
} as const;
const { apply, getPrototypeOf } = Reflect;
const views = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
];

/** What `MessagePort` gives, which itself clones. */
export const transferables = {
  isPort: (_value: object): boolean => false,
  canMove: (_port: object): boolean => false,
  move: (port: object): object => port,
};

/** What streams give, which are made of ports when they move. */
export const streamTransfer = {
  isStream: (_value: object): boolean => false,
  canMove: (_stream: object): boolean => false,
  move: (stream: object): object => stream,
};

export function structuredClone(value: unknown, options: { transfer?: Iterable<unknown> } = {}): unknown {
  const transfer = options?.transfer === undefined ? [] : [...options.transfer];
  return cloneAndMove(value, transfer).value;
}

/** `moved`: what stands for what was transferred, in that order. */
export function cloneAndMove(value: unknown, transfer: readonly unknown[]): { value: unknown; moved: object[] } {
  const all = new Set<object>();
  for (const item of transfer) {
    if (!isMovable(item)) throw uncloneable('only an ArrayBuffer, a MessagePort or a stream can be transferred');
    if (all.has(item)) throw uncloneable('something is transferred twice');
    all.add(item);
  }
  const moved = new Map<object, object>();
  for (const item of all) {
    if (!isThere(item)) throw uncloneable('what is transferred went elsewhere before, or is locked');
  }
  const made = clone(value, { seen: new Map(), moved, transfer: all });
  return { value: made, moved: [...all].map((item) => movedOf(item, moved)) };
}

function isMovable(item: unknown): item is object {
  if (typeof item !== 'object' || item === null) return false;
  return item instanceof ArrayBuffer || transferables.isPort(item) || streamTransfer.isStream(item);
}

function isThere(item: object): boolean {
  if (item instanceof ArrayBuffer) return !item.detached;
  return transferables.isPort(item) ? transferables.canMove(item) : streamTransfer.canMove(item);
}

function movedOf(item: object, moved: Map<object, object>): object {
  const made = moved.get(item) ?? move(item);
  moved.set(item, made);
  return made;
}

function move(item: object): object {
  if (item instanceof ArrayBuffer) return item.transfer();
  if (transferables.isPort(item)) return transferables.move(item);
  // One of its own sides may have gone before it, or it before them.
  if (!streamTransfer.canMove(item)) throw uncloneable('what is transferred went elsewhere before, or is locked');
  return streamTransfer.move(item);
}

interface Cloning {
  readonly seen: Seen;
  readonly moved: Map<object, object>;
  readonly transfer: ReadonlySet<object>;
}

function uncloneable(message: string): DOMException {
  return new DOMException(message, 'DataCloneError');
}

function clone(value: unknown, of: Cloning): unknown {
  if (typeof value === 'symbol') throw uncloneable('a symbol cannot be cloned');
  if (typeof value === 'function') throw uncloneable('a function cannot be cloned');
  if (typeof value !== 'object' || value === null) return value;
  if (of.transfer.has(value)) return movedOf(value, of.moved);
  if (of.seen.has(value)) return of.seen.get(value);
  return leaf(value, of) ?? container(value, of);
}

function keep<T extends object>(from: object, made: T, { seen }: Cloning): T {
  seen.set(from, made);
  return made;
}

/** V8 gives `Error.isError` to a context that it makes of a snapshot, not to the one that the snapshot is made of. */
function isError(value: object): value is Error {
  return (Error as unknown as { isError: (value: unknown) => boolean }).isError(value);
}

function is(value: object, brand: keyof typeof BRANDS): boolean {
  try {
    apply(BRANDS[brand] as Getter, value, []);
    return true;
  } catch {
    return false;
  }
}

const WRAPPERS = ['boolean', 'number', 'string', 'bigint'] as const;

/** Null for what holds other values. */
function leaf(value: object, of: Cloning): object | null {
  if (is(value, 'date')) return keep(value, new Date(apply(BRANDS.date, value, [])), of);
  // The prototype itself answers as well, though it is no expression.
  if (is(value, 'regExp') && value !== RegExp.prototype)
    return keep(value, new RegExp((value as RegExp).source, (value as RegExp).flags), of);
  for (const kind of WRAPPERS) {
    if (is(value, kind)) return keep(value, Object(apply(BRANDS[kind], value, [])) as object, of);
  }
  if (is(value, 'symbol')) throw uncloneable('a symbol cannot be cloned');
  return bytesLike(value, of);
}

function bytesLike(value: object, of: Cloning): object | null {
  if (is(value, 'buffer')) return bufferOf(value as ArrayBuffer, of);
  if (ArrayBuffer.isView(value)) return viewOf(value, of);
  if (isCryptoKey(value)) return keep(value, clonedKey(value), of);
  if (!isBlob(value)) return null;
  const made =
    value instanceof File
      ? new File([value], value.name, { type: value.type, lastModified: value.lastModified })
      : new Blob([value], { type: value.type });
  return keep(value, made, of);
}

function bufferOf(buffer: ArrayBuffer, of: Cloning): ArrayBuffer {
  if (of.transfer.has(buffer)) return movedOf(buffer, of.moved) as ArrayBuffer;
  const done = of.seen.get(buffer) as ArrayBuffer | undefined;
  if (done) return done;
  // What a view of WebAssembly's memory has may be one.
  if (!is(buffer, 'buffer')) throw uncloneable('memory that is shared cannot be cloned');
  if (buffer.detached) throw uncloneable('the ArrayBuffer is detached');
  if (!buffer.resizable) return keep(buffer, buffer.slice(0), of);
  const made = new ArrayBuffer(buffer.byteLength, { maxByteLength: buffer.maxByteLength });
  new Uint8Array(made).set(new Uint8Array(buffer));
  return keep(buffer, made, of);
}

/** Where a view stands in its buffer; no length for one that goes with the buffer's. Throws when it is out of bounds. */
function shapeOf(view: ArrayBufferView): { readonly byteOffset: number; readonly length: number | undefined } {
  const isData = view instanceof DataView;
  try {
    const { byteOffset, byteLength } = view;
    // Of a typed array only this tells; its length is 0 then.
    if (!isData) (view as Uint8Array).values();
    const length = isData ? byteLength : (view as Uint8Array).length;
    return { byteOffset, length: grows(view) ? undefined : length };
  } catch {
    throw uncloneable('the view is out of bounds');
  }
}

/** Whether a view's length goes with its buffer's: nothing shows it but a buffer that grows, for a moment. */
function grows(view: ArrayBufferView): boolean {
  const buffer = view.buffer as ArrayBuffer;
  const unit = (view as Partial<Uint8Array>).BYTES_PER_ELEMENT ?? 1;
  const before = buffer.byteLength;
  if (!buffer.resizable || before + unit > buffer.maxByteLength) return false;
  const { byteLength } = view;
  buffer.resize(before + unit);
  const grew = view.byteLength !== byteLength;
  buffer.resize(before);
  return grew;
}

function viewOf(view: ArrayBufferView, of: Cloning): object {
  const { byteOffset, length } = shapeOf(view);
  const buffer = bufferOf(view.buffer as ArrayBuffer, of);
  if (view instanceof DataView) return keep(view, new DataView(buffer, byteOffset, length), of);
  const Kind = views.find((kind) => view instanceof kind) ?? Float16Array;
  return keep(view, new (Kind as typeof Uint8Array)(buffer, byteOffset, length), of);
}

function container(value: object, of: Cloning): unknown {
  if (is(value, 'map')) {
    const made = keep(value, new Map(), of);
    for (const [key, item] of [...(value as Map<unknown, unknown>)]) made.set(clone(key, of), clone(item, of));
    return made;
  }
  if (is(value, 'set')) {
    const made = keep(value, new Set(), of);
    for (const item of [...(value as Set<unknown>)]) made.add(clone(item, of));
    return made;
  }
  if (isDomException(value)) return keep(value, clonedException(value), of);
  if (isError(value)) return errorOf(value, of);
  if (Array.isArray(value)) return members(value, keep(value, new Array(value.length), of), of);
  if (!isPlain(value)) throw uncloneable('this object cannot be cloned');
  return members(value, keep(value, {}, of), of);
}

/** The prototype `levels` above that of an object. */
function above(value: object, levels: number): object {
  const prototype = getPrototypeOf(value) ?? value;
  return levels === 0 ? prototype : above(prototype, levels - 1);
}

/** Prototypes of what has a state that no copy of its properties holds; `globals` names those of the platform. */
const stateful = new Set<object>([
  ...[Promise, WeakMap, WeakSet, WeakRef, FinalizationRegistry].map((kind): object => kind.prototype),
  ...[Intl.Collator, Intl.DateTimeFormat, Intl.NumberFormat, Intl.PluralRules].map((kind): object => kind.prototype),
  ...[Intl.RelativeTimeFormat, Intl.ListFormat, Intl.Locale, Intl.Segmenter].map((kind): object => kind.prototype),
  // Of all iterators, and of all asynchronous ones.
  above([][Symbol.iterator](), 1),
  above((async function* () {})(), 2),
]);

/** Objects of these interfaces are not cloned, unless they are of a kind that is. */
export function refuseToClone(interfaces: Iterable<unknown>): void {
  for (const each of interfaces) {
    const prototype = typeof each === 'function' ? (each as { prototype?: unknown }).prototype : null;
    if (typeof prototype === 'object' && prototype !== null && Object.hasOwn(prototype, Symbol.toStringTag))
      stateful.add(prototype);
  }
}

/** Instances of classes are cloned as plain objects; platform objects and exotic ones are not. */
function isPlain(value: object): boolean {
  for (let at = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) if (stateful.has(at)) return false;
  return true;
}

function members(from: object, to: object, of: Cloning): object {
  for (const key of Object.keys(from)) {
    const value = clone((from as Record<string, unknown>)[key], of);
    Object.defineProperty(to, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return to;
}

function errorOf(error: Error, of: Cloning): Error {
  const name = String(error.name);
  const Kind = (Object.hasOwn(ERRORS, name) ? ERRORS[name] : undefined) ?? Error;
  const real = keep(error, new Kind(), of);
  const message = Object.getOwnPropertyDescriptor(error, 'message');
  if (message && 'value' in message) {
    Object.defineProperty(real, 'message', { value: String(message.value), writable: true, configurable: true });
  }
  Object.defineProperty(real, 'stack', { value: String(error.stack ?? ''), writable: true, configurable: true });
  if (Object.hasOwn(error, 'cause')) {
    Object.defineProperty(real, 'cause', { value: clone(error.cause, of), writable: true, configurable: true });
  }
  return real;
}

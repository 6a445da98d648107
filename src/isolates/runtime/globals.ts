/** What stands on `globalThis` for tool code, and what is taken away from it. */

import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from 'web-streams-polyfill';
import { AbortController, AbortSignal } from './abort.ts';
import { atob, btoa } from './base64.ts';
import { Blob, File } from './blob.ts';
import { bridge, sliceText } from './bridge.ts';
import { shareable } from './buffer-source.ts';
import { installByteText } from './byte-text.ts';
import { CompressionStream, DecompressionStream } from './compression-streams.ts';
import { Crypto, makeCrypto } from './crypto.ts';
import { CryptoKey } from './crypto-key.ts';
import { DOMException, QuotaExceededError } from './dom-exception.ts';
import { TextDecoder, TextEncoder } from './encoding.ts';
import { CustomEvent, ErrorEvent, Event } from './event.ts';
import { defineHandlers } from './event-handlers.ts';
import { EventTarget, offered, uncaught } from './events.ts';
import { fetch } from './fetch.ts';
import { FileReader, ProgressEvent } from './file-reader.ts';
import { Finalizers } from './finalizers.ts';
import { FormData } from './form-data.ts';
import { Headers } from './headers.ts';
import { inspect } from './inspect.ts';
import { USER_AGENT } from './limits.ts';
import { MessageEvent } from './message-event.ts';
import { BroadcastChannel, MessageChannel, MessagePort } from './message-port.ts';
import { allowStreamTransfer } from './moved-stream.ts';
import {
  beginClock,
  makePerformance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
} from './performance.ts';
import { PerformanceObserver, PerformanceObserverEntryList } from './performance-observer.ts';
import { PromiseRejectionEvent } from './rejection.ts';
import { Request } from './request.ts';
import { Response } from './response.ts';
import { refuseToClone, structuredClone } from './structured-clone.ts';
import { SubtleCrypto } from './subtle-crypto.ts';
import { TextDecoderStream, TextEncoderStream } from './text-streams.ts';
import { clearInterval, clearTimeout, setInterval, setTimeout } from './timers.ts';
import { URL } from './url.ts';
import { URLPattern } from './url-pattern.ts';
import { URLSearchParams } from './url-search-params.ts';
import { type Assembly, compiledHere } from './web-assembly.ts';

/** Shared memory is a clock and a way round memory limits (T-61, T-65). */
const TAKEN = ['SharedArrayBuffer', 'Atomics', 'eval', 'WebAssembly'];

type Interfaces = Readonly<Record<string, { prototype: object }>>;

/** The library's: it made them interfaces as Web IDL has it itself. */
const STREAMS: Interfaces = {
  ...{ ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream },
  ...{ ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController },
  ...{ ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController, WritableStream },
  ...{ WritableStreamDefaultController, WritableStreamDefaultWriter },
};

const INTERFACES: Interfaces = {
  ...{ AbortController, AbortSignal, Blob, Crypto, CryptoKey, CustomEvent, DOMException, ErrorEvent, Event },
  ...{
    EventTarget,
    File,
    FormData,
    Headers,
    QuotaExceededError,
    Request,
    Response,
    SubtleCrypto,
    TextDecoder,
    TextDecoderStream,
    TextEncoder,
  },
  ...{
    BroadcastChannel,
    CompressionStream,
    DecompressionStream,
    MessageChannel,
    MessageEvent,
    MessagePort,
    FileReader,
    ProgressEvent,
    PromiseRejectionEvent,
    TextEncoderStream,
    URL,
    URLPattern,
    URLSearchParams,
  },
  ...{ Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure },
  ...{ PerformanceObserver, PerformanceObserverEntryList },
};

const FUNCTIONS = {
  ...{ atob, btoa, clearInterval, clearTimeout, fetch, setInterval, setTimeout, structuredClone },
  ...{ queueMicrotask, reportError },
};

let assembly: object;

export function installGlobals(global: Record<string, unknown>, console: object): void {
  forbidCodeFromText(global);
  installByteText();
  for (const [name, kind] of Object.entries(INTERFACES)) asInterface(name, kind);
  streamIteratorsAsStandard();
  streamsOfObjects();
  refuseToClone(Object.values({ ...INTERFACES, ...STREAMS }));
  allowStreamTransfer();
  define(global, { ...INTERFACES, ...STREAMS }, false);
  define(global, { console, FinalizationRegistry: Finalizers }, false);
  defineEvents(global);
  for (const [name, made] of Object.entries(FUNCTIONS)) {
    Object.defineProperty(made, 'length', { value: name.startsWith('clear') ? 0 : 1, configurable: true });
  }
  define(global, FUNCTIONS, true);
  define(global, { crypto: makeCrypto(), performance: makePerformance(), navigator, self: global }, true);
  Object.defineProperty(global, Symbol.toStringTag, { value: 'global', configurable: true });
}

/** In each isolate: V8 adds some of these to every context that it makes of a snapshot. */
export function beginTask(global: Record<string, unknown>): void {
  assembly = global['WebAssembly'] as object;
  shareable.kind = global['SharedArrayBuffer'] as typeof SharedArrayBuffer;
  refuseToClone([shareable.kind]);
  for (const name of TAKEN) delete global[name];
  beginClock();
}

/** For profiles that give it; taken from everybody else before any tool code runs. */
export function returnWebAssembly(global: Record<string, unknown>): void {
  refuseToClone(Object.values(Object.getOwnPropertyDescriptors(assembly)).map(({ value }) => value as unknown));
  define(global, { WebAssembly: compiledHere(assembly as Assembly) }, false);
}

const navigator = Object.freeze({ userAgent: USER_AGENT });

/** The global object is a target of events, with methods of its own: a snapshot cannot change its prototype. */
function defineEvents(global: Record<string, unknown>): void {
  const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;
  define(global, { addEventListener, removeEventListener, dispatchEvent }, true);
  defineHandlers(global, ['error', 'unhandledrejection', 'rejectionhandled']);
  uncaught.tell = reportError;
}

/** The library takes any iterable; the standard takes objects alone. */
function streamsOfObjects(): void {
  const { from } = ReadableStream as unknown as { from: (of: unknown) => unknown };
  const { made } = {
    made(of: unknown): unknown {
      if ((typeof of !== 'object' && typeof of !== 'function') || of === null)
        throw new TypeError('a stream is made of an object that can be iterated');
      return from(of);
    },
  };
  Object.defineProperty(made, 'name', { value: 'from', configurable: true });
  Object.defineProperty(ReadableStream, 'from', { value: made });
}

/** The library's iterators inherit from an object of its own. */
function streamIteratorsAsStandard(): void {
  const prototype = Object.getPrototypeOf(new ReadableStream().values()) as object;
  const generators = Object.getPrototypeOf(async function* () {
    yield 0;
  }) as { prototype: object };
  Reflect.deleteProperty(prototype, Symbol.asyncIterator);
  Object.setPrototypeOf(prototype, Object.getPrototypeOf(generators.prototype) as object);
}

/** Arguments that a constructor or a method must be given, where that is not none. */
const NEEDED: Readonly<Record<string, number>> = {
  ...{ BroadcastChannel: 1, CompressionStream: 1, CustomEvent: 1, DecompressionStream: 1, ErrorEvent: 1, Event: 1 },
  ...{
    File: 2,
    MessageEvent: 1,
    PerformanceMark: 1,
    PerformanceObserver: 1,
    ProgressEvent: 1,
    PromiseRejectionEvent: 2,
    Request: 1,
    URL: 1,
  },
};
const PAIRS = { append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, forEach: 1 };
const ARITY: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AbortSignal: { any: 1, timeout: 1 },
  Crypto: { getRandomValues: 1 },
  CustomEvent: { initCustomEvent: 1 },
  Event: { initEvent: 1 },
  EventTarget: { addEventListener: 2, removeEventListener: 2, dispatchEvent: 1 },
  FileReader: { readAsArrayBuffer: 1, readAsBinaryString: 1, readAsDataURL: 1, readAsText: 1 },
  FormData: PAIRS,
  Headers: PAIRS,
  BroadcastChannel: { postMessage: 1 },
  MessageEvent: { initMessageEvent: 1 },
  MessagePort: { postMessage: 1 },
  Performance: { mark: 1, measure: 1, getEntriesByName: 1, getEntriesByType: 1 },
  PerformanceObserverEntryList: { getEntriesByName: 1, getEntriesByType: 1 },
  SubtleCrypto: {
    ...{ digest: 2, encrypt: 3, decrypt: 3, sign: 3, verify: 4, deriveKey: 5, deriveBits: 2 },
    ...{ generateKey: 3, importKey: 5, exportKey: 2, wrapKey: 4, unwrapKey: 7 },
  },
  TextEncoder: { encodeInto: 2 },
  URL: { canParse: 1, parse: 1, createObjectURL: 1, revokeObjectURL: 1 },
  URLSearchParams: PAIRS,
};

/** Of static members that are called as others of the prototype are. */
const STATIC_ARITY: typeof ARITY = { Response: { json: 1, redirect: 1 } };

/** As Web IDL has it: members can be enumerated, take what they need, and instances say what they are. */
function asInterface(name: string, kind: { prototype: object }): void {
  Object.defineProperty(kind, 'length', { value: NEEDED[name] ?? 0, configurable: true });
  const { prototype } = kind;
  enumerateMembers(prototype, ARITY[name] ?? {});
  enumerateMembers(kind, STATIC_ARITY[name] ?? ARITY[name] ?? {});
  const { entries } = prototype as { entries?: unknown };
  if (typeof entries === 'function') {
    Object.defineProperty(prototype, Symbol.iterator, { value: entries, writable: true, configurable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function enumerateMembers(on: object, arity: Readonly<Record<string, number>>): void {
  for (const key of Object.getOwnPropertyNames(on)) {
    const { value, get, writable } = Object.getOwnPropertyDescriptor(on, key) ?? {};
    if (key === 'constructor' || key === 'prototype' || (!get && (typeof value !== 'function' || !writable))) continue;
    const made =
      typeof value === 'function'
        ? { value: counted(value, key, Object.hasOwn(arity, key) ? (arity[key] as number) : 0) }
        : {};
    Object.defineProperty(on, key, { ...made, enumerable: true });
  }
}

function counted(method: (...args: unknown[]) => unknown, name: string, least: number): unknown {
  const made = least === 0 ? method : checking(method, least);
  Object.defineProperty(made, 'name', { value: name, configurable: true });
  Object.defineProperty(made, 'length', { value: least, configurable: true });
  return made;
}

function checking(method: (...args: unknown[]) => unknown, least: number): unknown {
  const promises = Object.prototype.toString.call(method) === '[object AsyncFunction]';
  const { made } = {
    made(this: unknown, ...args: unknown[]): unknown {
      if (args.length >= least) return Reflect.apply(method, this, args);
      const error = new TypeError(`${least} arguments are needed, ${args.length} were given`);
      if (promises) return Promise.reject(error);
      throw error;
    },
  };
  return made;
}

function define(global: object, values: object, enumerable: boolean): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(global, name, { value, writable: true, configurable: true, enumerable });
  }
}

function queueMicrotask(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function');
  void Promise.resolve()
    .then(() => callback())
    .catch((error: unknown) => reportError(error));
}

/** An error that nobody caught: for listeners of the global object's `error` event; else it is a line of the log. */
function reportError(...args: [unknown?]): void {
  if (args.length === 0) throw new TypeError('reportError takes one argument');
  const [error] = args;
  if (offered(error)) return;
  bridge.current.serve('log', 'error', sliceText(inspect(error), 0, 4096));
}

/** Code comes from the order, not from strings made at run time. */
function forbidCodeFromText(global: Record<string, unknown>): void {
  const kinds = [
    (): void => undefined,
    async () => undefined,
    function* () {
      yield 0;
    },
    async function* () {
      yield 0;
    },
  ];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind) as object;
    const refuse = function refuse(): never {
      throw new EvalError('code generation from strings is not allowed');
    };
    Object.defineProperty(refuse, 'prototype', { value: prototype });
    Object.defineProperty(refuse, 'name', { value: 'Function' });
    Object.defineProperty(prototype, 'constructor', { value: refuse, writable: true, configurable: true });
    if (kind === kinds[0]) define(global, { Function: refuse }, false);
  }
}

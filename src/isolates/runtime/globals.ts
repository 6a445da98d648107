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
import { Crypto, CryptoKey, makeCrypto, SubtleCrypto } from './crypto.ts';
import { DOMException } from './dom-exception.ts';
import { TextDecoder, TextEncoder } from './encoding.ts';
import { CustomEvent, Event, EventTarget } from './events.ts';
import { fetch } from './fetch.ts';
import { FormData } from './form-data.ts';
import { Headers } from './headers.ts';
import { inspect } from './inspect.ts';
import { Request } from './request.ts';
import { Response } from './response.ts';
import { structuredClone } from './structured-clone.ts';
import { TextDecoderStream, TextEncoderStream } from './text-streams.ts';
import { clearInterval, clearTimeout, setInterval, setTimeout } from './timers.ts';
import { URL } from './url.ts';
import { URLSearchParams } from './url-search-params.ts';

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
  ...{ AbortController, AbortSignal, Blob, Crypto, CryptoKey, CustomEvent, DOMException, Event, EventTarget, File },
  ...{ FormData, Headers, Request, Response, SubtleCrypto, TextDecoder, TextDecoderStream, TextEncoder },
  ...{ TextEncoderStream, URL, URLSearchParams },
};

const FUNCTIONS = {
  ...{ atob, btoa, clearInterval, clearTimeout, fetch, setInterval, setTimeout, structuredClone },
  ...{ queueMicrotask, reportError },
};

let origin = 0;
let assembly: unknown;

export function installGlobals(global: Record<string, unknown>, console: object): void {
  forbidCodeFromText(global);
  for (const [name, kind] of Object.entries(INTERFACES)) asInterface(name, kind.prototype);
  define(global, { ...INTERFACES, ...STREAMS }, false);
  define(global, FUNCTIONS, true);
  define(global, { console, crypto: makeCrypto(), performance, navigator, self: global }, true);
  Object.defineProperty(global, Symbol.toStringTag, { value: 'global', configurable: true });
}

/** In each isolate: V8 adds some of these to every context that it makes of a snapshot. */
export function beginTask(global: Record<string, unknown>): void {
  assembly = global['WebAssembly'];
  for (const name of TAKEN) delete global[name];
  origin = Date.now();
}

/** For profiles that give it; taken from everybody else before any tool code runs. */
export function returnWebAssembly(global: Record<string, unknown>): void {
  define(global, { WebAssembly: assembly }, false);
}

/** A clock of whole milliseconds (T-65). */
const performance = Object.freeze({
  now: () => Date.now() - origin,
  get timeOrigin() {
    return origin;
  },
  toJSON: () => ({ timeOrigin: origin }),
});

const navigator = Object.freeze({ userAgent: 'Locktender' });

/** Arguments that a method must be given, where that is not none. */
const ARITY: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  EventTarget: { addEventListener: 2, removeEventListener: 2, dispatchEvent: 1 },
  FormData: { append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, forEach: 1 },
  Headers: { append: 2, delete: 1, get: 1, has: 1, set: 2, forEach: 1 },
  ReadableStreamBYOBRequest: { respond: 1, respondWithNewView: 1 },
  ReadableStreamBYOBReader: { read: 1 },
  ReadableStream: { pipeTo: 1, pipeThrough: 1 },
  TextEncoder: { encodeInto: 2 },
  URLSearchParams: { append: 2, delete: 1, get: 1, getAll: 1, has: 1, set: 2, forEach: 1 },
};

/** As Web IDL has it: members can be enumerated, take what they need, and instances say what they are. */
function asInterface(name: string, prototype: object): void {
  for (const key of Object.getOwnPropertyNames(prototype)) {
    if (key === 'constructor') continue;
    const { value } = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
    const made = typeof value === 'function' ? { value: counted(value, key, ARITY[name]?.[key] ?? 0) } : {};
    Object.defineProperty(prototype, key, { ...made, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

function counted(method: (...args: unknown[]) => unknown, name: string, least: number): unknown {
  const made = least === 0 ? method : checking(method, least);
  Object.defineProperty(made, 'name', { value: name, configurable: true });
  Object.defineProperty(made, 'length', { value: least, configurable: true });
  return made;
}

function checking(method: (...args: unknown[]) => unknown, least: number): unknown {
  const { made } = {
    made(this: unknown, ...args: unknown[]): unknown {
      if (args.length < least) throw new TypeError(`${least} arguments are needed, ${args.length} were given`);
      return Reflect.apply(method, this, args);
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
    .catch(reportError);
}

/** There is no window to tell: an error that nobody caught is a line of the log. */
function reportError(error: unknown): void {
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

/**
 * Streams that are transferred (Streams, section 8.2 and "transferable streams"): what is left behind is piped through a
 * pair of ports to what stands for it, chunk by chunk, each a clone that is asked for.
 */

import { ReadableStream, TransformStream, WritableStream } from 'web-streams-polyfill';
import { DOMException } from './dom-exception.ts';
import { MessageChannel, type MessagePort } from './message-port.ts';
import { streamTransfer } from './structured-clone.ts';

type Told = { readonly type: 'chunk' | 'close' | 'error' | 'pull'; readonly value: unknown };

const { apply, getOwnPropertyDescriptor: member } = Reflect;
const getterOf = (on: object, name: string) => member(on, name)?.get as (this: unknown) => unknown;
const readableLocked = getterOf(ReadableStream.prototype, 'locked');
const writableLocked = getterOf(WritableStream.prototype, 'locked');
const readableOf = getterOf(TransformStream.prototype, 'readable');
const writableOf = getterOf(TransformStream.prototype, 'writable');
const { pipeTo } = ReadableStream.prototype;
const ONE = { highWaterMark: 1 };
const NONE = { highWaterMark: 0 };

/** Null for what is none, whatever it says of itself. */
function seen<T>(getter: (this: unknown) => unknown, value: object): T | null {
  try {
    return apply(getter, value, []) as T;
  } catch {
    return null;
  }
}

const isReadable = (value: object): value is ReadableStream => seen(readableLocked, value) !== null;
const isWritable = (value: object): value is WritableStream => seen(writableLocked, value) !== null;
const isTransform = (value: object): value is TransformStream => seen(readableOf, value) !== null;

function listen(port: MessagePort, hear: (told: Told) => void): void {
  port.addEventListener('message', (event: { data: Told }) => hear(event.data));
  port.start();
}

function post(port: MessagePort, type: Told['type'], value: unknown): void {
  port.postMessage({ __proto__: null, type, value });
}

/** What cannot be cloned breaks both ends; this one by what is thrown. */
function postOrBreak(port: MessagePort, type: Told['type'], value: unknown): void {
  try {
    post(port, type, value);
  } catch (error) {
    try {
      post(port, 'error', error);
    } catch {
      post(port, 'error', new DOMException('the reason cannot be cloned', 'DataCloneError'));
    }
    port.close();
    throw error;
  }
}

function readableFrom(port: MessagePort): ReadableStream {
  // What was under way when it ended still comes.
  let over = false;
  return new ReadableStream(
    {
      __proto__: null,
      start: (controller: ReadableStreamDefaultController) =>
        listen(port, ({ type, value }) => {
          if (over) return;
          if (type === 'chunk') {
            controller.enqueue(value);
            return;
          }
          over = true;
          if (type === 'close') controller.close();
          else controller.error(value);
          port.close();
        }),
      pull: () => post(port, 'pull', undefined),
      cancel: (reason: unknown) => {
        over = true;
        postOrBreak(port, 'error', reason);
        port.close();
      },
    } as object,
    NONE,
  );
}

function writableTo(port: MessagePort): WritableStream {
  let asked = Promise.withResolvers<void>();
  return new WritableStream(
    {
      __proto__: null,
      start: (controller: WritableStreamDefaultController) =>
        listen(port, ({ type, value }) => {
          if (type === 'error') controller.error(value);
          asked.resolve();
        }),
      write: async (chunk: unknown) => {
        await asked.promise;
        asked = Promise.withResolvers();
        postOrBreak(port, 'chunk', chunk);
      },
      close: () => {
        post(port, 'close', undefined);
        port.close();
      },
      abort: (reason: unknown) => {
        postOrBreak(port, 'error', reason);
        port.close();
      },
    } as object,
    ONE,
  );
}

function piped(from: ReadableStream, to: WritableStream): void {
  (apply(pipeTo, from, [to]) as Promise<void>).catch(() => undefined);
}

function movedReadable(stream: ReadableStream): ReadableStream {
  const { port1, port2 } = new MessageChannel();
  piped(stream, writableTo(port1));
  return readableFrom(port2);
}

function movedWritable(stream: WritableStream): WritableStream {
  const { port1, port2 } = new MessageChannel();
  piped(readableFrom(port1), stream);
  return writableTo(port2);
}

/** One whose two sides are given: the library's own slots hold them; a test fails when they are called otherwise. */
function movedTransform(stream: TransformStream): TransformStream {
  const _readable = movedReadable(apply(readableOf, stream, []) as ReadableStream);
  const _writable = movedWritable(apply(writableOf, stream, []) as WritableStream);
  return Object.assign(new TransformStream(), { _readable, _writable });
}

function isFree(stream: object): boolean {
  if (isReadable(stream)) return apply(readableLocked, stream, []) === false;
  if (isWritable(stream)) return apply(writableLocked, stream, []) === false;
  return isFree(apply(readableOf, stream, []) as object) && isFree(apply(writableOf, stream, []) as object);
}

export function allowStreamTransfer(): void {
  streamTransfer.isStream = (value) => isReadable(value) || isWritable(value) || isTransform(value);
  streamTransfer.canMove = isFree;
  streamTransfer.move = (stream) => {
    if (isReadable(stream)) return movedReadable(stream);
    return isWritable(stream) ? movedWritable(stream) : movedTransform(stream as TransformStream);
  };
}

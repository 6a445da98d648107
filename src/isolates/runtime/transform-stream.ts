/** `TransformStream`, and the text streams that are made of it. */

import { bytesOf } from './buffer-source.ts';
import { TextDecoder } from './encoding.ts';
import { deferred, highWaterMark, method, promised, type Strategy, sizeOf } from './queue-strategies.ts';
import { wantsMore } from './readable-controller.ts';
import { ReadableStream } from './readable-stream.ts';
import { encodeUtf8 } from './utf8.ts';
import { WritableStream } from './writable-stream.ts';

interface ReadableFace {
  readonly desiredSize: number | null;
  enqueue(chunk: unknown): void;
  close(): void;
  error(error: unknown): void;
}

interface TransformParts {
  readonly readable: () => ReadableFace;
  readonly terminate: (error: unknown) => void;
  /** Tells the writing side whether the reading side has enough. */
  readonly press: (full: boolean) => void;
}

const making = Symbol('making');

export class TransformStreamDefaultController {
  readonly #parts: TransformParts;

  constructor(key?: unknown, parts?: TransformParts) {
    if (key !== making || !parts) throw new TypeError('controllers are made by streams');
    this.#parts = parts;
  }

  get desiredSize(): number | null {
    return this.#parts.readable().desiredSize;
  }

  enqueue(chunk?: unknown): void {
    const readable = this.#parts.readable();
    readable.enqueue(chunk);
    if (!wantsMore(readable)) this.#parts.press(true);
  }

  error(error?: unknown): void {
    this.#parts.readable().error(error);
    this.#parts.terminate(error);
  }

  terminate(): void {
    this.#parts.readable().close();
    this.#parts.terminate(new TypeError('the transform was terminated'));
  }
}

export class TransformStream {
  readonly #readable: ReadableStream;
  readonly #writable: WritableStream;

  constructor(transformer: object | undefined = {}, writing: Strategy = {}, reading: Strategy = {}) {
    const of = transformer ?? {};
    for (const name of ['readableType', 'writableType']) {
      if ((of as Record<string, unknown>)[name] !== undefined) throw new RangeError(`${name} must be absent`);
    }
    const [start, transform, flush, cancel] = ['start', 'transform', 'flush', 'cancel'].map((name) => method(of, name));
    let readable: ReadableFace | null = null;
    let writable: { error(error: unknown): void } | null = null;
    const begun = deferred<unknown>();
    let full = true;
    let changed = deferred();
    const press = (now: boolean) => {
      if (now === full) return;
      full = now;
      changed.resolve(undefined);
      changed = deferred();
    };
    let ended = false;
    const parts: TransformParts = {
      readable: () => readable as ReadableFace,
      terminate: (error) => {
        writable?.error(error);
        press(false);
      },
      press,
    };
    const controller = new TransformStreamDefaultController(making, parts);
    const failing = (run: () => unknown) =>
      promised(run).catch((error: unknown) => {
        controller.error(error);
        throw error;
      });
    const mark = highWaterMark(reading, 0);
    const size = sizeOf(reading);
    this.#readable = new ReadableStream(
      {
        start: (face: ReadableFace) => {
          readable = face;
          return begun.promise;
        },
        pull: () => {
          press(false);
          return changed.promise;
        },
        cancel: (reason: unknown) => {
          if (ended) return undefined;
          ended = true;
          return promised(() => cancel?.(reason)).finally(() => parts.terminate(reason));
        },
      },
      { highWaterMark: mark, size },
    );
    this.#writable = new WritableStream(
      {
        start: (face: { error(error: unknown): void }) => {
          writable = face;
          return begun.promise;
        },
        write: async (chunk: unknown) => {
          if (full) await changed.promise;
          await failing(() => (transform ? transform(chunk, controller) : controller.enqueue(chunk)));
        },
        close: async () => {
          ended = true;
          await failing(() => flush?.(controller));
          readable?.close();
        },
        abort: async (reason: unknown) => {
          if (ended) return;
          ended = true;
          try {
            await cancel?.(reason);
          } finally {
            readable?.error(reason);
          }
        },
      },
      { highWaterMark: highWaterMark(writing, 1), size: sizeOf(writing) },
    );
    begun.resolve(start?.(controller));
  }

  get readable(): ReadableStream {
    return this.#readable;
  }

  get writable(): WritableStream {
    return this.#writable;
  }
}

export class TextEncoderStream {
  readonly #stream: TransformStream;

  constructor() {
    let held = '';
    this.#stream = new TransformStream({
      transform: (chunk: unknown, to: TransformStreamDefaultController) => {
        let text = held + String(chunk);
        const last = text.charCodeAt(text.length - 1);
        held = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : '';
        if (held) text = text.slice(0, -1);
        if (text.length > 0) to.enqueue(encodeUtf8(text));
      },
      flush: (to: TransformStreamDefaultController) => {
        if (held) to.enqueue(encodeUtf8(held));
      },
    });
  }

  get encoding(): string {
    return 'utf-8';
  }
  get readable(): ReadableStream {
    return this.#stream.readable;
  }
  get writable(): WritableStream {
    return this.#stream.writable;
  }
}

export class TextDecoderStream {
  readonly #decoder: TextDecoder;
  readonly #stream: TransformStream;

  constructor(label: unknown = 'utf-8', options: { fatal?: unknown; ignoreBOM?: unknown } = {}) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    this.#stream = new TransformStream({
      transform: (chunk: unknown, to: TransformStreamDefaultController) => {
        const text = decoder.decode(bytesOf(chunk), { stream: true });
        if (text) to.enqueue(text);
      },
      flush: (to: TransformStreamDefaultController) => {
        const text = decoder.decode();
        if (text) to.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }
  get fatal(): boolean {
    return this.#decoder.fatal;
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }
  get readable(): ReadableStream {
    return this.#stream.readable;
  }
  get writable(): WritableStream {
    return this.#stream.writable;
  }
}

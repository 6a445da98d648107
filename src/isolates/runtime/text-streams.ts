/** `TextEncoderStream` and `TextDecoderStream`. */

import { type ReadableStream, TransformStream, type WritableStream } from 'web-streams-polyfill';
import { bytesOf } from './buffer-source.ts';
import { TextDecoder } from './encoding.ts';
import { passedOn } from './stream-state.ts';
import { encodeUtf8 } from './utf8.ts';

export class TextEncoderStream {
  readonly #stream: TransformStream<unknown, Uint8Array>;

  constructor() {
    let held = '';
    this.#stream = new TransformStream<unknown, Uint8Array>({
      transform: (chunk, to) => {
        let text = held + String(chunk);
        const last = text.charCodeAt(text.length - 1);
        held = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : '';
        if (held) text = text.slice(0, -1);
        if (text.length > 0) to.enqueue(encodeUtf8(text));
      },
      flush: (to) => {
        if (held) to.enqueue(encodeUtf8(held));
      },
    });
  }

  get encoding(): string {
    void this.#stream;
    return 'utf-8';
  }
  get readable(): ReadableStream<Uint8Array> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
}

function decodingStream(decoder: TextDecoder): TransformStream<unknown, string> {
  return new TransformStream<unknown, string>({
    transform: (chunk, to) => {
      const text = decoder.decode(bytesOf(chunk, true), { stream: true });
      if (text) to.enqueue(text);
    },
    flush: (to) => {
      const text = decoder.decode();
      if (text) to.enqueue(text);
    },
  });
}

export class TextDecoderStream {
  readonly #decoder: TextDecoder;
  readonly #stream: TransformStream<unknown, string>;

  constructor(label: unknown = 'utf-8', options: { fatal?: unknown; ignoreBOM?: unknown } | null = null) {
    this.#decoder = new TextDecoder(label, options);
    this.#stream = decodingStream(this.#decoder);
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
  get readable(): ReadableStream<string> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
}

/** Bytes as UTF-8, whatever their type says (Fetch and File API, `textStream()`). */
export function textOfStream(bytes: ReadableStream): ReadableStream<string> {
  return passedOn(bytes, decodingStream(new TextDecoder()));
}

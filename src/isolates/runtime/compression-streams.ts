/** `CompressionStream` and `DecompressionStream`: the host's zlib, a piece at a time. */

import { type ReadableStream, TransformStream, type WritableStream } from 'web-streams-polyfill';
import { askHost } from './bindings.ts';
import { bridge, jsonText } from './bridge.ts';
import { bytesOf, ownBuffer } from './buffer-source.ts';

const FORMATS = ['deflate', 'deflate-raw', 'gzip'];
/** Bytes that are given at once; few as long as much comes of them. */
const PIECE = 16 * 1024;
const SMALL_PIECE = 1024;
const MUCH = 256 * 1024;
const NO_BYTES = new ArrayBuffer(0);
let last = 0;

type Controller = { enqueue(chunk: Uint8Array): void };

function zipStream(format: unknown, way: '' | 'un-'): TransformStream<unknown, Uint8Array> {
  const name = String(format);
  if (!FORMATS.includes(name)) throw new TypeError('the format is `deflate`, `deflate-raw` or `gzip`');
  last += 1;
  const id = last;
  let piece = way === '' ? PIECE : SMALL_PIECE;
  const step = async (to: Controller, bytes: ArrayBuffer, end: boolean): Promise<void> => {
    const answer = await askHost('zip', jsonText({ id, kind: way + name, end }), bytes);
    const made = answer.bytes?.byteLength ?? 0;
    if (made > 0) to.enqueue(new Uint8Array(answer.bytes as ArrayBuffer));
    if (typeof answer.value === 'string') throw new TypeError(answer.value);
    if (way !== '') piece = made > MUCH ? SMALL_PIECE : PIECE;
  };
  return new TransformStream<unknown, Uint8Array>({
    transform: async (chunk, to) => {
      const bytes = bytesOf(chunk).slice();
      for (let at = 0; at < bytes.length; ) {
        const from = at;
        at += piece;
        await step(to, ownBuffer(bytes.subarray(from, at)), false);
      }
    },
    flush: (to) => step(to, NO_BYTES, true),
    cancel: () => {
      bridge.current.serve('zip-close', id);
    },
  });
}

export class CompressionStream {
  readonly #stream: TransformStream<unknown, Uint8Array>;

  constructor(format: unknown) {
    this.#stream = zipStream(format, '');
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
}

export class DecompressionStream {
  readonly #stream: TransformStream<unknown, Uint8Array>;

  constructor(format: unknown) {
    this.#stream = zipStream(format, 'un-');
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#stream.readable;
  }
  get writable(): WritableStream<unknown> {
    return this.#stream.writable;
  }
}

/** `CompressionStream` and `DecompressionStream`: the host's zlib, a piece at a time. */

import { type ReadableStream, TransformStream, type WritableStream } from 'web-streams-polyfill';
import { bytesOf } from './buffer-source.ts';
import { ZIP_PIECE, ZipSteps } from './zip-steps.ts';

const FORMATS = ['brotli', 'deflate', 'deflate-raw', 'gzip'];
const NO_BYTES = new Uint8Array(0);

type Controller = { enqueue(chunk: Uint8Array): void };

function zipStream(format: unknown, way: '' | 'un-'): TransformStream<unknown, Uint8Array> {
  const name = String(format);
  if (!FORMATS.includes(name)) throw new TypeError('the format is `brotli`, `deflate`, `deflate-raw` or `gzip`');
  const zip = new ZipSteps(way + name);
  const whole = async (to: Controller, bytes: Uint8Array, end: boolean): Promise<void> => {
    const give = (made: Uint8Array) => to.enqueue(made);
    for (let more = await zip.step(bytes, end, give); more; ) more = await zip.step(NO_BYTES, end, give);
  };
  return new TransformStream<unknown, Uint8Array>({
    transform: async (chunk, to) => {
      const bytes = bytesOf(chunk).slice();
      for (let at = 0; at < bytes.length; at += ZIP_PIECE) {
        await whole(to, bytes.subarray(at, at + ZIP_PIECE), false);
      }
    },
    flush: (to) => whole(to, NO_BYTES, true),
    cancel: () => zip.close(),
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

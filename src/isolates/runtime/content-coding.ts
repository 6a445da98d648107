/**
 * Bodies that come encoded (Fetch, "handle content codings"). Nothing but identity is asked for, and some origins use a
 * coding all the same. Each piece is decoded when somebody reads, and no further: what a bomb becomes is never held.
 */

import {
  type ReadableByteStreamController,
  type ReadableStream,
  ReadableStreamDefaultReader,
} from 'web-streams-polyfill';
import { byteStream } from './stream-state.ts';
import { ZIP_PIECE, ZipSteps } from './zip-steps.ts';

const KINDS = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'brotli'],
  ['zstd', 'zstd'],
]);
/** More than anybody has use for. */
const MOST = 5;
const NO_BYTES = new Uint8Array(0);

/** The stream itself, where one of the codings is not known. */
export function decodedBody(stream: ReadableStream<Uint8Array>, field: string | null): ReadableStream<Uint8Array> {
  const names = (field ?? '').split(',').map((name) => name.trim().toLowerCase());
  const kinds = names.filter((name) => name !== '' && name !== 'identity').map((name) => KINDS.get(name));
  if (kinds.length > MOST || kinds.includes(undefined)) return stream;
  return kinds.reduceRight((body, kind) => decoded(body, kind as string), stream);
}

function decoded(stream: ReadableStream<Uint8Array>, kind: string): ReadableStream<Uint8Array> {
  const coded = new Coded(stream, kind);
  return byteStream({
    pull: (controller) => coded.pull(controller),
    cancel: (reason) => coded.cancel(reason),
  });
}

class Coded {
  readonly #from: ReadableStreamDefaultReader<Uint8Array>;
  readonly #kind: string;
  #zip: ZipSteps | null = null;
  /** Read, and not decoded yet. */
  #rest: Uint8Array = NO_BYTES;
  #more = false;
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>, kind: string) {
    this.#from = new ReadableStreamDefaultReader(stream);
    this.#kind = kind;
  }

  /** Until something came of it. */
  async pull(controller: ReadableByteStreamController): Promise<void> {
    let given = 0;
    const give = (bytes: Uint8Array) => {
      given += bytes.length;
      controller.enqueue(bytes);
    };
    try {
      while (given === 0) {
        if (this.#ended && !this.#more) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        await this.#step(give);
      }
    } catch (error) {
      this.#from.cancel(error).catch(() => undefined);
      throw error;
    }
  }

  async #step(give: (bytes: Uint8Array) => void): Promise<void> {
    if (!this.#more && this.#rest.length === 0) {
      const { done, value } = await this.#from.read();
      this.#ended = done;
      if (value) this.#rest = value;
      // A body of nothing at all is no fault, whatever its coding.
      if (done && this.#zip === null) return;
    }
    this.#zip ??= new ZipSteps(`un-${this.#bare() ? 'deflate-raw' : this.#kind}`);
    const piece = this.#more ? NO_BYTES : this.#rest.subarray(0, ZIP_PIECE);
    this.#rest = this.#rest.subarray(piece.length);
    this.#more = await this.#zip.step(piece, this.#ended, give);
  }

  /** Some origins leave out the head that `deflate` should have. */
  #bare(): boolean {
    return this.#kind === 'deflate' && ((this.#rest[0] as number) & 0x0f) !== 8;
  }

  cancel(reason: unknown): Promise<void> {
    this.#zip?.close();
    return this.#from.cancel(reason);
  }
}

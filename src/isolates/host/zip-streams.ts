/**
 * Compression for one isolate, by Node's zlib, a piece at a time. However much a piece of a bomb becomes, a step makes no
 * more of it than its bound; the isolate takes that before it asks for more, and its memory limit counts it.
 */

import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type ZlibOptions,
} from 'node:zlib';
import type { JobReply } from './host-jobs.ts';

type Zip = ReturnType<typeof createGunzip | typeof createBrotliDecompress | typeof createZstdDecompress>;

interface ZipStep {
  readonly id: number;
  /** `gzip` and the like, `un-gzip` for the way back. */
  readonly kind: string;
  readonly end: boolean;
}

const strict: ZlibOptions & { readonly rejectGarbageAfterEnd: boolean } = { rejectGarbageAfterEnd: true };
/** RFC 9659: 8 MB, where the library's own bound is 128. */
const zstd = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };
/** What is written for one reader at once: a middle quality, and a window of 1 MB. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 20 } };
const KINDS: Readonly<Record<string, () => Zip>> = {
  gzip: () => createGzip(),
  deflate: () => createDeflate(),
  'deflate-raw': () => createDeflateRaw(),
  brotli: () => createBrotliCompress(brotli),
  'un-gzip': () => createGunzip(strict),
  'un-deflate': () => createInflate(strict),
  'un-deflate-raw': () => createInflateRaw(strict),
  'un-brotli': () => createBrotliDecompress(),
  'un-zstd': () => createZstdDecompress(zstd),
};
/** Open at once; each holds up to 300 KB here. */
const MOST = 64;
/** Of those that may hold several megabytes. */
const MOST_LARGE = 8;
const LARGE = new Set(['brotli', 'un-brotli', 'un-zstd']);
const PIECE = 16 * 1024;
/** What one step gives, and a few pieces of zlib's own beyond it. */
const MOST_OUT = 1024 * 1024;
const BASE_MS = 0.2;
/** Slower than this is no machine that serves anybody. */
const IN_PER_MS = 5000;
const OUT_PER_MS = 100_000;
const FOLLOWED = 'something follows the end';
const NO_BYTES = new Uint8Array(0);

export class ZipStreams {
  readonly #open = new Map<number, OpenZip>();

  /** Never rejects. What came out before a fault is given along with it. */
  async step(text: string, bytes: Uint8Array): Promise<JobReply> {
    const fault = (said: string): JobReply => replyOf({ fault: said, more: false, out: [] }, bytes.length);
    try {
      const step = JSON.parse(text) as ZipStep;
      const zip = this.#of(step);
      if (zip === null || bytes.length > PIECE) return fault('too many streams are open');
      const made = await zip.step(bytes, step.end);
      if ((step.end && !made.more) || made.fault !== null) this.#close(step.id);
      return replyOf(made, bytes.length);
    } catch {
      return fault('the step is none');
    }
  }

  close(id: number): void {
    this.#close(id);
  }

  end(): void {
    for (const id of this.#open.keys()) this.#close(id);
  }

  #of({ id, kind }: ZipStep): OpenZip | null {
    const there = this.#open.get(id);
    if (there) return there;
    const make = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (make === undefined || typeof id !== 'number' || this.#open.size >= MOST) return null;
    const isLarge = LARGE.has(kind);
    if (isLarge && [...this.#open.values()].filter((zip) => zip.isLarge).length >= MOST_LARGE) return null;
    const made = new OpenZip(make(), isLarge);
    this.#open.set(id, made);
    return made;
  }

  #close(id: number): void {
    const zip = this.#open.get(id);
    this.#open.delete(id);
    zip?.close();
  }
}

interface Made {
  readonly fault: string | null;
  /** The step is not over: another one without bytes goes on with it. */
  readonly more: boolean;
  readonly out: readonly Uint8Array[];
}

function replyOf({ fault, more, out }: Made, given: number): JobReply {
  const bytes = out.length === 0 ? NO_BYTES : Buffer.concat(out);
  const mostMs = BASE_MS + given / IN_PER_MS + bytes.length / OUT_PER_MS;
  return { json: JSON.stringify({ ok: true, value: { fault, more } }), bytes, mostMs };
}

class OpenZip {
  readonly #zip: Zip;
  readonly isLarge: boolean;
  #out: Uint8Array[] = [];
  #size = 0;
  /** Bytes are with zlib still. */
  #busy = false;
  #fault: string | null = null;
  /** Bytes that zlib was handed. */
  #given = 0;
  #wake: () => void = () => undefined;

  constructor(zip: Zip, isLarge: boolean) {
    this.#zip = zip;
    this.isLarge = isLarge;
    zip.on('data', (chunk: Uint8Array) => this.#take(chunk));
    zip.on('end', () => this.#ended()).on('error', ({ message }: Error) => this.#rest(message));
    zip.on('close', () => this.#rest('the stream is closed'));
  }

  async step(bytes: Uint8Array, end: boolean): Promise<Made> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (!this.#busy) {
      if (this.#zip.readableEnded || this.#zip.destroyed) {
        // What is over says nothing more.
        return { fault: this.#fault ?? (bytes.length > 0 ? FOLLOWED : null), more: false, out: [] };
      }
      this.#given += bytes.length;
      this.#busy = true;
      if (end) this.#zip.end(bytes);
      else this.#zip.write(bytes, () => setImmediate(() => this.#rest(null)));
    }
    this.#zip.resume();
    await woken;
    const out = this.#out;
    this.#out = [];
    this.#size = 0;
    return { fault: this.#fault, more: this.#busy, out };
  }

  close(): void {
    this.#zip.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.#out.push(chunk);
    this.#size += chunk.length;
    if (this.#size < MOST_OUT) return;
    // What zlib makes now it keeps, up to its own mark, and then it makes no more.
    this.#zip.pause();
    this.#wake();
  }

  /** Of brotli the library itself passes over what follows. */
  #ended(): void {
    if (this.#zip.bytesWritten < this.#given) this.#fault ??= FOLLOWED;
    this.#rest(null);
  }

  /** What was given is done with. */
  #rest(fault: string | null): void {
    if (!this.#zip.readableEnded) this.#fault ??= fault;
    if (!this.#busy) return;
    this.#busy = false;
    this.#wake();
  }
}

/**
 * Compression for one isolate, by Node's zlib, a piece at a time. What a piece of a bomb can become is bounded by the size
 * of the piece (DEFLATE: 1,032 to 1); the isolate gets it before it gives the next, and its memory limit counts it.
 */

import {
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  type ZlibOptions,
} from 'node:zlib';
import type { JobReply } from './host-jobs.ts';

type Zip = ReturnType<typeof createGunzip>;

interface ZipStep {
  readonly id: number;
  /** `gzip` and the like, `un-gzip` for the way back. */
  readonly kind: string;
  readonly end: boolean;
}

const strict: ZlibOptions & { readonly rejectGarbageAfterEnd: boolean } = { rejectGarbageAfterEnd: true };
const KINDS: Readonly<Record<string, () => Zip>> = {
  gzip: () => createGzip(),
  deflate: () => createDeflate(),
  'deflate-raw': () => createDeflateRaw(),
  'un-gzip': () => createGunzip(strict),
  'un-deflate': () => createInflate(strict),
  'un-deflate-raw': () => createInflateRaw(strict),
};
/** Open at once; each holds up to 300 KB here. */
const MOST = 64;
const PIECE = 16 * 1024;
const BASE_MS = 0.2;
/** Slower than this is no machine that serves anybody. */
const IN_PER_MS = 5000;
const OUT_PER_MS = 100_000;
const NO_BYTES = new Uint8Array(0);

export class ZipStreams {
  readonly #open = new Map<number, Zip>();

  /** Never rejects. What came out before a fault is given along with it. */
  async step(text: string, bytes: Uint8Array): Promise<JobReply> {
    const out: Uint8Array[] = [];
    const reply = (said: object): JobReply => {
      const all = out.length === 0 ? NO_BYTES : Buffer.concat(out);
      const mostMs = BASE_MS + bytes.length / IN_PER_MS + all.length / OUT_PER_MS;
      return { json: JSON.stringify(said), bytes: all, mostMs };
    };
    try {
      const step = JSON.parse(text) as ZipStep;
      const zip = this.#of(step);
      if (zip === null || bytes.length > PIECE) return reply({ ok: true, value: 'too many streams are open' });
      const fault = await moved(zip, { bytes, end: step.end, out });
      if (step.end || fault !== null) this.#close(step.id);
      return reply({ ok: true, value: fault });
    } catch {
      return reply({ ok: true, value: 'the step is none' });
    }
  }

  close(id: number): void {
    this.#close(id);
  }

  end(): void {
    for (const id of this.#open.keys()) this.#close(id);
  }

  #of({ id, kind }: ZipStep): Zip | null {
    const there = this.#open.get(id);
    if (there) return there;
    const make = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
    if (make === undefined || typeof id !== 'number' || this.#open.size >= MOST) return null;
    const made = make();
    this.#open.set(id, made);
    return made;
  }

  #close(id: number): void {
    const zip = this.#open.get(id);
    this.#open.delete(id);
    // A piece that is with zlib may still fail.
    zip?.on('error', () => undefined).destroy();
  }
}

interface Move {
  readonly bytes: Uint8Array;
  readonly end: boolean;
  readonly out: Uint8Array[];
}

/** Null when all went well. */
function moved(zip: Zip, { bytes, end, out }: Move): Promise<string | null> {
  return new Promise((resolve) => {
    const take = (chunk: Uint8Array) => out.push(chunk);
    const over = (fault: string | null) => {
      zip.off('data', take).off('error', failed).off('end', ended).off('close', closed);
      resolve(fault);
    };
    const failed = (error: Error) => over(error.message);
    const ended = () => over(null);
    const closed = () => over('the stream is closed');
    zip.on('data', take).on('error', failed).on('close', closed);
    if (end) zip.on('end', ended).end(bytes);
    else zip.write(bytes, () => setImmediate(over, null));
  });
}

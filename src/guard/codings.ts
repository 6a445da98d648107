/** Content encodings: how each is undone and done again. */

import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

export interface Coding {
  /** Throws where it cannot; `ERR_BUFFER_TOO_LARGE` where there would be more than `max`. */
  readonly decode: (bytes: Uint8Array, max: number) => Buffer;
  readonly encode: (bytes: Uint8Array) => Buffer;
}

/** Whether zlib gave up because there would have been more than it was let make. */
export function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
}

/** Frames of one body; more are made to keep us busy. */
const MOST_FRAMES = 1024;

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer;

/** The text and how many bytes it took: what stands behind the end of it is no reader's business, and may be read all the same. */
function taken(decompress: Decompress, bytes: Uint8Array, maxOutputLength: number) {
  const told = { maxOutputLength, info: true };
  const { buffer, engine } = decompress(bytes, told) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };
  return { buffer, rest: bytes.subarray(engine.bytesWritten) };
}

/** Nothing but padding may follow (T-34). */
const one =
  (decompress: Decompress): Coding['decode'] =>
  (bytes, max) => {
    const { buffer, rest } = taken(decompress, bytes, max);
    if (rest.some((byte) => byte !== 0)) throw new Error('bytes behind the end');
    return buffer;
  };

/** RFC 8878 section 3: frames may follow one another, and some are skipped. Node reads the first only. */
function allFrames(bytes: Uint8Array, max: number): Buffer {
  const parts: Buffer[] = [];
  let left = max;
  let rest = bytes;
  for (let i = 0; rest.length > 0 || i === 0; i += 1) {
    const frame = taken(zstdDecompressSync, rest, Math.max(1, left));
    left -= frame.buffer.length;
    if (i >= MOST_FRAMES || left < 0 || frame.rest.length === rest.length) throw new Error('frames without end');
    parts.push(frame.buffer);
    rest = frame.rest;
  }
  return Buffer.concat(parts);
}

/**
 * RFC 9110 section 8.4.1.2: `deflate` is zlib's format, and some servers send it without its head, which clients take. What
 * begins like a zlib stream is read as one and in no other way.
 */
function deflated(bytes: Uint8Array, max: number): Buffer {
  const [first = 0, second = 0] = bytes;
  const hasHead = (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0;
  return one(hasHead ? inflateSync : inflateRawSync)(bytes, max);
}

/** The usual one, 11, takes a hundred times as long for a tenth less. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

export const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: { decode: one(gunzipSync), encode: (b) => gzipSync(b) },
  'x-gzip': { decode: one(gunzipSync), encode: (b) => gzipSync(b) },
  deflate: { decode: deflated, encode: (b) => deflateSync(b) },
  br: { decode: one(brotliDecompressSync), encode: (b) => brotliCompressSync(b, BROTLI) },
  zstd: { decode: allFrames, encode: (b) => zstdCompressSync(b) },
};

/** First bytes of what is compressed though nothing says how, as files are. */
const MAGIC: readonly (readonly [coding: string, magic: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['deflate', Buffer.from([0x78, 0x9c])],
  ['deflate', Buffer.from([0x78, 0xda])],
];
const LONGEST_MAGIC = 4;

/** Undefined where the bytes do not begin as any that is known. */
export function codingBy(bytes: Buffer): string | undefined {
  return MAGIC.find(([, magic]) => bytes.subarray(0, magic.length).equals(magic))?.[0];
}

/** Whether more of its beginning has to come before that is told. */
export function mayBeCoded(head: Buffer): boolean {
  return head.length < LONGEST_MAGIC && MAGIC.some(([, magic]) => magic.subarray(0, head.length).equals(head));
}

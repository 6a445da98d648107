/** What is compressed inside other text, undone and redone with zlib (T-34, T-35). */

import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Compression, Packing, Unpacked } from '../dlp/layers/compressed.ts';
import { isTooLarge } from './codings.ts';

type Options = Pick<ZlibOptions, 'maxOutputLength' | 'finishFlush' | 'info'>;

interface Way {
  readonly undo: (bytes: Buffer, options: Options) => unknown;
  readonly redo: (bytes: Uint8Array) => Buffer;
  /** Gives out what there is though the end is missing. */
  readonly flush: number;
}

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = constants;
const WAYS: Readonly<Record<Compression, Way>> = {
  gzip: { undo: gunzipSync, redo: (b) => gzipSync(b), flush: Z_SYNC_FLUSH },
  zlib: { undo: inflateSync, redo: (b) => deflateSync(b), flush: Z_SYNC_FLUSH },
  raw: { undo: inflateRawSync, redo: (b) => deflateRawSync(b), flush: Z_SYNC_FLUSH },
  br: { undo: brotliDecompressSync, redo: (b) => brotliCompressSync(b), flush: BROTLI_OPERATION_FLUSH },
  zstd: { undo: zstdDecompressSync, redo: (b) => zstdCompressSync(b), flush: ZSTD_e_flush },
};

/** With `info` zlib hands out the engine too, which knows how many bytes it took. */
interface WithEngine {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Deflate makes no more than this of one byte. */
const STEEPEST = 1032;

export const zlibPacking: Packing = {
  unpack(bytes, compression, max) {
    if (compression !== 'gzip') return undone(bytes, WAYS[compression], max);
    const head = gzipHead(bytes);
    const found = head === 0 ? null : undone(bytes.subarray(head), WAYS.raw, max);
    // A wrong checksum hides nothing: it is not looked at.
    const tail = found?.isWhole ? GZIP_TAIL : 0;
    return found && { ...found, length: Math.min(bytes.length, head + found.length + tail) };
  },
  pack: (bytes, compression) => WAYS[compression].redo(bytes),
};

/** What is no compressed text fails long before so much of it was made. */
const FIRST = 64 * 1024;
/** Each try may make so many times as much as the last. */
const STEP = 8;

function undone(bytes: Buffer, way: Way, max: number): Unpacked | null {
  let most = Math.min(FIRST, max);
  let whole = tried(bytes, way, { maxOutputLength: most });
  while (whole === 'too_large' && most < max) {
    most = Math.min(max, most * STEP);
    whole = tried(bytes, way, { maxOutputLength: most });
  }
  if (isUndone(whole)) return { ...whole, isWhole: true };
  // What made so much before it broke is compressed, though nobody knows what it would have said; and it is not to be had for nothing.
  const broken = most > FIRST || whole === 'too_large' ? BEYOND : null;
  // Nothing that only looks like brotli may cost more than one try.
  if (way === WAYS.br) return broken;
  const options = { maxOutputLength: most, finishFlush: way.flush };
  const open = whole === 'too_large' ? whole : tried(bytes, way, options);
  if (isUndone(open)) return { ...open, isWhole: false };
  const part = tried(bytes.subarray(0, Math.floor(max / STEEPEST)), way, { ...options, maxOutputLength: max });
  return isUndone(part) ? { ...part, isWhole: false, ...(broken && { isBeyond: true }) } : broken;
}

const BEYOND: Unpacked = { decoded: Buffer.alloc(0), length: 0, isWhole: false, isBeyond: true };

type Undone = Omit<Unpacked, 'isWhole'>;

function isUndone(found: Undone | 'too_large' | null): found is Undone {
  return found !== null && found !== 'too_large';
}

function tried(bytes: Buffer, { undo }: Way, options: Options): Undone | 'too_large' | null {
  // What is not packed fails, and a trace of where costs more than the try.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const { buffer, engine } = undo(bytes, { ...options, info: true }) as WithEngine;
    return { decoded: buffer, length: engine.bytesWritten };
  } catch (error) {
    return isTooLarge(error) ? 'too_large' : null;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const GZIP_TAIL = 8;
const [HAS_CHECK, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16];

/** Length of the head (RFC 1952 section 2.3); 0 when it is none. */
function gzipHead(bytes: Buffer): number {
  if (bytes.length < 18) return 0;
  const flags = bytes[3] ?? 0;
  let at = 10;
  if ((flags & HAS_EXTRA) !== 0) at += 2 + bytes.readUInt16LE(at);
  for (const text of [HAS_NAME, HAS_COMMENT]) if ((flags & text) !== 0) at = bytes.indexOf(0, at) + 1 || bytes.length;
  if ((flags & HAS_CHECK) !== 0) at += 2;
  return at < bytes.length ? at : 0;
}

/**
 * Compressed stretches (T-35): gzip, zstd and entries of zip archives wherever they begin, zlib and brotli where a stretch
 * holds nothing else. What undoes them is handed in: the pure core has no zlib.
 */

export type Compression = 'gzip' | 'zstd' | 'zlib' | 'br' | 'raw';

export interface Unpacked {
  readonly decoded: Buffer;
  /** Compressed bytes that were used. */
  readonly length: number;
  /** False where the end is not at hand: then it cannot be written again. */
  readonly isWhole: boolean;
}

/** Must not throw. */
export interface Packing {
  /** At most `max` bytes of what is compressed at the start of `bytes`; null when nothing is, or it is larger. */
  unpack(bytes: Buffer, compression: Compression, max: number): Unpacked | null;
  pack(bytes: Uint8Array, compression: Compression): Uint8Array;
}

export interface PackedLayer {
  readonly decoded: Buffer;
  readonly start: number;
  readonly end: number;
  /** The stretch with this in it; null where that cannot be. */
  readonly encode: (decoded: Uint8Array) => Uint8Array | null;
}

interface Looking {
  readonly packing: Packing;
  readonly max: number;
  /** The text is a blob that was encoded as a whole. */
  readonly isBlob: boolean;
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ZIP_ENTRY = Buffer.from([0x50, 0x4b, 0x03, 0x04]);
const ZIP_HEAD = 30;
const DEFLATED = 8;
/** Beginnings that are tried in one text. */
const MOST = 64;
const SHORTEST = 16;

/** Whether a blob may be compressed: it says so, or could be brotli, which says nothing. */
export function mayBePacked(blob: Buffer): boolean {
  if (blob.length < SHORTEST) return false;
  return [GZIP, ZSTD, ZIP_ENTRY].some((magic) => magic.every((byte, i) => blob[i] === byte)) || isZlib(blob);
}

/** RFC 1950: deflate with a window of at most 32 KB, no dictionary, and a check of the two bytes. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && first >>> 4 <= 7 && (second & 0x20) === 0 && (first * 256 + second) % 31 === 0;
}

/** Lengths of digests and signatures: most short blobs are those. */
const DIGESTS = new Set([16, 20, 28, 32, 48, 64, 65, 72]);

/**
 * Brotli says nothing about itself; its first bits are the size of its window (RFC 7932 section 9.1), which is one of the two
 * largest wherever a usual encoder is asked for nothing else.
 */
export function mayBeBrotli(blob: Buffer): boolean {
  const low = (blob[0] ?? 0) & 0x0f;
  return (low === 0x0b || low === 0x0f) && !DIGESTS.has(blob.length);
}

export function* packedLayers(text: Buffer, looking: Looking): Generator<PackedLayer> {
  let done = 0;
  let tried = 0;
  for (const [at, compression] of beginnings(text, looking.isBlob)) {
    if (at < done || tried >= MOST) continue;
    tried += 1;
    const { packing, max } = looking;
    const found = packing.unpack(text.subarray(at), compression, max);
    if (found === null || found.decoded.length === 0) continue;
    done = at + found.length;
    const encode = (decoded: Uint8Array) =>
      found.isWhole && compression !== 'raw' ? packing.pack(decoded, compression) : null;
    yield { decoded: found.decoded, start: at, end: done, encode };
  }
}

function beginnings(text: Buffer, isBlob: boolean): (readonly [number, Compression])[] {
  const out: [number, Compression][] = [];
  for (const at of placesOf(text, GZIP)) out.push([at, 'gzip']);
  for (const at of placesOf(text, ZSTD)) out.push([at, 'zstd']);
  for (const at of placesOf(text, ZIP_ENTRY)) {
    if (at + ZIP_HEAD > text.length || text.readUInt16LE(at + 8) !== DEFLATED) continue;
    // APPNOTE 4.3.7: the lengths of the name and of what else is said end the head.
    out.push([at + ZIP_HEAD + text.readUInt16LE(at + 26) + text.readUInt16LE(at + 28), 'raw']);
  }
  if (out.length === 0 && isBlob && isZlib(text)) out.push([0, 'zlib']);
  else if (out.length === 0 && isBlob && mayBeBrotli(text)) out.push([0, 'br']);
  return out.sort(([a], [b]) => a - b);
}

function placesOf(text: Buffer, magic: Buffer): number[] {
  const out: number[] = [];
  for (let at = text.indexOf(magic); at >= 0 && out.length < MOST; at = text.indexOf(magic, at + 1)) out.push(at);
  return out;
}

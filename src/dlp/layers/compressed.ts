/**
 * Compressed stretches (T-35): gzip, zstd and entries of zip archives wherever they begin, zlib and brotli where a stretch
 * holds nothing else. What undoes them is handed in: the pure core has no zlib.
 */

import { leastOf } from '../../core/large-lists.ts';

export type Compression = 'gzip' | 'zstd' | 'zlib' | 'br' | 'raw';

export interface Unpacked {
  readonly decoded: Buffer;
  /** Compressed bytes that were used. */
  readonly length: number;
  /** False where the end is not at hand: then it cannot be written again. */
  readonly isWhole: boolean;
  /** There is more of it than was asked for, or it broke where nobody can tell what it says. */
  readonly isBeyond?: boolean;
}

/** Must not throw. */
export interface Packing {
  /** At most `max` bytes of what is compressed at the start of `bytes`; null when nothing is. */
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

/**
 * What may still be undone: a few bytes can stand for megabytes, as often as they are repeated, and a try costs a kilobyte's
 * search though nothing comes of it.
 */
export class Allowance {
  /** Of what comes out. */
  bytes: number;
  tries = MOST_TRIES;
  /** Something was left as it is, or not all of it was undone. */
  isBeyond = false;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** False where there is none. */
  try(): boolean {
    this.tries -= 1;
    if (this.tries >= 0 && this.bytes > 0) return true;
    this.isBeyond = true;
    return false;
  }

  /** What is larger, or broken, has cost all that there was. */
  take({ decoded, isBeyond = false }: Unpacked): void {
    this.bytes = isBeyond ? 0 : this.bytes - decoded.length;
    this.isBeyond ||= isBeyond;
  }
}

interface Looking {
  readonly packing: Packing;
  readonly left: Allowance;
  /** The text is a blob that was encoded as a whole. */
  readonly isBlob: boolean;
  /** Whether something there was undone for this text: the rest of it was looked into where it stood before. */
  readonly isNew: (start: number, end: number) => boolean;
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ZIP_ENTRY = Buffer.from([0x50, 0x4b, 0x03, 0x04]);
const MAGICS = [GZIP, ZSTD, ZIP_ENTRY];
const BY_MAGIC: readonly Compression[] = ['gzip', 'zstd', 'raw'];
const LONGEST_MAGIC = 4;
const ENTRY = 2;
const ZIP_HEAD = 30;
const DEFLATED = 8;
/** Beginnings that are tried: as many as an archive of small files has in a window. */
const MOST_TRIES = 1024;
const SHORTEST = 16;

/** Whether a blob may be compressed: it says so, or could be brotli, which says nothing. */
export function mayBePacked(blob: Buffer): boolean {
  if (blob.length < SHORTEST) return false;
  return MAGICS.some((magic) => magic.every((byte, i) => blob[i] === byte)) || isZlib(blob);
}

/** Whether something in it says that it is compressed, wherever it begins. */
export function holdsPacked(bytes: Buffer): boolean {
  return mayBePacked(bytes) || (bytes.length >= SHORTEST && MAGICS.some((magic) => bytes.includes(magic)));
}

/** RFC 1950: deflate with a window of at most 32 KB, no dictionary, and a check of the two bytes. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && first >>> 4 <= 7 && (second & 0x20) === 0 && (first * 256 + second) % 31 === 0;
}

/** Lengths of digests and signatures: most short blobs are those. */
const DIGESTS = new Set([16, 20, 28, 32, 48, 64, 65, 72]);

/**
 * Brotli says nothing about itself; its first bits are the size of its window (RFC 7932 section 9.1), which is one of the two
 * largest wherever a usual encoder is asked for nothing else. `head` begins a blob of `length` bytes, and has four of them.
 */
export function mayBeBrotli(head: Uint8Array, length = head.length): boolean {
  const low = (head[0] ?? 0) & 0x0f;
  return (low === 0x0b || low === 0x0f) && !DIGESTS.has(length) && mayBeginBlock(head, length);
}

/** Bits of the size of the window before the first block, and digits of its length by their number's two bits (3: metadata). */
const WINDOW_BITS = 4;
const [FEWEST_NIBBLES, METADATA] = [4, 3];

/**
 * Whether the head of the first block (RFC 7932 section 9.2) is one behind which something is said: to try what is none costs
 * as much as the search of a kilobyte, and of the names in source code one in eight is taken for brotli by its first byte.
 */
function mayBeginBlock(head: Uint8Array, length: number): boolean {
  const bitsOf = bitReader(head, WINDOW_BITS);
  const isLast = bitsOf(1) === 1;
  // Empty.
  if (isLast && bitsOf(1) === 1) return false;
  const kind = bitsOf(2);
  if (kind === METADATA) return !isLast && bitsOf(1) === 0;
  const nibbles = FEWEST_NIBBLES + kind;
  const [low, top] = [bitsOf(4 * (nibbles - 1)), bitsOf(4)];
  if (kind > 0 && top === 0) return false;
  if (isLast || bitsOf(1) === 0) return true;
  // As it is, from the next whole byte on.
  const bytes = Math.ceil((WINDOW_BITS + 4 + 4 * nibbles) / 8);
  const padding = 8 * bytes - (WINDOW_BITS + 4 + 4 * nibbles);
  return bitsOf(padding) === 0 && bytes + top * 2 ** (4 * (nibbles - 1)) + low + 1 <= length;
}

/** Reads the next bits, the lowest first; behind the end they are zero. */
function bitReader(bytes: Uint8Array, from: number): (count: number) => number {
  let at = from;
  return (count) => {
    let value = 0;
    for (let i = 0; i < count; i += 1, at += 1) value |= (((bytes[at >>> 3] ?? 0) >>> (at & 7)) & 1) << i;
    return value;
  };
}

export function* packedLayers(text: Buffer, { packing, left, isBlob, isNew }: Looking): Generator<PackedLayer> {
  let done = 0;
  for (const { place, at, compression } of beginnings(text, isBlob, () => done)) {
    // No escape leaves the signs of a magic as they are.
    if (!isNew(place, place + LONGEST_MAGIC)) continue;
    if (!left.try()) return;
    const found = packing.unpack(text.subarray(at), compression, left.bytes);
    if (found === null) continue;
    left.take(found);
    if (found.decoded.length === 0) continue;
    done = at + found.length;
    const encode = (decoded: Uint8Array) =>
      found.isWhole && compression !== 'raw' ? packing.pack(decoded, compression) : null;
    yield { decoded: found.decoded, start: at, end: done, encode };
  }
}

interface Beginning {
  readonly place: number;
  /** Where what is compressed begins. */
  readonly at: number;
  readonly compression: Compression;
}

/** In order, none in what was undone: however many there are in that, what is behind it is found. */
function* beginnings(text: Buffer, isBlob: boolean, done: () => number): Generator<Beginning> {
  // What the blob is comes before what it holds: that may stand in it as it is.
  if (isBlob && isZlib(text)) yield { place: 0, at: 0, compression: 'zlib' };
  let isAny = false;
  for (const [which, place] of magicsIn(text, done)) {
    const at = which === ENTRY ? entryAt(text, place) : place;
    if (at < 0) continue;
    isAny = true;
    yield { place, at, compression: BY_MAGIC[which] as Compression };
  }
  if (!isAny && isBlob && mayBeBrotli(text)) yield { place: 0, at: 0, compression: 'br' };
}

/** Which it is, and where. */
function* magicsIn(text: Buffer, done: () => number): Generator<readonly [which: number, place: number]> {
  const placeFrom = (magic: Buffer, from: number) => {
    const place = text.indexOf(magic, from);
    return place < 0 ? Number.POSITIVE_INFINITY : place;
  };
  const next = MAGICS.map((magic) => placeFrom(magic, 0));
  for (;;) {
    for (const [i, magic] of MAGICS.entries()) if ((next[i] as number) < done()) next[i] = placeFrom(magic, done());
    const place = leastOf(next);
    if (place === Number.POSITIVE_INFINITY) return;
    const which = next.indexOf(place);
    yield [which, place];
    next[which] = placeFrom(MAGICS[which] as Buffer, place + 1);
  }
}

/** Where the data of an entry begin; -1 where they are not deflated. */
function entryAt(text: Buffer, at: number): number {
  if (at + ZIP_HEAD > text.length || text.readUInt16LE(at + 8) !== DEFLATED) return -1;
  // APPNOTE 4.3.7: the lengths of the name and of what else is said end the head.
  return at + ZIP_HEAD + text.readUInt16LE(at + 26) + text.readUInt16LE(at + 28);
}

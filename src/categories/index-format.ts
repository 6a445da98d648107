/**
 * The binary index: one block of bytes, made once, never changed, shared by every worker.
 *
 *   0   8  magic `LKTNDCAT`
 *   8   4  format version            all integers little-endian
 *   12  4  length of the header JSON
 *   16  4  hash seed
 *   20  4  bits of the bucket number
 *   24  4  offset of the directory   (2^bits + 1) u32: where each bucket's records start
 *   28  4  offset of the records
 *   32  4  bits of the filter block number
 *   36  4  offset of the filter      (2^bits blocks of 64 bytes, see `name-filter.ts`)
 *   40  8  zero
 *   48  …  header JSON (UTF-8), padded to 4
 *   …      directory, filter, records
 *   -32    SHA-256 of all bytes before it
 *
 * A record is `tag u8 · length u8 (255: the length follows as u16) · values · name`, the name coded with the symbol
 * table; a value is `varint(combo << 1 | more) · varint(line)`; a combo is (source, reach, except), a source is
 * (list, category).
 * Names are kept whole, so an answer is exact: a hash only says where to look (docs/categories.md, "Exact answers").
 */

import { z } from 'zod';
import { err, ok, type Result } from '../core/result.ts';
import { type Sha256, sha256Hex } from '../core/sha256.ts';
import { FILTER_BLOCK } from './name-filter.ts';

export const INDEX_VERSION = 1;
export const PREAMBLE = 48;
export const DIGEST_BYTES = 32;
/** In place of a record's length: the length is in the next two bytes. */
export const LONG = 255;
const MAGIC = 'LKTNDCAT';

const listMeta = z.strictObject({
  name: z.string(),
  origin: z.enum(['curated', 'import']),
  file: z.string(),
  format: z.string(),
  source: z.string().nullable(),
  licence: z.string().nullable(),
  version: z.string(),
  date: z.string().nullable(),
  digest: z.string(),
  entries: z.number().int().nonnegative(),
  notCarried: z.number().int().nonnegative(),
});

/** Where entries came from; kept in the index so that an answer can name its source and its age. */
export type ListMeta = Readonly<z.infer<typeof listMeta>>;

const header = z.strictObject({
  lists: z.array(listMeta),
  /** Sorted ids. */
  categories: z.array(z.string()),
  /** [list, category] by position. */
  sources: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()])),
  /** source * 8 + except * 4 + reach. */
  combos: z.array(z.number().int().nonnegative()),
  symbols: z.array(z.string().min(1).max(8)).max(256),
  names: z.number().int().nonnegative(),
  entries: z.number().int().nonnegative(),
  largestBucket: z.number().int().nonnegative(),
});

export type IndexHeader = Readonly<z.infer<typeof header>>;

export interface IndexLayout {
  readonly header: IndexHeader;
  readonly digest: string;
  readonly seed: number;
  readonly bits: number;
  readonly directory: Uint32Array;
  readonly filterBits: number;
  readonly filter: Uint8Array;
  readonly records: Uint8Array;
}

/** The bytes of an index, ready to be written to a file or shared with workers. */
export interface IndexBytes {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly digest: string;
}

export function writeIndex(layout: Omit<IndexLayout, 'digest'>, sha256: Sha256 = sha256Hex): IndexBytes {
  const json = new TextEncoder().encode(JSON.stringify(layout.header));
  const directoryAt = align4(PREAMBLE + json.length);
  const filterAt = directoryAt + layout.directory.byteLength;
  const recordsAt = filterAt + layout.filter.length;
  const bytes = new Uint8Array(new SharedArrayBuffer(recordsAt + layout.records.length + DIGEST_BYTES));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i += 1) bytes[i] = MAGIC.charCodeAt(i);
  const words = [
    INDEX_VERSION,
    json.length,
    layout.seed,
    layout.bits,
    directoryAt,
    recordsAt,
    layout.filterBits,
    filterAt,
  ];
  for (const [i, word] of words.entries()) view.setUint32(8 + i * 4, word, true);
  bytes.set(json, PREAMBLE);
  for (let i = 0; i < layout.directory.length; i += 1) {
    view.setUint32(directoryAt + i * 4, layout.directory[i] as number, true);
  }
  bytes.set(layout.filter, filterAt);
  bytes.set(layout.records, recordsAt);
  const digest = sha256(bytes.subarray(0, bytes.length - DIGEST_BYTES));
  for (let i = 0; i < DIGEST_BYTES; i += 1) {
    bytes[bytes.length - DIGEST_BYTES + i] = Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16);
  }
  return { bytes, digest };
}

export interface ReadOptions {
  /** The platform's SHA-256, where the caller may use it; the own one is several times slower. */
  readonly sha256?: Sha256;
  /** True only for memory that this process group verified already: a worker attaching to the shared index. */
  readonly verified?: boolean;
}

/** Refuses anything but an intact index of this version. */
export function readIndex(bytes: Uint8Array, options: ReadOptions = {}): Result<IndexLayout, string> {
  if (bytes.length < PREAMBLE + DIGEST_BYTES || bytes.byteOffset % 4 !== 0)
    return err('not a category index: too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (magicOf(bytes) !== MAGIC) return err('not a category index: wrong magic; run `category compile`');
  const word = (i: number) => view.getUint32(8 + i * 4, true);
  if (word(0) !== INDEX_VERSION) {
    return err(`category index has format \`${word(0)}\`, this is \`${INDEX_VERSION}\`; run \`category compile\``);
  }
  const digest = storedDigest(bytes);
  if (options.verified !== true) {
    const actual = (options.sha256 ?? sha256Hex)(bytes.subarray(0, bytes.length - DIGEST_BYTES));
    if (actual !== digest) return err('category index is corrupt: its digest does not match; run `category compile`');
  }
  return layoutOf(bytes, digest, word);
}

function layoutOf(bytes: Uint8Array, digest: string, word: (i: number) => number): Result<IndexLayout, string> {
  const [jsonLength, seed, bits, directoryAt, recordsAt] = [word(1), word(2), word(3), word(4), word(5)];
  const [filterBits, filterAt] = [word(6), word(7)];
  const end = bytes.length - DIGEST_BYTES;
  const buckets = 2 ** bits;
  const sane = inRange(bits) && inRange(filterBits) && directoryAt % 4 === 0 && PREAMBLE + jsonLength <= directoryAt;
  const adjoin =
    directoryAt + (buckets + 1) * 4 === filterAt && filterAt + FILTER_BLOCK * 2 ** filterBits === recordsAt;
  if (!sane || !adjoin || recordsAt > end) {
    return err('category index is malformed: offsets; run `category compile`');
  }
  // A copy: text decoding does not take shared memory.
  const json = new TextDecoder().decode(bytes.slice(PREAMBLE, PREAMBLE + jsonLength));
  const parsed = header.safeParse(parseJson(json));
  if (!parsed.success || !littleEndian()) return err('category index is malformed: header; run `category compile`');
  const directory = new Uint32Array(bytes.buffer, bytes.byteOffset + directoryAt, buckets + 1);
  if (!rising(directory, end - recordsAt) || !consistent(parsed.data)) {
    return err('category index is malformed: directory; run `category compile`');
  }
  const filter = bytes.subarray(filterAt, recordsAt);
  const records = bytes.subarray(recordsAt, end);
  return ok({ header: parsed.data, digest, seed, bits, directory, filterBits, filter, records });
}

function inRange(bits: number): boolean {
  return bits >= 1 && bits <= 28;
}

function rising(directory: Uint32Array, end: number): boolean {
  let before = 0;
  for (let i = 0; i < directory.length; i += 1) {
    const here = directory[i] as number;
    if (here < before) return false;
    before = here;
  }
  return before === end;
}

function consistent(of: IndexHeader): boolean {
  const sources = of.sources.every(([list, category]) => list < of.lists.length && category < of.categories.length);
  return sources && of.combos.every((combo) => combo >> 3 < of.sources.length);
}

function storedDigest(bytes: Uint8Array): string {
  let out = '';
  for (let i = bytes.length - DIGEST_BYTES; i < bytes.length; i += 1) {
    out += (bytes[i] as number).toString(16).padStart(2, '0');
  }
  return out;
}

function magicOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.slice(0, MAGIC.length));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The directory is read as native words; every platform that runs this is little-endian, and another is refused. */
function littleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

function align4(n: number): number {
  return (n + 3) & ~3;
}

/**
 * The journal: the write-ahead file that makes entries durable before tiles are written. It is a sequence of frames:
 *
 *   magic "LTJ1" | type u8 | payload length u32 | CRC-32 of type and payload u32 | payload
 *
 * The first frame of a segment is a head: the state of the tree's right edge where the segment starts, so that recovery
 * needs nothing but segments. Every other frame is a batch: first sequence, count, the signed checkpoint after it, and
 * the entries. Batch k+1 is written only after batch k is on disk, so only the last frame can be torn. Zeros behind the last
 * frame are room that was made for more; a write into room costs the file system no journal commit of its own.
 */

import { crc32 } from 'node:zlib';
import { decodeBundle, encodeBundle } from './entry-bundle.ts';
import { HASH_BYTES } from './merkle.ts';

const MAGIC = Buffer.from('LTJ1');
const FRAME_HEAD = 13;
const HEAD = 1;
const BATCH = 2;

/** The right edge of the tree: hashes of the partial tile at each level, and entries of the partial bundle. */
export interface Edge {
  readonly size: number;
  readonly levels: readonly (readonly Buffer[])[];
  readonly entries: readonly Buffer[];
}

export interface Batch {
  /** Sequence of its first entry. */
  readonly first: number;
  readonly entries: readonly Buffer[];
  /** Signed checkpoint of the tree after the last entry. */
  readonly note: string;
}

export type Frame = { readonly kind: 'head'; readonly edge: Edge } | { readonly kind: 'batch'; readonly batch: Batch };

/** `<start>-<generation>.journal`: a failed attempt to start a segment leaves its generation behind. */
export function segmentName(start: number, generation: number): string {
  return `${String(start).padStart(16, '0')}-${String(generation).padStart(6, '0')}.journal`;
}

export function parseSegmentName(name: string): { readonly start: number; readonly generation: number } | null {
  const parts = /^([0-9]{16})-([0-9]{6})\.journal$/.exec(name);
  return parts === null ? null : { start: Number(parts[1]), generation: Number(parts[2]) };
}

export function encodeHead(edge: Edge): Buffer {
  const counts = Buffer.alloc(9 + 2 * edge.levels.length);
  counts.writeBigUInt64BE(BigInt(edge.size), 0);
  counts.writeUInt8(edge.levels.length, 8);
  for (const [level, hashes] of edge.levels.entries()) counts.writeUInt16BE(hashes.length, 9 + 2 * level);
  return frame(HEAD, [counts, ...edge.levels.flat(), encodeBundle(edge.entries)]);
}

export function encodeBatch({ first, entries, note }: Batch): Buffer {
  const signed = Buffer.from(note);
  const counts = Buffer.alloc(14);
  counts.writeBigUInt64BE(BigInt(first), 0);
  counts.writeUInt32BE(entries.length, 8);
  counts.writeUInt16BE(signed.length, 12);
  return frame(BATCH, [counts, signed, encodeBundle(entries)]);
}

export interface FrameAt {
  readonly frame: Frame;
  /** Offset of the byte after it. */
  readonly end: number;
}

/** The frame at `at`, or null when there is none that is whole and unharmed. */
export function decodeFrame(bytes: Buffer, at: number): FrameAt | null {
  if (at + FRAME_HEAD > bytes.length || bytes.compare(MAGIC, 0, 4, at, at + 4) !== 0) return null;
  const end = at + FRAME_HEAD + bytes.readUInt32BE(at + 5);
  if (end > bytes.length) return null;
  const payload = bytes.subarray(at + FRAME_HEAD, end);
  const type = bytes.readUInt8(at + 4);
  if (checksum(type, payload) !== bytes.readUInt32BE(at + 9)) return null;
  const decoded = type === HEAD ? decodeHead(payload) : type === BATCH ? decodeBatch(payload) : null;
  return decoded === null ? null : { frame: decoded, end };
}

/** Is there any whole frame after `at`? Then what stands at `at` was not torn by a crash: somebody damaged it. */
export function hasFrameAfter(bytes: Buffer, at: number): boolean {
  for (let next = bytes.indexOf(MAGIC, at + 1); next >= 0; next = bytes.indexOf(MAGIC, next + 1)) {
    if (decodeFrame(bytes, next) !== null) return true;
  }
  return false;
}

/** Bytes of what a crash tore at `at`: all that is there, but for the room behind it; 0 where there is only room. */
export function tornLength(bytes: Buffer, at: number): number {
  let end = bytes.length;
  while (end > at && bytes[end - 1] === 0) end -= 1;
  return end - at;
}

function frame(type: number, parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = Buffer.allocUnsafe(FRAME_HEAD + length);
  out.set(MAGIC, 0);
  out.writeUInt8(type, 4);
  out.writeUInt32BE(length, 5);
  let at = FRAME_HEAD;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  out.writeUInt32BE(checksum(type, out.subarray(FRAME_HEAD)), 9);
  return out;
}

function checksum(type: number, payload: Uint8Array): number {
  return crc32(payload, crc32(Buffer.from([type])));
}

function decodeHead(payload: Buffer): Frame | null {
  if (payload.length < 9) return null;
  const depth = payload.readUInt8(8);
  let at = 9 + 2 * depth;
  if (payload.length < at) return null;
  const levels: Buffer[][] = [];
  for (let level = 0; level < depth; level += 1) {
    const hashes: Buffer[] = [];
    for (let left = payload.readUInt16BE(9 + 2 * level); left > 0; left -= 1) {
      hashes.push(payload.subarray(at, at + HASH_BYTES));
      at += HASH_BYTES;
    }
    levels.push(hashes);
  }
  const entries = at <= payload.length ? decodeBundle(payload.subarray(at)) : null;
  if (entries === null) return null;
  return { kind: 'head', edge: { size: Number(payload.readBigUInt64BE(0)), levels, entries } };
}

function decodeBatch(payload: Buffer): Frame | null {
  if (payload.length < 14) return null;
  const bundleAt = 14 + payload.readUInt16BE(12);
  const entries = bundleAt <= payload.length ? decodeBundle(payload.subarray(bundleAt)) : null;
  if (entries === null || entries.length !== payload.readUInt32BE(8)) return null;
  const note = payload.toString('utf8', 14, bundleAt);
  return { kind: 'batch', batch: { first: Number(payload.readBigUInt64BE(0)), entries, note } };
}

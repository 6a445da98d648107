/**
 * What is inside zip and tar files, read from memory and bounded: hostile archives claim anything. Zip by its central
 * directory (APPNOTE 4.3.12; stored and deflated members), tar as ustar with pax and GNU long names.
 */

import { gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';

export interface Member {
  readonly name: string;
  readonly bytes: Buffer;
  /** Why it could not be unpacked though others can; it has no bytes then. */
  readonly unread?: string;
}

export interface ArchiveLimits {
  /** Unpacked bytes in all. */
  readonly bytes: number;
  readonly members: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { bytes: 512 * 1024 * 1024, members: 100_000 };

/** It cannot be unpacked, or not within the limits; the message says what to do. */
export class ArchiveUnreadable extends Error {
  readonly code = 'ARCHIVE_UNREADABLE';
}

/** One member of an archive; the others may be read. */
class MemberUnreadable extends ArchiveUnreadable {}

export type ArchiveKind = 'zip' | 'tar' | 'gzip' | 'zstd';

/** By what it begins with, not by its name. */
export function archiveKind(head: Buffer): ArchiveKind | null {
  if (head.length >= 4 && head.readUInt32LE(0) === 0x04034b50) return 'zip';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  return head.subarray(257, 262).toString('latin1') === 'ustar' ? 'tar' : null;
}

const PACKED_OTHERWISE: readonly (readonly [name: string, begin: Buffer])[] = [
  ['bzip2', Buffer.from('BZh', 'latin1')],
  ['xz', Buffer.from('\xfd7zXZ\0', 'latin1')],
  ['7z', Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1')],
  ['rar', Buffer.from('Rar!\x1a\x07', 'latin1')],
  ['lz4', Buffer.from('\x04\x22\x4d\x18', 'latin1')],
  ['lzip', Buffer.from('LZIP', 'latin1')],
  ['compress', Buffer.from('\x1f\x9d', 'latin1')],
];
const BZIP2_BLOCK = Buffer.from('314159265359', 'hex');

/** The form of compression that is not read here, by what it begins with. */
export function packedOtherwise(head: Buffer): string | null {
  const name = PACKED_OTHERWISE.find(([, begin]) => head.subarray(0, begin.length).equals(begin))?.[0] ?? null;
  // Three letters begin a text as well.
  return name === 'bzip2' && !head.subarray(4, 10).equals(BZIP2_BLOCK) ? null : name;
}

/** What may still be unpacked: of one archive, and of all that is in it. */
export interface Left {
  bytes: number;
  members: number;
}

/** Members in the order of the archive; of a single compressed file the one, named as the archive. Takes from `left`. */
export function* membersOf(bytes: Buffer, kind: ArchiveKind, left: Left = { ...ARCHIVE_LIMITS }): Generator<Member> {
  const members =
    kind === 'zip' ? zipMembers(bytes, left) : kind === 'tar' ? tarMembers(bytes) : single(bytes, kind, left);
  for (const member of members) {
    left.members -= 1;
    if (left.members < 0) throw new ArchiveUnreadable('it holds too many files; unpack it first');
    yield member;
  }
}

function* single(bytes: Buffer, kind: 'gzip' | 'zstd', left: Left): Generator<Member> {
  const unpack = kind === 'gzip' ? gunzipSync : zstdDecompressSync;
  yield { name: '', bytes: bounded(() => unpack(bytes, { maxOutputLength: left.bytes }), left) };
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

function* zipMembers(bytes: Buffer, left: Left): Generator<Member> {
  const end = endOfDirectory(bytes);
  let at = bytes.readUInt32LE(end + 16);
  for (let entries = bytes.readUInt16LE(end + 10); entries > 0; entries -= 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) throw broken('zip');
    const [nameLength, extra, comment] = [28, 30, 32].map((o) => bytes.readUInt16LE(at + o)) as [
      number,
      number,
      number,
    ];
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    if (!name.endsWith('/')) yield zipMember(bytes, at, name, left);
    at += 46 + nameLength + extra + comment;
  }
}

function endOfDirectory(bytes: Buffer): number {
  for (let at = bytes.length - 22; at >= 0 && at >= bytes.length - 65_557; at -= 1) {
    if (bytes.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw broken('zip');
}

function zipMember(bytes: Buffer, entry: number, name: string, left: Left): Member {
  try {
    return { name, bytes: zipBytes(bytes, entry, left) };
  } catch (error) {
    if (!(error instanceof MemberUnreadable)) throw error;
    return { name, bytes: Buffer.alloc(0), unread: error.message };
  }
}

function zipBytes(bytes: Buffer, entry: number, left: Left): Buffer {
  if ((bytes.readUInt16LE(entry + 8) & 1) !== 0) throw new MemberUnreadable('it is encrypted; unpack it first');
  const method = bytes.readUInt16LE(entry + 10);
  const packed = bytes.readUInt32LE(entry + 20);
  const local = bytes.readUInt32LE(entry + 42);
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL_HEADER) throw harmed();
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const data = bytes.subarray(start, start + packed);
  if (data.length !== packed) throw harmed();
  if (method === 0) return bounded(() => data, left);
  if (method === 8) return bounded(() => inflateRawSync(data, { maxOutputLength: left.bytes }), left);
  throw new MemberUnreadable(`it is packed by method ${method}; unpack it first`);
}

const BLOCK = 512;

interface TarEntry {
  readonly type: string;
  /** As the header says; a record before it may say another. */
  readonly name: string;
  readonly body: Buffer;
}

function* tarMembers(bytes: Buffer): Generator<Member> {
  let longName: string | null = null;
  for (const { type, name, body } of tarEntries(bytes)) {
    if (type === 'L') longName = text(body);
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)/.exec(body.toString('utf8'))?.[1] ?? longName;
    else {
      if (FILES.has(type)) yield { name: longName ?? name, bytes: body };
      longName = null;
    }
  }
}

const FILES = new Set(['0', '\0', '7']);

function* tarEntries(bytes: Buffer): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK);
    if (head.every((byte) => byte === 0)) return;
    const size = tarSize(head);
    const body = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (body.length !== size) throw broken('tar');
    const prefix = text(head.subarray(345, 500));
    const name = (prefix === '' ? '' : `${prefix}/`) + text(head.subarray(0, 100));
    yield { type: String.fromCharCode(head[156] ?? 0), name, body };
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function tarSize(head: Buffer): number {
  // GNU: a number too large for octal digits stands in binary, its first bit set.
  if (((head[124] ?? 0) & 0x80) !== 0) return Number(head.readBigUInt64BE(128));
  const octal = text(head.subarray(124, 136)).trim();
  if (!/^[0-7]*$/.test(octal)) throw broken('tar');
  return Number.parseInt(octal === '' ? '0' : octal, 8);
}

const text = (bytes: Buffer): string => bytes.toString('utf8').replace(/\0[\s\S]*$/, '');

function bounded(unpack: () => Buffer, left: Left): Buffer {
  try {
    if (left.bytes <= 0) throw tooMuch();
    const out = unpack();
    left.bytes -= out.length;
    if (left.bytes > 0) return out;
  } catch (error) {
    if (error instanceof ArchiveUnreadable) throw error;
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')) {
      throw harmed();
    }
  }
  throw tooMuch();
}

function harmed(): MemberUnreadable {
  return new MemberUnreadable('it does not unpack; it is cut short or harmed');
}

function tooMuch(): ArchiveUnreadable {
  return new ArchiveUnreadable('it unpacks to more than is scanned of one archive; unpack it first');
}

function broken(kind: string): ArchiveUnreadable {
  return new ArchiveUnreadable(`it begins as ${kind} and goes on otherwise; it is cut short or harmed`);
}

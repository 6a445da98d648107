/**
 * Amazon's event stream encoding (`application/vnd.amazon.eventstream`): bytes to messages and back. A message is its length
 * and that of its headers, a checksum of the two, headers, payload, and a checksum of all of it. What a reader could take in
 * two ways is refused, and so is a length before anything is held for it.
 */

import { crc32 } from 'node:zlib';
import { GrowingBytes } from '../../core/growing-bytes.ts';
import { Unreadable } from './framing.ts';

export interface EventMessage {
  /** As it came. */
  readonly raw: Buffer;
  readonly headers: Buffer;
  readonly payload: Buffer;
}

export interface EventHeader {
  readonly name: string;
  readonly type: number;
  /** Of strings and bytes what they hold; of all else, with its fixed size, all there is. */
  readonly value: Buffer;
}

const PRELUDE = 12;
const LEAST = PRELUDE + 4;
/** What Amazon's own readers take. */
const MOST_HEADERS = 128 * 1024;
const MOST_PAYLOAD = 16 * 1024 * 1024;

export class EventStreamReader {
  readonly #most: number;
  readonly #held = new GrowingBytes();
  /** Bytes of the message that is under way; infinite while that is not known. */
  #awaited = Number.POSITIVE_INFINITY;

  /** `most`: bytes of one message. */
  constructor(most: number) {
    this.#most = Math.min(most, LEAST + MOST_HEADERS + MOST_PAYLOAD);
  }

  /** Messages that are whole by now. Throws `Unreadable` when it comes to what is none. */
  *push(chunk: Uint8Array): Generator<EventMessage, void> {
    this.#held.copy(chunk, Math.max(this.#awaited, LEAST));
    for (;;) {
      const held = this.#held.bytes;
      if (held.length < PRELUDE) return;
      this.#awaited = lengthOf(held, this.#most);
      if (held.length < this.#awaited) return;
      const message = messageIn(held.subarray(0, this.#awaited));
      this.#held.drop(this.#awaited);
      this.#awaited = Number.POSITIVE_INFINITY;
      yield message;
    }
  }

  /** Nothing is under way. */
  get isWhole(): boolean {
    return this.#held.length === 0;
  }

  /** What was begun and is not whole, or was not read any more. */
  rest(): Buffer {
    return this.#held.release();
  }
}

/** All of the bytes as one message; null where they are none. */
export function wholeMessage(bytes: Buffer): EventMessage | null {
  if (bytes.length < LEAST || bytes.readUInt32BE(0) !== bytes.length) return null;
  try {
    lengthOf(bytes, bytes.length);
    return messageIn(bytes);
  } catch {
    return null;
  }
}

function lengthOf(held: Buffer, most: number): number {
  const [total, headers] = [held.readUInt32BE(0), held.readUInt32BE(4)];
  if (crc32(held.subarray(0, 8)) !== held.readUInt32BE(8)) throw new Unreadable('the checksum of a prelude is wrong');
  if (total > most) throw new Unreadable(`a message is larger than ${most} bytes`);
  if (headers > MOST_HEADERS) throw new Unreadable(`headers are larger than ${MOST_HEADERS} bytes`);
  if (total < LEAST + headers) throw new Unreadable('a message is shorter than its headers');
  return total;
}

function messageIn(bytes: Buffer): EventMessage {
  const end = bytes.length - 4;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw new Unreadable('a checksum is wrong');
  const from = PRELUDE + bytes.readUInt32BE(4);
  return { raw: bytes, headers: bytes.subarray(PRELUDE, from), payload: bytes.subarray(from, end) };
}

export function encodeMessage(headers: Uint8Array, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(LEAST + headers.length + payload.length);
  out.writeUInt32BE(out.length, 0);
  out.writeUInt32BE(headers.length, 4);
  out.writeUInt32BE(crc32(out.subarray(0, 8)), 8);
  out.set(headers, PRELUDE);
  out.set(payload, PRELUDE + headers.length);
  out.writeUInt32BE(crc32(out.subarray(0, out.length - 4)), out.length - 4);
  return out;
}

export const [BYTES, STRING] = [6, 7];
/** Bytes of a value by its type: true, false, 8, 16, 32 and 64 bits, bytes, string, time, UUID. */
const SIZES = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];

/** Throws `Unreadable`, also where a name comes twice: which one counts is anybody's guess. */
export function readHeaders(block: Buffer): EventHeader[] {
  const out: EventHeader[] = [];
  const names = new Set<string>();
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > block.length) throw new Unreadable('headers end in the middle');
    at += length;
    return block.subarray(at - length, at);
  };
  while (at < block.length) {
    const name = take(take(1).readUInt8()).toString('utf8');
    const type = take(1).readUInt8();
    const size = SIZES[type];
    if (size === undefined) throw new Unreadable('a header is of no known type');
    if (names.has(name)) throw new Unreadable('a header comes twice');
    names.add(name);
    out.push({ name, type, value: take(size < 0 ? take(2).readUInt16BE() : size) });
  }
  return out;
}

/** Null where a name or a value is too long. */
export function encodeHeaders(headers: readonly EventHeader[]): Buffer | null {
  const out: Buffer[] = [];
  for (const { name, type, value } of headers) {
    const bytes = Buffer.from(name, 'utf8');
    const hasLength = (SIZES[type] as number) < 0;
    if (bytes.length > 0xff || value.length > 0xffff) return null;
    const length = hasLength ? Buffer.from([value.length >> 8, value.length & 0xff]) : Buffer.alloc(0);
    out.push(Buffer.from([bytes.length]), bytes, Buffer.from([type]), length, value);
  }
  return Buffer.concat(out);
}

/**
 * Messages of gRPC, gRPC-Web and Connect: a byte of flags, four of length, the message, which most often is protobuf. A message
 * that is compressed is unpacked within bounds and packed again where anything was taken out. Both sides of such a stream wait
 * for each other's messages, so that no whole one may be held for the next.
 */

import { GrowingBytes } from '../../core/growing-bytes.ts';
import { CODINGS, codingBy } from '../codings.ts';
import { tellAs } from './document.ts';
import { type Framing, type FramingOptions, type Told, Unreadable } from './framing.ts';
import { readProtobuf } from './protobuf.ts';
import { told, type Value } from './told.ts';

const HEAD = 5;
const NOTHING = Buffer.alloc(0);
const COMPRESSED = 1;
/** Plain, compressed, the end of a Connect stream, the trailers of gRPC-Web. */
const FLAGS: ReadonlySet<number> = new Set([0, 1, 2, 3, 0x80, 0x81]);
/** What gRPC's own readers take unless they are told otherwise. */
const MOST_UNPACKED = 4 * 1024 * 1024;

export function grpcFraming({ most, isLeaving }: FramingOptions): Framing {
  const held = new GrowingBytes();
  const next = (): Buffer | null => {
    const bytes = held.bytes;
    if (bytes.length < HEAD) return null;
    if (!FLAGS.has(bytes[0] as number)) throw new Unreadable('the flags of a message are not known');
    const end = HEAD + bytes.readUInt32BE(1);
    if (end > most) throw new Unreadable(`a message is larger than ${most} bytes`);
    return bytes.length < end ? null : bytes.subarray(0, end);
  };
  return {
    *push(chunk) {
      held.copy(chunk);
      for (let raw = next(); raw !== null; raw = next()) {
        const part = tellMessage(raw, { most: Math.min(most, MOST_UNPACKED), isLeaving });
        held.drop(raw.length);
        yield part;
      }
    },
    end() {
      if (held.length > 0) throw new Unreadable('the last message is not whole');
      return [];
    },
    rest: () => held.release(),
  };
}

/**
 * The same in base64, as browsers without binary streams have it. A server may pad whenever it has something to send, so groups of
 * four stand for themselves, and each message is written in base64 of its own.
 */
export function grpcWebTextFraming(options: FramingOptions): Framing {
  const inner = grpcFraming(options);
  /** Less than a group, or what is no base64. */
  let left = '';
  const isBase64 = (groups: string): boolean => {
    for (const [run] of groups.matchAll(/[^=]+=*/g))
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(run) || run.length % 4 > 0) return false;
    return !groups.startsWith('=');
  };
  return {
    *push(chunk) {
      left += Buffer.from(chunk).toString('latin1');
      const groups = left.slice(0, left.length - (left.length % 4));
      if (!isBase64(groups)) throw new Unreadable('what should be base64 is none');
      left = left.slice(groups.length);
      const bytes = [...groups.matchAll(/[^=]+=*/g)].map(([run]) => Buffer.from(run, 'base64'));
      for (const part of inner.push(Buffer.concat(bytes))) yield inBase64(part);
    },
    end() {
      if (left !== '') throw new Unreadable('the last group is not whole');
      return inner.end();
    },
    rest: () => Buffer.from(inner.rest().toString('base64') + left, 'latin1'),
  };
}

function inBase64(part: Told): Told {
  const { text, lines } = part;
  return {
    ...{ text, lines },
    written(changed) {
      const now = part.written(changed);
      return now === null ? null : Buffer.from(now.toString('base64'));
    },
  };
}

function tellMessage(raw: Buffer, { most, isLeaving }: FramingOptions): Told {
  // Many of them cost little to send.
  if (raw.length === HEAD) return { text: NOTHING, lines: 0, written: () => raw };
  const { plain, coding } = unpacked(raw.subarray(HEAD), { isPacked: isPacked(raw), most });
  const values: Value[] = [];
  const written = tellAs(readProtobuf, plain, { values, isLeaving });
  return told(values, () => {
    const now = written();
    if (now === plain) return raw;
    const message = coding === null ? now : (CODINGS[coding]?.encode(now) ?? now);
    const head = Buffer.from(raw.subarray(0, HEAD));
    head.writeUInt32BE(message.length, 1);
    return Buffer.concat([head, message]);
  });
}

function isPacked(raw: Buffer): boolean {
  return ((raw[0] as number) & COMPRESSED) !== 0;
}

function unpacked(bytes: Buffer, { isPacked, most }: { readonly isPacked: boolean; readonly most: number }) {
  if (!isPacked) return { plain: bytes, coding: null };
  const coding = codingBy(bytes);
  if (coding === undefined) throw new Unreadable('a message is compressed in an unknown way');
  try {
    return { plain: CODINGS[coding]?.decode(bytes, most) ?? bytes, coding };
  } catch {
    throw new Unreadable('a message cannot be unpacked within bounds');
  }
}

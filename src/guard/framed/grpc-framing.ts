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

import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamReader, encodeHeaders, encodeMessage, readHeaders, wholeMessage } from './event-stream.ts';
import { Unreadable } from './framing.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** Of the format's published test vectors. */
const EMPTY = hex('00000010 00000000 05c248eb 7d98c8ff');
const NO_HEADERS = hex('0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936');
const INTEGER = hex('0000002b 0000000e 348bec7b 08 6576656e742d6964 04 0000a00c 7b27666f6f273a27626172277d d3890285');
const MOST = 1024 * 1024;

const read = (bytes: Uint8Array, most = MOST) => [...new EventStreamReader(most).push(bytes)];
/** A prelude whose checksum is right, whatever it says. */
function prelude(total: number, headers: number): Buffer {
  const out = Buffer.alloc(12);
  out.writeUInt32BE(total, 0);
  out.writeUInt32BE(headers, 4);
  out.writeUInt32BE(crc32(out.subarray(0, 8)), 8);
  return out;
}
const flipped = (bytes: Buffer, at: number) => {
  const out = Buffer.from(bytes);
  out[at] = (out[at] as number) ^ 1;
  return out;
};

describe('a message of an event stream', () => {
  it.each([
    ['empty', EMPTY, [], ''],
    ['without headers', NO_HEADERS, [], "{'foo':'bar'}"],
    ['with a number in its headers', INTEGER, [{ name: 'event-id', type: 4, value: hex('0000a00c') }], "{'foo':'bar'}"],
  ])('is read and written again: %s', (_, bytes, headers, payload) => {
    const [message] = read(bytes);
    expect(message?.payload.toString()).toBe(payload);
    expect(readHeaders(message?.headers as Buffer)).toEqual(headers);
    expect(encodeMessage(message?.headers as Buffer, message?.payload as Buffer)).toEqual(bytes);
    expect(encodeHeaders(headers)).toEqual(message?.headers);
    expect(wholeMessage(bytes)?.raw).toEqual(bytes);
  });

  it.each([
    ['a wrong checksum of its prelude', flipped(INTEGER, 9), 'the checksum of a prelude is wrong'],
    ['another length', flipped(INTEGER, 3), 'the checksum of a prelude is wrong'],
    ['a wrong checksum', flipped(INTEGER, INTEGER.length - 1), 'a checksum is wrong'],
    ['another payload', flipped(INTEGER, INTEGER.length - 6), 'a checksum is wrong'],
    ['more bytes than are held', prelude(MOST + 1, 0), `a message is larger than ${MOST} bytes`],
    ['4 GiB', prelude(0xffffffff, 0), `a message is larger than ${MOST} bytes`],
    ['headers that are too large', prelude(MOST, 131_073), 'headers are larger than 131072 bytes'],
    ['headers beyond its end', prelude(32, 17), 'a message is shorter than its headers'],
    ['fewer bytes than there are always', prelude(15, 0), 'a message is shorter than its headers'],
  ])('is refused with %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(new Unreadable(message));
    expect(wholeMessage(bytes)).toBeNull();
  });

  it.each([
    ['of no known type', hex('01 61 0a'), 'a header is of no known type'],
    ['that end in a name', hex('05 61'), 'headers end in the middle'],
    ['that end in a value', hex('01 61 07 0004 61'), 'headers end in the middle'],
    ['that name one twice', hex('01 61 00 01 61 01'), 'a header comes twice'],
  ])('is refused with headers %s', (_, block, message) => {
    expect(() => readHeaders(block)).toThrow(new Unreadable(message));
  });

  it('has headers of every type, each read and written again', () => {
    const sizes = [0, 0, 1, 2, 4, 8, 3, 5, 8, 16];
    const headers = sizes.map((size, type) => ({ name: `h${type}`, type, value: Buffer.alloc(size, 0x61) }));
    expect(readHeaders(encodeHeaders(headers) as Buffer)).toEqual(headers);
    expect(encodeHeaders([{ name: 'n'.repeat(256), type: 0, value: Buffer.alloc(0) }])).toBeNull();
    expect(encodeHeaders([{ name: 'n', type: 7, value: Buffer.alloc(65_536) }])).toBeNull();
  });

  it('is the same however the stream is cut', () => {
    const parts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 300 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 40 }), (messages, size) => {
        const stream = Buffer.concat(messages.map(([headers, payload]) => encodeMessage(headers, payload)));
        const reader = new EventStreamReader(MOST);
        const out = [];
        for (let at = 0; at < stream.length; at += size) out.push(...reader.push(stream.subarray(at, at + size)));
        expect(out.map(({ headers, payload }) => [[...headers], [...payload]])).toEqual(
          messages.map(([headers, payload]) => [[...headers], [...payload]]),
        );
        expect(reader.isWhole).toBe(true);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedBy, inPieces } from '../../test/counted-copies.ts';
import { closeFrame, encodeFrame, type Message, MessageReader, OPCODES, WebSocketFault } from './websocket.ts';

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

function read(bytes: Buffer, masked: boolean, cuts: readonly number[] = []): Message[] {
  const reader = new MessageReader(masked);
  const out: Message[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    out.push(...reader.push(bytes.subarray(at, Math.max(at, cut))));
    at = Math.max(at, cut);
  }
  return out;
}

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const shown = (messages: readonly Message[]) =>
  messages.map(({ opcode, payload }) => [opcode, payload.toString('latin1')]);

describe('WebSocket frames', () => {
  // RFC 6455 section 5.7.
  it.each([
    ['an unmasked text', '81 05 48 65 6c 6c 6f', false, [[1, 'Hello']]],
    ['a masked text', '81 85 37 fa 21 3d 7f 9f 4d 51 58', true, [[1, 'Hello']]],
    ['a fragmented text', '01 03 48 65 6c 80 02 6c 6f', false, [[1, 'Hello']]],
    ['a ping', '89 05 48 65 6c 6c 6f', false, [[9, 'Hello']]],
    [
      'a ping between fragments',
      '01 01 41 89 00 80 01 42',
      false,
      [
        [9, ''],
        [1, 'AB'],
      ],
    ],
  ])('reads %s of the RFC', (_, hex, masked, expected) => {
    expect(shown(read(bytes(hex), masked))).toEqual(expected);
  });

  it.each([
    ['a reserved bit', 'c1 00', false, 1002],
    ['an unknown opcode', '83 00', false, 1002],
    ['an unmasked frame of a client', '81 00', true, 1002],
    ['a masked frame of a server', '81 80 00 00 00 00', false, 1002],
    ['a fragmented ping', '09 00', false, 1002],
    ['a long ping', '89 7e 00 7e', false, 1002],
    ['a continuation of nothing', '80 00', false, 1002],
    ['a new message inside another', '01 00 01 00', false, 1002],
    ['a length in a longer form', '81 7e 00 05 48 65 6c 6c 6f', false, 1002],
    ['(T-28) a message of a byte over 4 MiB', '82 7f 00 00 00 00 00 40 00 01', false, 1009],
    ['(T-28) fragments of a byte over 4 MiB', '02 01 41 80 7f 00 00 00 00 00 40 00 00', false, 1009],
    ['a huge frame', '82 7f 00 00 00 00 7f ff ff ff', false, 1009],
    ['an impossible frame', '82 7f ff ff ff ff ff ff ff ff', false, 1009],
  ])('refuses %s', (_, hex, masked, code) => {
    expect(() => read(bytes(hex), masked)).toThrow(WebSocketFault);
    try {
      read(bytes(hex), masked);
    } catch (error) {
      expect(error).toMatchObject({ code });
    }
  });

  it('refuses messages that never end, by bytes and by fragments', () => {
    const reader = new MessageReader(false, { bytes: 1000, fragments: 5 });
    const push = (to: MessageReader, hex: string) => [...to.push(bytes(hex))];
    push(reader, '01 01 41');
    for (let i = 0; i < 4; i += 1) push(reader, '00 01 41');
    expect(() => push(reader, '00 01 41')).toThrow(/too many fragments/);
    const large = new MessageReader(false, { bytes: 3, fragments: 5 });
    push(large, '01 02 41 41');
    expect(() => push(large, '00 02 41 41')).toThrow(/larger than 3 bytes/);
  });

  it('reads back what it wrote, however it is cut', () => {
    const message = fc.record({
      opcode: fc.constantFrom(OPCODES.text, OPCODES.binary, OPCODES.ping, OPCODES.close),
      payload: fc.uint8Array({ maxLength: 120 }).map((raw) => Buffer.from(raw)),
    });
    fc.assert(
      fc.property(fc.array(message), fc.boolean(), fc.array(fc.nat(600)), (messages, masked, cuts) => {
        const stream = Buffer.concat(messages.map((one) => encodeFrame(one, masked ? MASK : null)));
        expect(shown(read(stream, masked, cuts))).toEqual(shown(messages));
      }),
    );
    for (const length of [125, 126, 65_535, 65_536, 1024 * 1024]) {
      const payload = Buffer.alloc(length, 'x');
      expect(read(encodeFrame({ opcode: 2, payload }, MASK), true)[0]?.payload.equals(payload)).toBe(true);
    }
    expect(read(closeFrame(1008, 'r'.repeat(500), null), false)[0]?.payload.length).toBe(122);
  });

  it('T-45 moves each byte a few times, however small the pieces of a frame are', () => {
    const payload = Buffer.alloc(256 * 1024, 'x');
    const frame = encodeFrame({ opcode: OPCODES.binary, payload }, MASK);
    for (const size of [16, 256, 65_536]) {
      const reader = new MessageReader(true);
      const got: Message[] = [];
      const copied = copiedBy(() => {
        for (const piece of inPieces(frame, size)) got.push(...reader.push(piece));
      });
      expect(got.map((one) => one.payload.equals(payload))).toEqual([true]);
      expect(copied).toBeLessThan(6 * frame.length);
    }
  });

  it('T-45 reads a message when it is asked for, and leaves none out that nobody asked for', () => {
    const [a, b] = ['A', 'B'].map((text) => encodeFrame({ opcode: OPCODES.text, payload: Buffer.from(text) }, null));
    const reader = new MessageReader(false);
    const [first] = reader.push(Buffer.concat([a as Buffer, b as Buffer]));
    expect(shown([first as Message])).toEqual([[1, 'A']]);
    // Then something that is no frame: behind what came before it.
    const rest: Message[] = [];
    const push = () => {
      for (const one of reader.push(bytes('c1 00'))) rest.push(one);
    };
    expect(push).toThrow(WebSocketFault);
    expect(shown(rest)).toEqual([[1, 'B']]);
  });

  it('throws nothing but its own error, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (raw, masked) => {
        try {
          read(Buffer.from(raw), masked);
        } catch (error) {
          expect(error).toBeInstanceOf(WebSocketFault);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

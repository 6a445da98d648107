import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasMessageFrames, MessageFrames } from './message-frames.ts';

function framed(message: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

it('the end of the last whole message is found, however the stream is cut', () => {
  const message = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), message, fc.array(fc.nat(400)), (whole, last, cuts) => {
      const said = Buffer.concat(whole.map((one) => framed(one)));
      const all = Buffer.concat([said, framed(Buffer.concat([last, Buffer.of(1)])).subarray(0, -1)]);
      const frames = new MessageFrames();
      let at = 0;
      for (const cut of cuts) {
        frames.push(all.subarray(at, at + cut));
        at = Math.min(all.length, at + cut);
      }
      frames.push(all.subarray(at));
      expect(frames.whole).toBe(said.length);
    }),
  );
});

it('what has no such messages has no end of one', () => {
  const frames = new MessageFrames();
  frames.push(Buffer.from('{"a":"b"}'));
  frames.push(framed(Buffer.from('x')));
  expect(frames.whole).toBe(0);
  frames.push(Buffer.alloc(0));
});

it.each([
  ['application/grpc', true],
  ['application/grpc+proto; charset=x', true],
  ['application/grpc-web+proto', true],
  ['application/connect+proto', true],
  ['application/grpcx', false],
  ['application/connect+json', false],
  ['application/grpc-web-text', false],
  ['', false],
])('%s: %s', (type, expected) => {
  expect(hasMessageFrames(type)).toBe(expected);
});

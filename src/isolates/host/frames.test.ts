import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedBy, inPieces } from '../../../test/counted-copies.ts';
import { encodeFrame, FRAME, type Frame, FrameReader, MAX_FRAME } from './frames.ts';

const kinds = fc.constantFrom(...Object.values(FRAME));
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const frame = fc.record({
  kind: kinds,
  slot: u32,
  call: u32,
  json: fc.string({ unit: 'grapheme' }).map((text) => text.toWellFormed()),
  bytes: fc.uint8Array({ maxLength: 200 }),
});

function readAll(wire: Buffer, cuts: readonly number[]): Frame[] {
  const reader = new FrameReader();
  const places = [...new Set([0, ...cuts.map((cut) => cut % (wire.length + 1)), wire.length])].sort((a, b) => a - b);
  return places.slice(1).flatMap((end, i) => reader.push(wire.subarray(places[i], end)));
}

describe('frames', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat()), (frames, cuts) => {
        const got = readAll(Buffer.concat(frames.map((f) => encodeFrame(f))), cuts);
        expect(got.map((f) => ({ ...f, bytes: [...f.bytes] }))).toEqual(
          frames.map((f) => ({ ...f, bytes: [...f.bytes] })),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('T-45 in single bytes cost a few copies of each', () => {
    const wire = encodeFrame({ kind: FRAME.log, slot: 1, bytes: Buffer.alloc(100_000, 7) });
    const reader = new FrameReader();
    let got: Frame[] = [];
    const copied = copiedBy(() => {
      for (const piece of inPieces(wire, 1)) got = reader.push(piece);
    });
    expect(got.map(({ bytes }) => bytes.length)).toEqual([100_000]);
    expect(copied).toBeLessThan(20 * wire.length);
  });

  const header = (length: number, kind: number, jsonLength: number) => {
    const out = Buffer.alloc(17);
    out.writeUInt32BE(length, 0);
    out.writeUInt8(kind, 4);
    out.writeUInt32BE(jsonLength, 13);
    return out;
  };
  it.each([
    ['too short', header(12, FRAME.log, 0)],
    ['longer than the limit', header(MAX_FRAME + 1, FRAME.log, 0)],
    ['of no known kind', header(13, 99, 0)],
    ['with a text longer than itself', header(13, FRAME.log, 1)],
  ])('T-62 a frame %s is refused', (_what, wire) => {
    expect(() => new FrameReader().push(wire)).toThrow(RangeError);
  });

  it('T-62 random bytes never make more than they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          const frames = new FrameReader().push(Buffer.from(bytes));
          expect(frames.length).toBeLessThanOrEqual(bytes.length / 17);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

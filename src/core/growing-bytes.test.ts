import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiedBy, inPieces } from '../../test/counted-copies.ts';
import { GrowingBytes } from './growing-bytes.ts';

describe('bytes that grow', () => {
  it('are those of an ordinary list, whatever is appended, dropped and released', () => {
    const step = fc.oneof(
      fc.record({
        append: fc.uint8Array({ maxLength: 600 }),
        most: fc.option(fc.nat(2000), { nil: undefined }),
        how: fc.constantFrom('append', 'copy'),
      }),
      fc.record({ drop: fc.nat(700) }),
      fc.record({ release: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const held = new GrowingBytes();
        let model: number[] = [];
        const seen: [Buffer, number[]][] = [];
        for (const one of steps) {
          if ('append' in one) {
            held[one.how](one.append, one.most);
            model = [...model, ...one.append];
          } else if ('drop' in one) {
            held.drop(one.drop);
            model = model.slice(one.drop);
          } else {
            seen.push([held.release(), model]);
            model = [];
          }
          expect([...held.bytes]).toEqual(model);
          expect(held.length).toBe(model.length);
          seen.push([held.bytes, model]);
        }
        // What was seen once is not written over by what came later.
        for (const [bytes, then] of seen) expect([...bytes]).toEqual(then);
      }),
    );
  });

  it('are not those of a piece that changes after it was copied', () => {
    const given = Buffer.from('abc');
    const held = new GrowingBytes();
    held.copy(given);
    given.fill('x');
    expect(held.bytes.toString()).toBe('abc');
  });

  it('never write into a piece that was given', () => {
    const given = Buffer.from('abcdef');
    const held = new GrowingBytes();
    held.append(given.subarray(0, 3));
    held.append(Buffer.from('xyz'));
    expect(held.bytes.toString()).toBe('abcxyz');
    expect(given.toString()).toBe('abcdef');
  });

  it('T-45 are moved a few times each, however small the pieces are', () => {
    const whole = Buffer.alloc(64 * 1024, 'x');
    for (const size of [1, 7, 1000]) {
      const held = new GrowingBytes();
      const copied = copiedBy(() => {
        for (const piece of inPieces(whole, size)) held.append(piece);
      });
      expect(held.length).toBe(whole.length);
      expect(copied).toBeLessThan(5 * whole.length);
    }
  });

  it('T-45 take no more room ahead than what will be held', () => {
    const held = new GrowingBytes();
    for (let i = 0; i < 100; i += 1) held.append(Buffer.alloc(1000), 100_000);
    expect(held.bytes.buffer.byteLength).toBe(100_000);
  });
});

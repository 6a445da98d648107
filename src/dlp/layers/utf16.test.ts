import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf16Layers } from './utf16.ts';

const wide = (text: string, order: 'le' | 'be') => {
  const little = Buffer.from(text, 'utf16le');
  return order === 'le' ? little : little.swap16();
};

describe('UTF-16 layers', () => {
  it('are found in either order, at any offset, between any other bytes (T-35)', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '\n', '~'), minLength: 10, maxLength: 40 });
    const other = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xfe, 0xff, 0xe9]),
      Buffer.from([1, 2, 3]),
    );
    fc.assert(
      fc.property(
        letters,
        fc.constantFrom('le' as const, 'be' as const),
        other,
        other,
        (text, order, before, after) => {
          const body = Buffer.concat([before, wide(text, order), after]);
          const [found] = [...utf16Layers(body, () => true)];
          expect(found?.decoded.toString()).toContain(text.slice(1, -1));
          const at = found?.decoded.indexOf(text.slice(1, -1)) ?? -1;
          const [start, end] = found?.outer(at, at + text.length - 2) ?? [0, 0];
          const mended = Buffer.concat([
            body.subarray(0, start),
            found?.encode(0, 0, Buffer.from('[X]')) ?? body,
            body.subarray(end),
          ]);
          const expected = Buffer.concat([before, wide(`${text[0]}[X]${text.at(-1)}`, order), after]);
          expect(mended.equals(expected)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are not seen in text, in zeroes, or in numbers', () => {
    const numbers = Buffer.alloc(400);
    for (let i = 0; i < 100; i += 1) numbers.writeUInt32LE(i * 7, i * 4);
    for (const bytes of [Buffer.from('plain text, nothing else'), Buffer.alloc(1000), numbers]) {
      expect([...utf16Layers(bytes, () => true)]).toEqual([]);
    }
  });

  it('cost no more than the length of hostile bytes', () => {
    const pattern = Buffer.from('a\0\0b\0\0');
    const hostile = Buffer.alloc(2_000_000, pattern);
    expect([...utf16Layers(hostile, () => true)].length).toBe(0);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alphabet } from '../alphabet.ts';
import { longRuns } from '../ranges.ts';
import { encodedRuns } from './base64.ts';
import { hexLayers } from './hex.ts';

describe('long runs', () => {
  it('are those that a regular expression finds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'ab', 'aaaa', '\n'), maxLength: 120 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (of, shortest) => {
        const found = [...of.matchAll(new RegExp(`[ab]{${shortest},}`, 'g'))].map((m) => [
          m.index,
          m.index + m[0].length,
        ]);
        expect(longRuns(alphabet('ab'), Buffer.from(of), shortest)).toEqual(found.flat());
      }),
      { numRuns: 500 },
    );
  });
});

describe('hexadecimal layers', () => {
  it('are decoded where they stand, also with a digit too many on either side', () => {
    const hex = Buffer.from('a secret text in hex').toString('hex');
    for (const around of [
      ['', ''],
      ['x', 'y'],
      ['a', ''],
      ['', 'a'],
    ]) {
      const text = `${around[0]}${hex}${around[1]}`;
      const bytes = Buffer.from(text);
      const layers = [...hexLayers(bytes, encodedRuns(bytes), () => true)];
      const found = layers.map(({ decoded, outer }) => [decoded.toString(), outer(2, 8)]);
      const at = around[0]?.length ?? 0;
      expect(found).toContainEqual(['a secret text in hex', [at + 4, at + 16]]);
    }
  });
});

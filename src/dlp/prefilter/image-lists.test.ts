import fc from 'fast-check';
import { expect, it } from 'vitest';
import { twoOf } from './image-lists.ts';
import { AROUND } from './layout.ts';

const vector = fc.uint8Array({ minLength: AROUND, maxLength: AROUND });

it('makes of any vectors two at most, and what one of them lets through, one of the two does', () => {
  fc.assert(
    fc.property(fc.array(vector, { maxLength: 30 }), (vectors) => {
      const two = twoOf(vectors);
      expect(two.length).toBeLessThanOrEqual(2);
      for (const one of vectors)
        expect(two.some((both) => one.every((classes, i) => (classes & ~(both[i] as number)) === 0))).toBe(true);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LongRuns } from './long-runs.ts';
import { LONG_RUN } from './prefilter/syntax.ts';

const BLANKS = Uint8Array.from({ length: 256 }, (_, byte) => (byte === 32 ? 1 : 0));

it('a window grows by the long runs that share a byte with it, and by those that it reaches then', () => {
  const part = fc.oneof(
    fc.integer({ min: 1, max: 200 }).map((n) => ' '.repeat(n)),
    fc.integer({ min: 1, max: 300 }).map((n) => 'x'.repeat(n)),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.nat(), fc.nat(), (parts, a, b) => {
      const text = parts.join('');
      const [from = 0, to = 0] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y);
      const runs = [...text.matchAll(new RegExp(` {${LONG_RUN},}`, 'g'))].map((m) => [m.index, m.index + m[0].length]);
      let more = 0;
      for (;;) {
        const near = runs.filter(([start = 0, end = 0]) => end > from - more && start < to + more);
        const sum = near.reduce((all, [start = 0, end = 0]) => all + end - start, 0);
        if (sum <= more) break;
        more = sum;
      }
      expect(new LongRuns(Buffer.from(text)).widening(from, to, [BLANKS])).toBe(more);
    }),
  );
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LongRuns, MOST_IN_RUNS } from './long-runs.ts';
import { LONG_RUN } from './prefilter/syntax.ts';

const BLANKS = Uint8Array.from({ length: 256 }, (_, byte) => (byte === 32 ? 1 : 0));

it('a window grows by the long runs that share a byte with it, and by those that it reaches then', () => {
  const part = fc.oneof(
    fc.integer({ min: 1, max: 200 }).map((n) => ' '.repeat(n)),
    fc.integer({ min: 900, max: 5000 }).map((n) => ' '.repeat(n)),
    fc.integer({ min: 1, max: 300 }).map((n) => 'x'.repeat(n)),
    fc.integer({ min: 900, max: 3000 }).map((n) => 'x'.repeat(n)),
  );
  const places = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), places, (parts, pairs) => {
      const text = parts.join('');
      const known = new LongRuns(Buffer.from(text));
      for (const pair of pairs) {
        const [from = 0, to = 0] = pair.map((n) => n % (text.length + 1)).sort((x, y) => x - y);
        expect(known.widening(from, to, [BLANKS])).toBe(wideningOf(text, from, to));
      }
    }),
  );
});

/** By an expression over all of the text. */
function wideningOf(text: string, from: number, to: number): number {
  const runs = [...text.matchAll(new RegExp(` {${LONG_RUN},}`, 'g'))].map((m) => [m.index, m.index + m[0].length]);
  for (let more = 0; ; ) {
    const near = runs.filter(([start = 0, end = 0]) => end > from - more && start < to + more);
    const sum = near.reduce((all, [start = 0, end = 0]) => all + end - start, 0);
    if (sum <= more) return more;
    if (sum > MOST_IN_RUNS) return Number.POSITIVE_INFINITY;
    more = sum;
  }
}

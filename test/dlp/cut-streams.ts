/** Streams that are cut anywhere, and secrets that lie in several pieces of them. */

import fc from 'fast-check';
import type { BodyFilter } from '../../src/guard/body-filter.ts';

/** What a filter makes of a body in pieces that end at these places, taken modulo its length; the stream may be quiet at each. */
export function inPieces(filter: BodyFilter, body: Uint8Array, cuts: readonly number[], { isPaused = false } = {}) {
  const out: Uint8Array[] = [];
  let at = 0;
  for (const cut of cuts.map((n) => n % Math.max(1, body.length)).sort((a, b) => a - b)) {
    out.push(...filter.push(body.subarray(at, cut)));
    if (isPaused) out.push(...filter.idle());
    at = cut;
  }
  out.push(...filter.push(body.subarray(at)), ...filter.end());
  const verdict = filter.verdict();
  return { body: Buffer.concat(out), blocked: filter.blocked, verdict, findings: verdict.findings.length };
}

/** The secret cut anywhere, into as many pieces as one may lie in, between some of these words. */
export function secretInPieces(secret: string, words: readonly string[]): fc.Arbitrary<string[]> {
  return fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: secret.length - 1 }), { minLength: 1, maxLength: 10 }),
      fc.nat(words.length),
    )
    .map(([cuts, count]) => {
      const at = [0, ...cuts.sort((a, b) => a - b), secret.length];
      const parts = at.slice(1).map((end, i) => secret.slice(at[i], end));
      const around = words.slice(0, count);
      return [...around, ...parts, ...around.map((word) => ` ${word}`)];
    });
}

/** Parts that hold no anchor need not be searched: that there is none must not depend on what stands before a part. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { isStrong } from './joined.ts';
import { anchorsAnywhere } from './prefilter/plan.ts';
import { NOWHERE, scanRule } from './scan.ts';

const rules = shippedRules().plan.rules.filter(({ rule, by }) => by === 'literal' && isStrong(rule));

/** Samples of each rule, from where its match begins, while they match without what went before. */
const samples = rules.flatMap(({ rule }) =>
  rule.spec.tests.match.flatMap((text) => {
    const bytes = Buffer.from(text);
    const [found] = scanRule(rule, bytes, NOWHERE);
    const rest = bytes.subarray(found?.start ?? 0);
    return found !== undefined && scanRule(rule, rest, NOWHERE).some(({ start }) => start === 0)
      ? [{ rule, rest }]
      : [];
  }),
);

describe('what a match in several parts holds', () => {
  it('is found whatever stands before it, with the engine and without', () => {
    expect(samples.length).toBeGreaterThan(rules.length / 2);
    const before = fc.stringMatching(/^[A-Za-z0-9_+/=.~:@!$-]{0,20}$/);
    for (const engine of ['webassembly', 'typescript'] as const) {
      const finders = new Map(rules.map(({ rule }) => [rule, anchorsAnywhere([rule], engine)]));
      const missed = samples.filter(
        ({ rule, rest }) =>
          !fc
            .sample(before, { numRuns: 4, seed: rest.length })
            .every((text) => (finders.get(rule)?.scan(Buffer.concat([Buffer.from(text), rest])).count ?? 0) > 0),
      );
      expect(missed.map(({ rule }) => rule.spec.id)).toEqual([]);
    }
  });
});

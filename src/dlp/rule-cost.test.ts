import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CompiledRule } from './compiled-rule.ts';
import { ruleCost, worstCases } from './rule-cost.ts';
import { compileRules } from './rule-set.ts';

function ruleOf(regex: string, match: string, keywords: readonly string[] = []): CompiledRule {
  const text = `
version: 1
rules:
  - id: sample
    description: A sample.
    info_type: SAMPLE
    kind: secret
    keywords: ${JSON.stringify(keywords)}
    regex: '${regex}'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['${match}'], no_match: ['7 - 7'] }
`;
  const set = compileRules([{ path: 'r.yaml', text }], (of) => createHash('sha256').update(of).digest('hex'));
  if (!set.ok) throw new Error(set.error[0]?.message);
  return set.value.rules[0] as CompiledRule;
}

describe('the cost of a rule', () => {
  it.each<[string, string, string, Parameters<typeof ruleOf>[2], object]>([
    ['a text', 'zq_[0-9a-f]{8}', 'zq_0123abcd', [], { by: 'texts', longest: 11, keywords: false }],
    ['a place', '\\b[A-Z]{2}[0-9]{7}\\b', 'AB1234567', [], { by: 'places', anchors: [], keywords: false }],
    ['nothing', '[a-z]+', 'abc', [], { by: 'everything', anchors: [], asked_per_mb: 1024 * 1024, longest: null }],
    ['a keyword', '[a-z]+', 'abc', ['secret'], { by: 'everything', keywords: true }],
  ])('says that it is known by %s', (...[, regex, match, keywords, expected]) => {
    expect(ruleCost(ruleOf(regex, match, keywords))).toMatchObject(expected);
  });

  it('is higher the more often ordinary text holds what every match holds', () => {
    const rare = ruleCost(ruleOf('zq_x[0-9a-f]{8}', 'zq_x0123abcd'));
    const usual = ruleCost(ruleOf('the [a-z]{2}', 'the ab'));
    expect(rare.asked_per_mb).toBeLessThan(usual.asked_per_mb / 1000);
  });

  it('tries matches, matches without their end, and what it is known by, with a keyword in each', () => {
    const cases = worstCases(ruleOf('zq_[0-9a-f]{8}', 'zq_0123abcd', ['token']));
    expect(cases.map(({ what }) => what)).toEqual([
      ...['matches', 'near misses', 'anchors alone', 'anchors before long runs'],
    ]);
    expect(cases[1]?.unit).toBe('token zq_0123abc ');
    expect(cases[3]?.unit).toMatch(/^token zq_\S*d{512}$/);
  });
});

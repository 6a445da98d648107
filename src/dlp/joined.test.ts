/** Parts that hold no anchor need not be searched: that there is none must not depend on what stands before a part. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { type Effort, isStrong, joinedMatches } from './joined.ts';
import { anchorsAnywhere } from './prefilter/plan.ts';
import { NOWHERE, scanRule } from './scan.ts';

const set = shippedRules();
const rules = set.plan.rules.filter(({ rule, by }) => by === 'literal' && isStrong(rule));

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

describe('T-36 a secret in two values', () => {
  const partsOf = (values: readonly Buffer[]) => ({
    joined: Buffer.concat(values),
    begins: values.map((_, i) => Buffer.concat(values.slice(0, i)).length),
  });
  /** The halves of what the rule matches, where it is found in them at the end of a chain. */
  const halves = samples.flatMap(({ rule, rest }) => {
    const secret = rest.subarray(0, scanRule(rule, rest, NOWHERE)[0]?.end);
    const cut = secret.length >> 1;
    const values = [secret.subarray(0, cut), secret.subarray(cut)];
    return isFound(values, secret.length) ? [{ id: rule.spec.id, values, length: secret.length }] : [];
  });

  /** By whichever rule; what fills up base64 may be left. */
  function isFound(values: readonly Buffer[], length: number, before = 0): boolean {
    return joinedMatches(partsOf(values), set).some(({ start, end }) => start <= before && end >= before + length - 2);
  }

  it.each([
    // Of two lengths each: what comes next may be the rest of the longer one. Most of the URL is found.
    ['a word', ['other9'], ['sanity-token']],
    ['a sign', ['-x'], ['slack-workflow-url']],
    ['a digit', ['7'], ['sanity-token']],
    ['two values', ['word', 'and more'], []],
    ['nothing', [], []],
  ])('is found with %s behind it, and a value before it or none', (_, behind, butFor) => {
    expect(halves.length).toBeGreaterThan(rules.length / 2);
    const after = behind.map((text) => Buffer.from(text));
    const missed = halves.filter(
      ({ values, length }) =>
        !isFound([...values, ...after], length) || !isFound([Buffer.from('lead'), ...values, ...after], length, 4),
    );
    expect([...new Set(missed.map(({ id }) => id))]).toEqual(butFor);
  });

  it('is found beside what was found as ever, which is found as well when nothing more can be tried', () => {
    const key = ['AKIAIOSF', 'ODNN7EXAMPLA', ' '].map((text) => Buffer.from(text));
    const none = () => ({ strict: { tries: 96 }, open: { tries: 0, looks: 0 }, isCut: false });
    const told = (values: readonly Buffer[], left?: Effort) =>
      joinedMatches(partsOf([...key, ...values, Buffer.from('other9')]), set, NOWHERE, left).length;
    const cut = halves.filter(({ values }) => told(values, none()) === 1);
    expect(cut.length).toBeGreaterThan(50);
    expect(cut.filter(({ id, values }) => id !== 'sanity-token' && told(values) < 2).map(({ id }) => id)).toEqual([]);
    const left = none();
    told(cut[0]?.values ?? [], left);
    expect(left.isCut).toBe(true);
  });
});

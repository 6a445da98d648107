/** The prefilter finds what RE2 finds over the whole text: on shipped rules' own samples, on noise, and on hostile text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../../test/dlp/shipped-rules.ts';
import { candidatesOf, scanRule } from '../scan.ts';
import { foldedBytes } from './coded-text.ts';
import { entriesOf } from './entries.ts';
import { SHORTEST_KEYWORD } from './keywords.ts';
import { foldsBeyondAscii, parseRegex } from './parse-regex.ts';
import { longest } from './syntax.ts';

const NOWHERE = { host: '', tool: '' };

const set = shippedRules();
const samples = set.rules.flatMap(({ spec }) => [...spec.tests.match, ...spec.tests.no_match]);

const shown = (found: readonly { rule: { spec: { id: string } }; start: number; end: number }[]) =>
  found.map(({ rule, start, end }) => `${rule.spec.id} ${start}-${end}`);

/** RE2 over the whole text, for every rule whose keywords, where it has any worth looking for, are there. */
function reference(text: Buffer): string[] {
  const folded = text.toString('latin1').replace(/[A-Z]/g, (c) => c.toLowerCase());
  return set.rules.flatMap((rule) => {
    const words = rule.keywords.map((word) => word.toString('latin1'));
    const gate = words.length > 0 && words.every((word) => word.length >= SHORTEST_KEYWORD);
    const plan = set.plan.rules.find((one) => one.rule === rule);
    if (plan?.gated && gate && !words.some((word) => folded.includes(word))) return [];
    return shown(scanRule(rule, text, NOWHERE));
  });
}

const agree = (text: Buffer) => expect(shown(candidatesOf(text, set))).toEqual(reference(text));

describe('the prefilter and RE2 over the whole text', () => {
  // RE2 takes seconds to read each of these for every rule: the forms share the samples.
  it.each([
    ['each on a line', samples, '\n'],
    ['without anything between', samples.filter((_, i) => i % 2 === 0), ''],
    ['in capitals', samples.filter((_, i) => i % 2 === 1).map((text) => text.toUpperCase()), ' '],
  ])('agree on the samples of all rules together: %s', { timeout: 120_000 }, (_form, texts, between) => {
    agree(Buffer.from(texts.join(between), 'utf8'));
  });

  it('agree on samples cut, joined and changed at random', () => {
    const piece = fc
      .tuple(fc.constantFrom(...samples), fc.nat(200), fc.nat(200))
      .map(([text, from, length]) => text.slice(from % (text.length + 1), (from % (text.length + 1)) + length));
    const filler = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 10 }),
      fc.constantFrom(' ', '\n', '"', '=', ': ', ',', '-', '_', '\u212a', '\u017f', 'é', '日本', '0', '4111', 'key='),
    );
    const text = fc.array(fc.oneof(fc.constantFrom(...samples), piece, filler), { maxLength: 30 });
    fc.assert(
      fc.property(text, (parts) => {
        agree(Buffer.from(parts.join(''), 'utf8'));
      }),
      { numRuns: 120 },
    );
  });

  it('agree on hostile text: names of secrets and beginnings of values, as close to each other as they go', () => {
    const name = fc.constantFrom(
      'ghp_',
      'api_key = ',
      'password: ',
      'AKIA',
      '4111 1111 ',
      'sk_live_',
      'secret token key ',
      'pwd=',
    );
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789abcdefKx-'), maxLength: 24 });
    const between = fc.constantFrom('\n', ' ', '', '"', ' '.repeat(100), '-'.repeat(200), 'w '.repeat(300));
    const line = fc.tuple(name, digits, between).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 10, maxLength: 120 }), (lines) => {
        agree(Buffer.from(lines.join(''), 'utf8'));
      }),
      { numRuns: 30 },
    );
  });

  it('agree on bytes that are no text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...samples), (bytes, sample) => {
        agree(Buffer.concat([bytes, Buffer.from(sample), bytes]));
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is read from a regular expression', () => {
  it.each([
    ['ghp_[0-9A-Za-z]{36}', 40, ['ghp_']],
    ['(?i)foo|Bar', 3, ['foo', 'bar']],
    ['\\b(?:sk|rk)_(?:live|test)_[0-9]{2,4}\\b', 12, ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_']],
    ['x(?:abc)?yz', 6, ['xyz', 'xabcyz']],
    ['[0-9]{3}', 3, null],
    ['é{2}', 4, ['\xc3\xa9\xc3\xa9']],
  ])('%s', (text, length, literals) => {
    const tree = parseRegex(text);
    if (tree === null) throw new Error('not read');
    expect(longest(tree)).toBe(length);
    const { texts } = entriesOf(text, false);
    const found = texts.map((entry) => String.fromCharCode(...foldedBytes(entry.text)));
    expect(found.sort()).toEqual([...(literals ?? [])].sort());
  });

  it('says of every way to ignore case that letters beyond ASCII may fold', () => {
    for (const text of ['(?i)a', '(?si:a)', '(?Ui)a']) expect(foldsBeyondAscii(text)).toBe(true);
  });

  it('refuses what it does not know, so that the rule runs without it', () => {
    for (const text of ['\\pL', '[[:alpha:]]', '\\Qa.b\\E', '(?z)a']) expect(parseRegex(text)).toBeNull();
  });

  it('reads every shipped rule', () => {
    expect(set.rules.filter(({ spec }) => parseRegex(spec.regex) === null).map(({ spec }) => spec.id)).toEqual([]);
    expect(set.plan.rules.filter(({ by }) => by === 'everything').map(({ rule }) => rule.spec.id)).toEqual([]);
  });
});

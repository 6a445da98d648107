/** The two forms of the inner loop find the same, and what both let through is enough for any expression. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import RE2 from 're2';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../../test/dlp/shipped-rules.ts';
import type { CompiledRule } from '../compiled-rule.ts';
import type { RuleSet } from '../compiled-rules.ts';
import { candidatesOf, NOWHERE, scanRule } from '../scan.ts';
import { CHUNK, HEADER } from './layout.ts';
import { makePlan } from './plan.ts';

const { rules } = shippedRules();
const samples = rules.flatMap(({ spec }) => spec.tests.match);
const fast = makePlan(rules, 'webassembly');
const plain = makePlan(rules, 'typescript');

function hitsOf(text: Buffer, { prefilter }: typeof fast, bare = false): number[] {
  const { numbers, count } = prefilter.scan(text, bare);
  return [...numbers.subarray(0, 2 * count)];
}

const same = (text: Buffer) => {
  expect(hitsOf(text, fast)).toEqual(hitsOf(text, plain));
  expect(hitsOf(text, fast, true)).toEqual(hitsOf(text, plain, true));
};

const LOCK = readFileSync(new URL('../../../package-lock.json', import.meta.url));

describe('WebAssembly and TypeScript', () => {
  it('find the same, hit for hit, in samples, sources and noise', () => {
    same(Buffer.from(samples.join('\n')));
    same(LOCK);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...samples), (bytes, sample) => {
        same(Buffer.concat([Buffer.from(sample), bytes]));
        same(bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('find the same however many buckets of places a set of rules has', () => {
    const withPlaces = rules.filter((_, i) => fast.rules[i]?.by === 'prefix');
    const counts = [1, ...Array.from({ length: 18 }, (_, i) => 6 * (i + 1)), withPlaces.length];
    const eights = counts.map((count) => {
      const some = withPlaces.slice(0, count);
      const own = makePlan(some, 'webassembly');
      const other = makePlan(some, 'typescript');
      const text = Buffer.from(some.flatMap(({ spec }) => spec.tests.match).join(' '));
      expect(hitsOf(text, own)).toEqual(hitsOf(text, other));
      expect(hitsOf(text, own).length).toBeGreaterThan(0);
      return new Uint32Array(own.prefilter.image.tables.buffer, 0, 16)[HEADER.eights];
    });
    expect(new Set(eights)).toEqual(new Set([1, 2, 3]));
  });

  it('find the same where more is found than there is room for at once', () => {
    same(Buffer.from('4111 1111 1111 1111, 192-33-1234 key: ghp_'.repeat(8000)));
  });

  it('find what lies over the edge of a chunk, at every offset', () => {
    const sample = Buffer.from(' ghp_abcdefghijklmnopqrstuvwxyz0123456789 4111 1111 1111 1111 ');
    const text = Buffer.alloc(CHUNK + 200, 0x20);
    const whole = hitsOf(Buffer.concat([Buffer.alloc(200, 0x20), sample, Buffer.alloc(200, 0x20)]), fast).length;
    expect(whole).toBeGreaterThan(1);
    for (let at = CHUNK - sample.length - 2; at <= CHUNK + 2; at += 1) {
      text.fill(0x20);
      sample.copy(text, at);
      expect(hitsOf(text, fast).length).toBe(whole);
    }
  });
});

/** A rule that was never in a file: only its expression counts. */
function ruleOf(regex: string): CompiledRule {
  const allow = { regexes: [], before: [], stopwords: [], json_paths: [], hosts: [], tools: [] };
  const spec = { id: regex, regex, secret_group: 0, allow, likelihood: 'LIKELY' } as unknown as CompiledRule['spec'];
  const none = { keywords: [], validators: [], confirm: [], allowRegexes: [], allowBefore: [], allowPaths: [] };
  return { spec, regex: new RE2(regex, 'gd'), ...none, file: '', line: 1 };
}

/** As the rules say it over the whole text. */
function agree(rules: readonly CompiledRule[], texts: readonly Buffer[], plan = makePlan(rules)): void {
  const set = { rules, plan } as unknown as RuleSet;
  const shown = (found: ReturnType<typeof candidatesOf>) => found.map((c) => `${c.rule.spec.id} ${c.start}-${c.end}`);
  for (const one of texts)
    expect(shown(candidatesOf(one, set))).toEqual(rules.flatMap((rule) => shown(scanRule(rule, one, NOWHERE))));
}

const { expression } = fc.letrec<{ expression: string; piece: string }>((tie) => ({
  expression: fc.array(tie('piece'), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      'key',
      'ab',
      'k',
      's',
      'AKIA',
      '_',
      '-',
      'é',
      '@',
      '[a-c]',
      '[^a]',
      '[0-9]',
      '[A-Z]',
      '\\s',
      '.',
      '[ks1]',
    ),
    fc.constantFrom('\\b', '^', '$', '(?:^|[^0-9])', '(?:[^a-z]|$)', '\\B', '(?m:^)', '[\\x{200B}-\\x{200D}]'),
    fc
      .tuple(tie('piece'), fc.constantFrom('?', '*', '+', '{2}', '{1,3}', '{0,2}', '{7}', '{3,}'))
      .map(([a, b]) => `(?:${a})${b}`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(?:${a}|${b})`),
    tie('expression').map((a) => `(?i:${a})`),
  ),
}));
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('key', 'KEY', 'ab', 'AKIA', 'akia', '_', '-', '@', ' ', '\n', '0', '12', 'a', 'b', 'ccc', 'S'),
      fc.constantFrom(
        '\u212a',
        '\u017f',
        'é',
        'É',
        '\u200b',
        '\u{1f600}',
        'k',
        's',
        '1111111',
        ' '.repeat(70),
        'a'.repeat(64),
        '\u212a'.repeat(30),
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join('')));

/** RE2 takes no more than a thousand copies of a part, however they are nested. */
function isOne(regex: string): boolean {
  try {
    return new RE2(regex) !== null;
  } catch {
    return false;
  }
}

describe('any expression', () => {
  it('finds through the prefilter what it finds over the whole text', () => {
    fc.assert(
      fc.property(
        fc.array(expression.filter(isOne), { minLength: 1, maxLength: 4 }),
        fc.array(text, { maxLength: 6 }),
        (all, texts) => agree(all.map(ruleOf), texts),
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 400) },
    );
  });

  it('finds all of many rules that share a text, by what they ask for around it', () => {
    const before = ['', '\\b', '[a-f]', '(?:^|[^a-z])', '-'];
    const after = ['', '\\b', '[0-9]{3}', '[a-z]', ' = [a-c0-9]+', '$', '["\']', '[^k]', '-[A-Z]'];
    const rules = before.flatMap((left) => after.map((right) => ruleOf(`${left}token${right}`)));
    const [inWasm, inTypeScript] = [makePlan(rules), makePlan(rules, 'typescript')];
    expect(rules.length).toBeGreaterThan(32);
    const beside = fc.constantFrom('', 'a', 'z', '-', ' ', '\n', '1', '"', 'K', 'é', ' = c9', '123', '-A', '\u212a');
    const some = fc
      .array(fc.tuple(beside, fc.constantFrom('token', 'Token', 'toke', 'tokentoken'), beside), { maxLength: 8 })
      .map((parts) => Buffer.from(parts.flat().join('')));
    fc.assert(
      fc.property(some, (text) => {
        agree(rules, [text], inWasm);
        expect(hitsOf(text, inWasm)).toEqual(hitsOf(text, inTypeScript));
      }),
      { numRuns: 150 },
    );
  });
});

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RuleFile } from './compiled-rules.ts';
import { compileRules } from './rule-set.ts';
import { scan } from './scan.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const DIR = new URL('../../rules/dlp/', import.meta.url);
const shipped: RuleFile[] = readdirSync(DIR).map((name) => ({
  path: `rules/dlp/${name}`,
  text: readFileSync(new URL(name, DIR), 'utf8'),
}));

const good = `version: 1
rules:
  - id: sample
    description: A sample
    info_type: SAMPLE
    kind: secret
    regex: 'key=([a-z]{8})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['key=abcdefgh'], no_match: ['key=short'] }
`;
const compile = (text: string) => compileRules([{ path: 'r.yaml', text }], sha256);
const problemsOf = (text: string) => {
  const result = compile(text);
  return result.ok ? [] : result.error.map((p) => `${p.file}:${p.line}: ${p.message}`);
};

describe('rule sets', () => {
  it('takes every shipped rule with its own tests', () => {
    const set = compileRules(shipped, sha256);
    expect(set.ok ? [] : set.error).toEqual([]);
  }, 120_000);

  it.each([
    ['an unknown key', good.replace('kind:', 'kindd:'), /r\.yaml:6: unknown key `kindd`; did you mean `kind`\?/],
    ['a regex that RE2 cannot run', good.replace('key=(', '(?=key)('), /r\.yaml:7: rule `sample`.*RE2 syntax/],
    ['a group that is not there', good.replace('secret_group: 1', 'secret_group: 2'), /r\.yaml:8: .*1 groups/],
    [
      'a match test that fails',
      good.replace("match: ['key=abcdefgh']", "match: ['nothing']"),
      /r\.yaml:12: rule `sample`.*must match/,
    ],
    ['a no_match test that fails', good.replace("['key=short']", "['key=abcdefgh']"), /r\.yaml:12: .*must not match/],
    ['a second document', `${good}---\n${good}`, /r\.yaml:13: a second document begins here; write one/],
    ['missing tests', good.replace(/ {4}tests:.*\n/, ''), /r\.yaml:3: .*tests/],
  ])('refuses %s with file and line', (_what, text, expected) => {
    expect(problemsOf(text).join('\n')).toMatch(expected);
  });

  it('gives byte offsets of the secret itself behind text that is not ASCII', () => {
    const set = compile(good);
    if (!set.ok) throw new Error('must compile');
    expect(scan(Buffer.from('é€ key=abcdefgh.'), set.value).map((c) => [c.start, c.end])).toEqual([[10, 18]]);
  });

  it('keeps one finding where rules overlap: the likelier', () => {
    const second = good
      .replace('version: 1\nrules:\n', '')
      .replaceAll('sample', 'other')
      .replace('LIKELY', 'VERY_LIKELY');
    const set = compile(good + second);
    if (!set.ok) throw new Error('must compile');
    expect(scan(Buffer.from('key=abcdefgh'), set.value).map((c) => c.rule.spec.id)).toEqual(['other']);
  });

  it('takes what did not change from the set before, and only that', () => {
    const other = good.replaceAll('sample', 'other');
    const before = compileRules(
      [
        { path: 'a.yaml', text: good },
        { path: 'b.yaml', text: other },
      ],
      sha256,
    );
    if (!before.ok) throw new Error('must compile');
    const edited = other.replace('LIKELY', 'POSSIBLE');
    const files = [
      { path: 'a.yaml', text: good },
      { path: 'b.yaml', text: edited },
    ];
    const after = compileRules(files, sha256, { previous: before.value });
    const fresh = compileRules(files, sha256);
    if (!after.ok || !fresh.ok) throw new Error('must compile');
    expect(after.value.byId.get('sample')).toBe(before.value.byId.get('sample'));
    expect(after.value.byId.get('other')?.spec.likelihood).toBe('POSSIBLE');
    expect(after.value.digest).toBe(fresh.value.digest);
  });

  it('refuses an edit that breaks a test whatever was there before', () => {
    const before = compile(good);
    if (!before.ok) throw new Error('must compile');
    const broken = [{ path: 'r.yaml', text: good.replace('key=(', 'kez=(') }];
    expect(compileRules(broken, sha256, { previous: before.value }).ok).toBe(false);
    const two = [
      { path: 'r.yaml', text: good },
      { path: 's.yaml', text: good },
    ];
    const twice = compileRules(two, sha256, { previous: before.value });
    expect(twice.ok ? '' : twice.error[0]?.message).toMatch(/already defined at r\.yaml:3/);
  });

  it('skips the tests of a set that passed, by its digest, and finds the same', () => {
    const asked: string[] = [];
    const passed = (digest: string) => asked.push(digest) > 0;
    const set = compileRules([{ path: 'r.yaml', text: good }], sha256, { passed });
    const tested = compile(good);
    if (!set.ok || !tested.ok) throw new Error('must compile');
    expect(asked).toEqual([tested.value.digest]);
    const text = Buffer.from('key=abcdefgh');
    expect(scan(text, set.value).map((c) => c.start)).toEqual(scan(text, tested.value).map((c) => c.start));
  });

  it('fails at its first use where a stamp lied about an expression, and never passes over it', () => {
    const text = good.replace('key=(', '(?=key)key=(');
    const set = compileRules([{ path: 'r.yaml', text }], sha256, { passed: () => true });
    if (!set.ok) throw new Error('must compile');
    expect(() => scan(Buffer.from('key=abcdefgh'), set.value)).toThrow();
  });
});

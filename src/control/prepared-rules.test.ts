import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { afterAll, describe, expect, it } from 'vitest';
import { rulesFrom } from '../dlp/portable-rules.ts';
import { derivedEntries } from '../dlp/prefilter/plan.ts';
import { compileRules, digestOf } from '../dlp/rule-set.ts';
import { scan } from '../dlp/scan.ts';
import { sha256Text } from './load-revision.ts';
import { readPreparedRules, readPreparedSet, writePreparedRules } from './prepared-rules.ts';

const dir = mkdtempSync(join(tmpdir(), 'lt-prepared-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'below', 'rules');

const rule = (id: string, regex: string, match: string) => `
  - id: ${id}
    description: A key.
    info_type: KEY
    kind: secret
    regex: '${regex}'
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ["${match}"], no_match: ["none here"] }`;
const first = rule('first', 'ak_[0-9a-f]{16}', 'ak_0123456789abcdef');
const text = `version: 1\nrules:${first}${rule('second', '(?i)zz-[a-z]{8,}-q', 'ZZ-abcdefgh-q')}\n`;
const compile = (of: string, known = {}) => {
  const set = compileRules([{ path: 'dlp/r.yaml', text: of }], sha256Text, known);
  return set.ok ? set.value : set.error;
};
const fresh = compile(text);
if (!('rules' in fresh)) throw new Error(JSON.stringify(fresh));
writePreparedRules(fresh, file);
const prepared = () => readPreparedRules(file);

describe('prepared rules', () => {
  it('give the same set as everything done again', () => {
    const set = compile(text, { prepared });
    if (!('rules' in set)) throw new Error('must compile');
    expect(set.digest).toBe(fresh.digest);
    expect(set.rules.map(({ spec, file: of, line }) => ({ spec, of, line }))).toEqual(
      fresh.rules.map(({ spec, file: of, line }) => ({ spec, of, line })),
    );
    expect(derivedEntries(set.rules)).toEqual(derivedEntries(fresh.rules));
    expect(set.plan.prefilter.image.tables).toEqual(fresh.plan.prefilter.image.tables);
    const sample = Buffer.from('x ak_00112233445566ff and zZ-qwertyuiop-q');
    expect(scan(sample, set)).toMatchObject([{ start: 2 }, { start: 26 }]);
  });

  it('are the whole set where no file was changed, as it is searched for and by file', () => {
    const kept = readPreparedSet(file);
    const set = kept && rulesFrom(kept);
    expect(set?.digest).toBe(digestOf([{ path: 'dlp/r.yaml', text }], sha256Text));
    expect(set?.plan.prefilter.image.tables).toEqual(fresh.plan.prefilter.image.tables);
    expect([...(set?.byFile ?? [])].map(([key, of]) => [key, of.map(({ spec }) => spec.id)])).toEqual([
      [[...fresh.byFile.keys()][0], ['first', 'second']],
    ]);
    const sample = Buffer.from('x ak_00112233445566ff and zZ-qwertyuiop-q');
    expect(set && scan(sample, set)).toMatchObject([{ start: 2 }, { start: 26 }]);
  });

  it('need not be derived again when a file beside theirs is edited, whoever compiled them', () => {
    const kept = readPreparedSet(file);
    const previous = kept && rulesFrom(kept);
    const files = [
      { path: 'dlp/r.yaml', text },
      { path: 'dlp/s.yaml', text: `version: 1\nrules:${rule('third', 'bk_[0-9a-f]{16}', 'bk_0123456789abcdef')}\n` },
    ];
    const set = compileRules(files, sha256Text, { ...(previous && { previous }), prepared });
    if (!set.ok) throw new Error('must compile');
    expect(set.value.byId.get('first')).toBe(previous?.byId.get('first'));
    expect(set.value.rules.map(({ spec }) => spec.id)).toEqual(['first', 'second', 'third']);
  });

  it('say nothing of a file that was changed: it is read and tested', () => {
    const wrong = text.replace('ak_0123456789abcdef', 'ak_0123');
    expect(compile(wrong, { prepared })).toMatchObject([{ line: 11, message: expect.stringContaining('must match') }]);
  });

  it('are passed over where the rules are to be tested again', () => {
    const lying = { files: new Map([[[...fresh.byFile.keys()][0], []]]), entries: new Map() };
    expect(compile(text, { prepared: () => lying })).not.toHaveProperty('rules');
    expect(compile(text, { prepared: () => lying, retest: true })).toHaveProperty('rules.length', 2);
  });

  it.each([
    ['is missing', () => rmSync(file)],
    ['is damaged', () => writeFileSync(file, readFileSync(file).subarray(0, -7))],
    [
      'is of another engine',
      () => {
        const kept = deserialize(readFileSync(file));
        writeFileSync(file, serialize({ ...kept, engine: '0'.repeat(64) }));
      },
    ],
  ])('count for nothing when the file %s', (_what, spoil) => {
    writePreparedRules(fresh, file);
    expect([prepared(), readPreparedSet(file)]).not.toContain(null);
    spoil();
    expect([prepared(), readPreparedSet(file)]).toEqual([null, null]);
  });
});

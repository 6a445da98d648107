import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { derivedEntries } from '../dlp/prefilter/plan.ts';
import { prepare } from '../dlp/prepared-rules.ts';
import { compileRules } from '../dlp/rule-set.ts';
import { scan } from '../dlp/scan.ts';
import { sha256Text } from './load-revision.ts';
import { readPreparedRules, writePreparedRules } from './prepared-rules.ts';

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
writePreparedRules(prepare(fresh), file);
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
        const kept = deserialize(brotliDecompressSync(readFileSync(file)));
        writeFileSync(file, brotliCompressSync(serialize({ ...kept, engine: '0'.repeat(64) })));
      },
    ],
  ])('count for nothing when the file %s', (_what, spoil) => {
    writePreparedRules(prepare(fresh), file);
    expect(prepared()).not.toBeNull();
    spoil();
    expect(prepared()).toBeNull();
  });
});

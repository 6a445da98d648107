/** What only whole directories show: names that one kind of file takes from another. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkPolicy } from './check-policy.ts';
import { loadPolicy, rootsOf } from './load-revision.ts';

const base = mkdtempSync(join(tmpdir(), 'load-revision-'));
const rules = join(base, 'rules');
const profile = join(rules, 'profiles/research.yaml');
cpSync(join(import.meta.dirname, '../../rules'), rules, { recursive: true });
const shipped = readFileSync(profile, 'utf8');
afterAll(() => rmSync(base, { recursive: true }));

it.each([
  [
    'aws-access-key',
    /profiles\/research\.yaml:\d+ no rule and no info type `aws-access-key` to ignore; did you mean `/,
  ],
  ['NO_SUCH_INFO_TYPE_AT_ALL', /no rule and no info type/],
  ['GITHUB_TOKEN', null],
])('a profile that ignores `%s`', (name, message) => {
  writeFileSync(profile, shipped.replace(/^guard:\n/m, `guard:\n  ignore: [${name}]\n`));
  expect(readFileSync(profile, 'utf8')).toContain(name);
  const roots = rootsOf({ rules, categories: undefined, state: join(base, 'state') } as never);
  const loaded = loadPolicy(roots);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const said = checkPolicy(roots, loaded.value).problems.map((p) => `${p.file}:${p.line} ${p.message}`);
  if (message === null) expect(said).toEqual([]);
  else expect(said).toEqual([expect.stringMatching(message)]);
});

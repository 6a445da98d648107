/** The thread of the rules: compiles what the rules are to be, tells what is wrong, tries an edit, and can be lost. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { RulesThread } from '../../src/appliance/rules/rules-thread.ts';
import { loadRules } from '../../src/control/load-rules.ts';
import { scan } from '../../src/dlp/scan.ts';

const dir = mkdtempSync(join(tmpdir(), 'rules-thread-'));
const thread = new RulesThread();
afterAll(() => {
  thread.close();
  rmSync(dir, { recursive: true });
});

const rule = (id: string, word: string, match = word) => `version: 1
rules:
  - id: ${id}
    description: A word.
    info_type: WORD
    kind: dictionary
    regex: '\\b(${word})\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['${match}'], no_match: ['-'] }
`;
mkdirSync(join(dir, 'dlp'));
const put = (name: string, text: string) => writeFileSync(join(dir, 'dlp', name), text);
put('one.yaml', rule('one', 'marmalade'));
put('two.yaml', rule('two', 'gooseberry'));
const roots = { rules: [dir], edits: dir, categories: [], imports: '' };
const begun = loadRules(roots);
if (!begun.ok) throw new Error('must load');

it('loads what is edited, keeps what is not, and finds the same as rules that are compiled here', async () => {
  put('two.yaml', rule('two', 'elderberry'));
  const loaded = await thread.load(roots, begun.value);
  const here = loadRules(roots);
  if (!loaded.ok || !here.ok) throw new Error('must load');
  expect(loaded.value.digest).toBe(here.value.digest);
  expect(loaded.value.byId.get('one')).toBe(begun.value.byId.get('one'));
  const text = Buffer.from('marmalade gooseberry elderberry');
  const found = scan(text, loaded.value).map(({ rule: { spec }, start }) => [spec.id, start]);
  expect(found).toEqual([
    ['one', 0],
    ['two', 21],
  ]);
}, 60_000);

it('says what is wrong with file and line', async () => {
  const bad = await thread.compile([{ path: 'dlp/one.yaml', text: rule('one', 'plum', 'pear') }], begun.value);
  expect(bad.ok ? [] : bad.error.map(({ file, line }) => [file, line])).toEqual([['dlp/one.yaml', 12]]);
}, 60_000);

it('tries an edit on a sample and on what came before, and goes on after its thread was lost', async () => {
  const edit = { path: 'dlp/three.yaml', text: rule('three', 'quince'), sample: 'é a quince' };
  const past = { most: 10, list: [{ at: 1, tenant: 'acme', bytes: Buffer.from('one quince') }] };
  const first = await thread.try({ edit, past }, begun.value);
  expect(first).toMatchObject({ problems: [], findings: [{ rule: 'three', start: 4, end: 10 }] });
  expect(first.past).toMatchObject({ samples: 1, tripped: 1, hits: [{ excerpt: 'one quince' }] });
  thread.close();
  const twice = { ...edit, text: rule('one', 'quince') };
  const { problems } = await thread.try({ edit: twice, past }, begun.value);
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('already defined at dlp/one.yaml')]);
}, 60_000);

it('rules that take too long are refused with the reason, and the next are compiled', async () => {
  const hurried = new RulesThread(1);
  const late = await hurried.load(roots, begun.value);
  hurried.close();
  expect(late.ok ? [] : late.error.map(({ message }) => message)).toEqual([
    'compiling the rules took longer than 0.001 s and was ended; see which are dear with `locktender dlp lint`',
  ]);
  expect((await thread.load(roots, begun.value)).ok).toBe(true);
}, 60_000);

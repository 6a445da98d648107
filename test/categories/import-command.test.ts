/** `category import`, on the real state directory of a command: taken in, found with list and line, replaced, taken out. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { CliIo } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/program.ts';

const cwd = mkdtempSync(join(tmpdir(), 'locktender-import-'));
afterAll(() => rmSync(cwd, { recursive: true }));

async function run(...argv: string[]) {
  let out = '';
  let errors = '';
  const io: CliIo = {
    stdout: (text) => {
      out += String(text);
    },
    isTerminal: false,
    stderr: (text) => {
      errors += text;
    },
    stdin: (async function* () {})(),
    env: {},
    cwd,
  };
  const never = () => Promise.reject(new Error('nothing is started here'));
  const code = await runCli([...argv, '--state', join(cwd, 'state'), '--json'], io, {
    version: '0',
    serve: never,
    tour: never,
    brief: never,
    fleetKey: never,
    isolateWalls: never,
    witness: never,
  });
  return { code, errors, json: out === '' ? null : JSON.parse(out) };
}

it('takes a list in, replaces it whole, and takes it out again', { timeout: 60_000 }, async () => {
  const list = join(cwd, 'feed.txt');
  writeFileSync(list, '# feed\nfirst-evil.com\n');
  const first = await run('category', 'import', list, '--format', 'plain', '--category', 'malware', '--name', 'feed');
  expect(first.json.imported).toMatchObject([{ name: 'feed', entries: 1, categories: ['malware'] }]);
  const found = await run('category', 'lookup', 'www.first-evil.com');
  expect(found.json).toMatchObject({
    categories: ['malware'],
    reasons: [{ list: 'import/feed', file: list, line: 2, version: first.json.imported[0].version }],
  });
  writeFileSync(list, 'second-evil.com\n');
  await run('category', 'import', list, '--category', 'malware', '--name', 'feed');
  expect((await run('category', 'lookup', 'first-evil.com')).json.categories).toEqual(['uncategorised']);
  expect((await run('category', 'lookup', 'second-evil.com')).json.categories).toEqual(['malware']);
  expect(readdirSync(join(cwd, 'state/categories')).filter((name) => name.startsWith('index-'))).toHaveLength(1);
  await run('category', 'import', '--remove', 'feed');
  expect((await run('category', 'lookup', 'second-evil.com')).json.categories).toEqual(['uncategorised']);
});

it('says what is wrong with an order, and keeps what was there', { timeout: 60_000 }, async () => {
  const list = join(cwd, 'odd.txt');
  writeFileSync(list, 'a.example\n');
  expect(await run('category', 'import', list, '--category', 'malwar')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('did you mean `malware`'),
  });
  expect(await run('category', 'import', join(cwd, 'missing.txt'), '--category', 'malware')).toMatchObject({ code: 2 });
  expect(await run('category', 'import', list, '--format', 'hosts', '--category', 'malware')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('not a line of a hosts file'),
  });
});

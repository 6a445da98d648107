/** `exec` against an appliance that runs: what it says when the gateway refuses, and when it goes away. */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PROGRAM, type RunningAppliance, startProgram, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
const appliance: RunningAppliance = await startProgram(join(directory.path, 'state'));
afterAll(async () => {
  await appliance.stop();
  directory.remove();
});

const tool = join(directory.path, 'tool.js');
writeFileSync(
  tool,
  "export default async function* () { yield 'begun'; await new Promise((r) => setTimeout(r, 60_000)); }",
);

it.each([
  ['a language that is none', ['--language', 'cobol'], 2, 'language'],
  ['a profile that is none', ['--profile', 'no-such'], 1, 'no-such'],
])('tells of %s', async (_, more, code, said) => {
  const ran = await appliance.cli('exec', tool, ...more);
  expect(ran).toMatchObject({ code, stdout: '' });
  expect(ran.stderr).toContain(said);
});

it('T-32 sends no field and no method that breaks the line, whatever tool code makes of its own realm', async () => {
  const origin = appliance.door('demonstration origins').split(':').at(-1);
  const file = join(directory.path, 'lines.js');
  writeFileSync(
    file,
    `const url = 'https://docs.demo.test:${origin}/';
    const { test } = RegExp.prototype;
    // Says yes to what must be so and no to what must not.
    const blind = (make) => { RegExp.prototype.test = function () { return this.source.startsWith('^[!') || this.source.startsWith('^https'); }; try { return make(); } finally { RegExp.prototype.test = test; } };
    const code = async (make) => { try { return (await blind(make)).status; } catch (e) { return e.code ?? e.message; } };
    const field = (name, value) => code(() => { const headers = new Headers(); headers.append(name, value); return fetch(url, { headers }); });
    export default async () => [await field('x-a', 'b'), await field('x-a', 'b\\r\\nx-b: c'), await field('x-a: b\\r\\nx-b', 'c'), await field('x-a', 'b\\u0000'), await field('x-a', '\\u0001'),
      await code(() => fetch(url, { method: 'GET / HTTP/1.1\\r\\nx-a: b\\r\\n\\r\\nGET' })), await field('host', 'evil.example'), await field('transfer-encoding', 'chunked')];`,
  );
  const ran = await appliance.cli('exec', file);
  const refused = 'request_malformed';
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(ran.stdout)).toEqual([200, refused, refused, refused, refused, refused, 200, 200]);
});

it('ends 3 when the gateway goes away before the task ended', async () => {
  const child = spawn(PROGRAM, ['exec', tool, '--stream', '--state', appliance.state]);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [first] = (await Promise.race([
    new Promise<Buffer[]>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve([chunk]))),
    closed.then(() => []),
  ])) as Buffer[];
  expect(first?.toString('utf8'), stderr).toBe('begun\n');
  await appliance.kill();
  expect(await closed).toBe(3);
  expect(stderr).toMatch(/^locktender: the gateway at http:\S+ went away before the task ended \(.+\)\n$/m);
});

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

/** Commands that start an appliance for themselves where none runs. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM, temporaryDirectory } from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

/** Of its own: other tests start brief appliances meanwhile. */
const TMPDIR = join(directory.path, 'tmp');
mkdirSync(TMPDIR);
const env = { ...process.env, TMPDIR };
const cli = (args: readonly string[], input = '') => execute([PROGRAM, ...args], { cwd: directory.path, env, input });
const briefs = () => readdirSync(TMPDIR).filter((name) => name.startsWith('locktender-brief-'));

describe('exec where no appliance runs', () => {
  it('runs the tool, guards its result and leaves nothing behind', async () => {
    const code = 'export default (input: { n: number }) => ({ double: input.n * 2, key: "AKIAIOSFODNN7EXAMPLA" });';
    const ran = await cli(['exec', '-', '--input', '{"n":21}', '--json'], code);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: 'completed',
      result: { double: 42, key: '[REDACTED:AWS_CREDENTIALS]' },
    });
    expect(existsSync(join(directory.path, '.locktender'))).toBe(false);
    expect(briefs()).toEqual([]);
  });

  it('ends 1 with the tool’s own error, at its line', async () => {
    const ran = await cli(['exec', '-'], 'export default () => {\n  throw new TypeError("no such thing");\n};');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('no such thing');
  });

  it('tells a task as it goes with --stream: parts by themselves, what is said on the way beside them', async () => {
    const code = `export default async function* (input, env) {
      console.log('begun \\u001b[31mred'); yield { n: 1 }; env.progress(0.5); yield 'AKIAIOSFODNN7EXAMPLA'; }`;
    const ran = await cli(['exec', '-', '--stream'], code);
    expect(ran).toMatchObject({ code: 0, stdout: '{"n":1}\n[REDACTED:AWS_CREDENTIALS]\n' });
    expect(ran.stderr).toContain('begun ?[31mred\nprogress: 0.5\n');
    const lines = (await cli(['exec', '-', '--stream', '--json'], code)).stdout.trim().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { event: string; data: unknown });
    expect(events.map(({ event }) => event)).toEqual(['log', 'part', 'progress', 'part', 'result']);
    expect(events.at(-1)?.data).toMatchObject({ status: 'completed', guard: { action: 'redact' } });
  });

  it('ends 1 with --stream when the tool fails after a part', async () => {
    const code = 'export default async function* () { yield 1; throw new Error("no more"); }';
    const ran = await cli(['exec', '-', '--stream'], code);
    expect(ran).toMatchObject({ code: 1, stdout: '1\n' });
    expect(ran.stderr).toContain('failed: no more');
  });

  it('is known by the key of the configuration where that has one', async () => {
    const key = ['--set', 'gateway.dev_key=0123456789abcdef'];
    const ran = await cli(['exec', '-', '--input', '1', ...key], 'export default (input) => input + 1');
    expect(ran).toMatchObject({ code: 0, stdout: '2\n' });
  });

  it('leaves nothing behind when it is interrupted, and ends as the signal would have ended it', async () => {
    const child = spawn(PROGRAM, ['exec', '-', '--stream'], { cwd: directory.path, env });
    child.stdin.end('export default async function* () { yield 1; await new Promise(() => {}); }');
    const closed = new Promise((resolve) => child.once('close', resolve));
    await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), closed]);
    expect(briefs()).toHaveLength(1);
    child.kill('SIGINT');
    expect([await closed, briefs()]).toEqual([130, []]);
  });

  it('never stands in for an appliance that was named', async () => {
    const ran = await cli(['exec', '-', '--admin', 'http://127.0.0.1:9'], 'export default () => 1;');
    expect(ran.code).toBe(3);
  });
});

describe('doctor where no appliance runs', () => {
  it('tries each toolchain by a real request, and says how to fix what fails', async () => {
    const ran = await cli(['doctor', '--json']);
    const { checks } = JSON.parse(ran.stdout) as { checks: { name: string; outcome: string; fix: string | null }[] };
    const of = (name: string) => checks.find((check) => check.name === name)?.outcome;
    expect(['node', 'bubblewrap wall', 'appliance', 'curl', 'git'].map(of)).toEqual(Array(5).fill('works'));
    for (const check of checks) if (check.outcome === 'fails') expect(check.fix).toBeTruthy();
  }, 120_000);
});

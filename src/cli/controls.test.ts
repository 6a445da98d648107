import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import type { CliContext } from './context.ts';
import { change } from './controls.ts';

const RUNBOOKS = new URL('../../docs/runbooks/', import.meta.url);
const receipt = {
  change: 'c_1',
  version: 2,
  facts: [],
  live: 3,
  dependants: 2,
  cut: 1,
  decisions: 0,
  slowest_ms: 5000,
};

it('a receipt lists what was not cut under the words that the runbooks say to look for, and ends 1', async () => {
  const out: string[] = [];
  const io = { env: {}, cwd: tmpdir(), stdout: (text: string) => void out.push(text) };
  const parts = { context: { io } as unknown as CliContext, outcome: { code: 0 } };
  const program = new Command();
  const call = () => Promise.resolve({ ...receipt, missed: ['f_7'] });
  change(program, 'block', parts, { summary: 'blocks', argument: 'name', call });
  await program.parseAsync(['block', 'net-disks'], { from: 'user' });
  expect(parts.outcome.code).toBe(1);
  const read = (page: string) => readFileSync(new URL(page, RUNBOOKS), 'utf8');
  const [, words = ''] = /the receipt lists them under `([^`]+)`/.exec(read('README.md')) ?? [];
  expect(read('block-a-category.md')).toContain(`\`${words}\``);
  expect(out.join('')).toContain(`\n${words}: f_7\n`);
});

it('a receipt that warns says so to people and to scripts, and ends 0: what was asked for is in force', async () => {
  const run = async (...flags: string[]) => {
    const [out, errors]: string[][] = [[], []];
    const io = {
      ...{ env: {}, cwd: tmpdir() },
      stdout: (text: string) => void out?.push(text),
      stderr: (text: string) => void errors?.push(text),
    };
    const parts = { context: { io } as unknown as CliContext, outcome: { code: 0 } };
    const program = new Command();
    const call = () => Promise.resolve({ ...receipt, missed: [], warning: 'no task `t_1` is live' });
    change(program, 'kill', parts, { summary: 'kills', argument: 'id', call });
    await program.parseAsync(['kill', 't_1', ...flags], { from: 'user' });
    return { code: parts.outcome.code, out: out?.join('') ?? '', errors: errors?.join('') };
  };
  expect(await run()).toMatchObject({ code: 0, errors: 'warning: no task `t_1` is live\n' });
  const { out, ...rest } = await run('--json');
  expect(rest).toEqual({ code: 0, errors: '' });
  expect(JSON.parse(out)).toMatchObject({ warning: 'no task `t_1` is live' });
});

/** The runbooks' own commands, run as they stand, against a real appliance with a live download of two tenants. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  execute,
  PROGRAM,
  type Ran,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const directory = temporaryDirectory();
const candidate = join(directory.path, 'candidate');
const downloads: ChildProcess[] = [];
let appliance: RunningAppliance;
let port = '';

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  port = appliance.door('demonstration origins').split(':')[1] ?? '';
}, 60_000);

afterEach(() => {
  for (const child of downloads.splice(0)) child.kill();
});

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

interface Step {
  readonly command: string;
  readonly exit: number;
}

/** The commands of a page below one heading, in order. */
function steps(page: string, heading: string): Step[] {
  const text = readFileSync(join(ROOT, 'docs', 'runbooks', page), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```sh(?: exit=(\d))?\n([\s\S]*?)^```$/gm)].flatMap(([, exit, body = '']) =>
    body
      .trim()
      .split('\n')
      .map((command) => ({ command, exit: Number(exit ?? 0) })),
  );
}

async function run(page: string, heading: string): Promise<Ran[]> {
  const out: Ran[] = [];
  for (const { command, exit } of steps(page, heading)) {
    const env = {
      ...process.env,
      PATH: `${dirname(PROGRAM)}:${process.env['PATH']}`,
      LOCKTENDER_STATE: appliance.state,
    };
    const ran = await execute(['sh', '-c', command], { env: { ...env, CANDIDATE: candidate }, cwd: directory.path });
    expect([command, ran.code, ran.stderr]).toEqual([command, exit, expect.any(String)]);
    out.push(ran);
  }
  expect(out.length).toBeGreaterThan(0);
  return out;
}

interface Download {
  readonly ended: Promise<number | null>;
  running(): boolean;
}

/** A download that goes on until it is cut. */
async function download(tenant: string, host = 'files'): Promise<Download> {
  const issued = await appliance.cli('pass', 'issue', '--tenant', tenant, '--env');
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };
  for (const [, name = '', value = ''] of issued.stdout.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  const child = spawn('curl', ['-sSN', `https://${host}.demo.test:${port}/download`], { env });
  downloads.push(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('close', () => reject(new Error('the download was refused')));
  });
  return { ended, running: () => child.exitCode === null };
}

describe('the runbooks', () => {
  it('are each drilled here', () => {
    const pages = readdirSync(join(ROOT, 'docs', 'runbooks')).filter((name) => name !== 'README.md');
    const drilled = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    expect(pages.length).toBe(4);
    for (const page of pages) expect(drilled).toContain(`await run('${page}', 'Drill')`);
  });

  it('block a category: what hangs on it is cut, the rest goes on, and it comes back', async () => {
    const [cut, other] = [await download('acme'), await download('globex', 'docs')];
    const [preview, receipt, record] = await run('block-a-category.md', 'Drill');
    expect(preview?.stdout).toMatch(/would cut [1-9]/);
    expect(receipt?.stdout).toMatch(/cut ([1-9]) of \1 dependent flows/);
    expect(record?.stdout).toMatch(/control\.changed/);
    expect(await cut.ended).not.toBe(0);
    expect(other.running()).toBe(true);
    await run('block-a-category.md', 'Back');
    expect((await download('acme')).running()).toBe(true);
  }, 60_000);

  it('revoke a capability: everything that was allowed by it is cut', async () => {
    const [one, two] = [await download('acme'), await download('globex', 'docs')];
    const [shown, receipt, list] = await run('revoke-a-capability.md', 'Drill');
    expect(shown?.stdout).toContain('profiles');
    expect(receipt?.stdout).toMatch(/cut ([1-9]) of \1 dependent flows/);
    expect(list?.stdout).toMatch(/^net\.read\.demo .* revoked /m);
    expect([await one.ended, await two.ended]).not.toContain(0);
    await run('revoke-a-capability.md', 'Back');
    expect((await download('acme')).running()).toBe(true);
  }, 60_000);

  it('isolate a tenant: its flows are cut and its passes refused, another tenant works on', async () => {
    const [cut, other] = [await download('acme'), await download('globex', 'docs')];
    const [listed, receipt, tasks, evidence, verified] = await run('isolate-a-tenant.md', 'Drill');
    expect(listed?.stdout).toMatch(/^acme +\d+ +[1-9]/m);
    expect(receipt?.stdout).toMatch(/cut ([1-9]) of \1 dependent flows/);
    expect(tasks?.stdout).toMatch(/ globex /);
    expect(evidence?.stdout).toContain('"tenant":"acme"');
    expect(verified?.stdout).toMatch(/^verified: /);
    expect(await cut.ended).not.toBe(0);
    expect(other.running()).toBe(true);
    await run('isolate-a-tenant.md', 'Back');
    expect((await download('acme')).running()).toBe(true);
  }, 60_000);

  it('replay 30 days: nothing differs, and a candidate shows what it would change', async () => {
    await download('acme');
    cpSync(join(ROOT, 'rules'), candidate, { recursive: true });
    cpSync(join(appliance.state, 'demo', 'rules'), candidate, { recursive: true });
    const capability = join(candidate, 'capabilities', 'net.read.demo.yaml');
    writeFileSync(capability, readFileSync(capability, 'utf8').replace('files.demo.test, ', ''));
    const [verified, replayed, changed] = await run('replay-30-days.md', 'Drill');
    expect(verified?.stdout).toMatch(/^verified: /);
    expect(replayed?.stdout).toMatch(/^[1-9]\d* decisions, 0 differences/);
    const { differences, groups } = JSON.parse(changed?.stdout ?? '{}') as { differences: number; groups: unknown[] };
    expect(differences).toBeGreaterThan(0);
    expect(JSON.stringify(groups)).toContain('files.demo.test');
  }, 60_000);
});

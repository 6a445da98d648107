/** Controls on the real program: preview, quarantine beside a tenant that works, undo, two persons, tokens by role. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  execute,
  PROGRAM,
  type Ran,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from './running-appliance.ts';

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let port = '';

beforeAll(async () => {
  const rule = ['--set', 'controls.two_person=capability.revoke,capability.restore'];
  appliance = await startProgram(join(directory.path, 'state'), rule);
  port = appliance.door('demonstration origins').split(':')[1] ?? '';
}, 60_000);
afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

async function shellOf(tenant: string, ...more: string[]): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await appliance.cli('pass', 'issue', '--tenant', tenant, '--env', ...more);
  const names = [...stdout.matchAll(/^export ([A-Za-z_]+)='([^']*)'$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']);
  return { PATH: process.env['PATH'], ...Object.fromEntries(names) };
}
const curl = (env: NodeJS.ProcessEnv, host: string) => execute(['curl', '-sSi', `https://${host}:${port}/`], { env });
const json = <T>(ran: Ran) => JSON.parse(ran.stdout) as T;
interface Receipt {
  readonly change: string;
  readonly dependants: number;
  readonly cut: number;
  readonly missed: string[];
}

/** An endless download that has begun. */
async function download(env: NodeJS.ProcessEnv) {
  const child = spawn('curl', ['-sSN', `https://files.demo.test:${port}/download`], { env });
  const state = { bytes: 0, code: null as number | null };
  child.stdout.on('data', (chunk: Buffer) => {
    state.bytes += chunk.length;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(() => state.bytes > 0);
  return { state, ended, stop: () => child.kill() };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** As another person: with a token of one's own. */
const as = (token: string, ...args: string[]) =>
  execute([PROGRAM, ...args, '--state', appliance.state], {
    env: { PATH: process.env['PATH'], LOCKTENDER_ADMIN_TOKEN: token },
  });
async function tokenFor(role: string, ...more: string[]): Promise<string> {
  const made = await appliance.cli('token', 'issue', `a-${role}`, '--role', role, ...more);
  expect(made).toMatchObject({ code: 0 });
  return made.stdout.trim();
}

describe('quarantine of a tenant', () => {
  it('kills its isolates, cuts its flows, refuses its passes, while another tenant works on', {
    timeout: 90_000,
  }, async () => {
    const [acme, other] = [await shellOf('acme'), await shellOf('other')];
    const [lost, kept] = [await download(acme), await download(other)];
    const code = 'export default () => new Promise((resolve) => setTimeout(resolve, 600000));';
    const isolate = execute([PROGRAM, 'exec', '-', '--tenant', 'acme', '--json', '--state', appliance.state], {
      input: code,
    });
    const flowsOf = async (tenant: string) => {
      const { tenants } = json<{ tenants: { name: string; flows: number }[] }>(
        await appliance.cli('tenant', 'list', '--json'),
      );
      return tenants.find((t) => t.name === tenant)?.flows ?? 0;
    };
    await until(async () => (await flowsOf('acme')) >= 2);

    const preview = json<Record<string, unknown>>(await appliance.cli('category', 'preview', 'net-disks', '--json'));
    expect(preview).toMatchObject({ tenants: ['acme', 'other'], hosts: ['files.demo.test'], complete: true });
    expect(preview['hosts_last_day']).toEqual(['files.demo.test']);
    expect((preview['tasks_last_day'] as string[]).length).toBe(2);
    expect((preview['flows'] as unknown[]).length).toBe(preview['live_flows']);

    const receipt = json<Receipt>(await appliance.cli('tenant', 'quarantine', 'acme', '--why', 'test', '--json'));
    expect(receipt.missed).toEqual([]);
    expect(receipt.cut).toBe(receipt.dependants);
    expect(receipt.cut).toBeGreaterThanOrEqual(2);
    expect(await lost.ended).not.toBe(0);
    expect(json<{ status: string }>(await isolate)).toMatchObject({ status: 'killed' });
    expect((await curl(acme, 'docs.demo.test')).stdout).toMatch(/details="tenant_quarantined: /);
    expect(await appliance.cli('pass', 'issue', '--tenant', 'acme')).toMatchObject({ code: 1 });
    const again = await execute([PROGRAM, 'exec', '-', '--tenant', 'acme', '--json', '--state', appliance.state], {
      input: code,
    });
    expect(again.code).toBe(1);

    const seen = kept.state.bytes;
    await until(() => kept.state.bytes > seen);
    expect((await curl(other, 'docs.demo.test')).stdout).toMatch(/^HTTP\/1\.1 200 /m);
    kept.stop();

    expect(await appliance.cli('undo', receipt.change, '--why', 'false alarm')).toMatchObject({ code: 0 });
    expect((await curl(acme, 'docs.demo.test')).stdout).toMatch(/^HTTP\/1\.1 200 /m);
    expect(await appliance.cli('undo', receipt.change)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has changed since/),
    });
  });
});

describe('a kill', () => {
  it('is of one tenant’s task, where another has one of the same id, and asks whose where it cannot know', {
    timeout: 60_000,
  }, async () => {
    const [north, south] = [await shellOf('north', '--task', 'nightly'), await shellOf('south', '--task', 'nightly')];
    const [lost, kept] = [await download(north), await download(south)];
    const asked = await appliance.cli('task', 'kill', 'nightly', '--why', 'test');
    expect(asked).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/`north`, `south` each have a task `nightly`; say whose with `--tenant`/),
    });
    const kill = ['task', 'kill', 'nightly', '--why', 'test', '--json'];
    const receipt = json<Receipt>(await appliance.cli(...kill, '--tenant', 'north'));
    expect(receipt).toMatchObject({ facts: ['task:north/nightly'], missed: [] });
    expect(receipt.cut).toBe(receipt.dependants);
    expect(await lost.ended).not.toBe(0);
    const seen = kept.state.bytes;
    await until(() => kept.state.bytes > seen);
    expect((await curl(north, 'docs.demo.test')).stdout).toMatch(/details="task_killed: /);
    expect((await curl(south, 'docs.demo.test')).stdout).toMatch(/^HTTP\/1\.1 200 /m);

    // One of them still lives: now there is no doubt.
    expect(json(await appliance.cli(...kill))).toMatchObject({ facts: ['task:south/nightly'], missed: [] });
    expect(await kept.ended).not.toBe(0);
    const { tasks } = json<{ tasks: { id: string; tenant: string; killed: object | null }[] }>(
      await appliance.cli('task', 'list', '--json'),
    );
    expect(tasks.filter((one) => one.id === 'nightly' && one.killed).map((one) => one.tenant)).toEqual([
      'north',
      'south',
    ]);
  });
});

describe('the two-person rule on the command line', () => {
  it('waits for somebody else, and names both in the list of changes', { timeout: 60_000 }, async () => {
    const asked = await appliance.cli('capability', 'revoke', 'net.read.demo', '--why', 'test');
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringMatching(/needs a second person/) });
    const id = /control approve (p_?[0-9A-Z]+)/.exec(asked.stderr)?.[1] ?? 'none';
    expect(await appliance.cli('control', 'approve', id)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/another person/),
    });
    expect(await as(await tokenFor('operator'), 'control', 'approve', id)).toMatchObject({ code: 1 });
    // A program learns by the code that it waits, and by the id what to have approved.
    const again = await appliance.cli('capability', 'revoke', 'net.read.demo', '--why', 'test', '--json');
    expect(again.code).toBe(1);
    const said = json<{ code: string; pending: string; until: number }>(again);
    expect(said).toMatchObject({ code: 'needs_second_person', status: 409, pending: expect.stringMatching(/^p_/) });
    expect(said.until).toBeGreaterThan(Date.now());
    expect(await appliance.cli('control', 'reject', said.pending, '--why', 'once is enough')).toMatchObject({
      code: 0,
    });
    expect(await as(await tokenFor('security'), 'control', 'approve', id)).toMatchObject({ code: 0 });
    const { changes, pending } = json<{ changes: object[]; pending: object[] }>(
      await appliance.cli('control', 'list', '--json'),
    );
    expect(changes[0]).toMatchObject({ by: 'local', approved_by: 'a-security', stands: true });
    expect(pending).toEqual([]);
  });
});

describe('tokens on the command line', () => {
  it.each([
    ['viewer', 403, 403],
    ['auditor', 403, 403],
    ['operator', 200, 403],
    ['security', 200, 403],
    ['admin', 200, 200],
  ])('%s may block: %i, list tokens: %i', { timeout: 60_000 }, async (role, block, list) => {
    const headers = {
      authorization: `Bearer ${await tokenFor(role, '--ttl', '1h')}`,
      'content-type': 'application/json',
    };
    const base = `http://${appliance.door('admin API')}`;
    const body = JSON.stringify({ why: 'test' });
    const blocked = await fetch(`${base}/v1/categories/news/block`, { method: 'POST', headers, body });
    expect([blocked.status, (await fetch(`${base}/v1/tokens`, { headers })).status]).toEqual([block, list]);
  });

  it('ends a token when it is revoked, shows no secret, and refuses a role that is none', {
    timeout: 60_000,
  }, async () => {
    const made = json<{ id: string; token: string }>(
      await appliance.cli('token', 'issue', 'temp', '--role', 'viewer', '--ttl', '1h', '--json'),
    );
    expect(await as(made.token, 'status')).toMatchObject({ code: 0 });
    const listed = await appliance.cli('token', 'list', '--json');
    expect(listed.stdout).toContain(made.id);
    expect(listed.stdout).not.toContain(made.token);
    expect(await appliance.cli('token', 'revoke', made.id)).toMatchObject({ code: 0 });
    expect(await as(made.token, 'status')).toMatchObject({ code: 1 });
    expect(await appliance.cli('token', 'issue', 'temp', '--role', 'root')).toMatchObject({ code: 2 });
    expect(await appliance.cli('token', 'revoke', 'a_none')).toMatchObject({ code: 2 });
  });
});

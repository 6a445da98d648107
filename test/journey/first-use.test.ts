/** What the README shows, over real sockets, with the real program, curl and a real state directory. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { execute, PROGRAM, type RunningAppliance, startProgram, temporaryDirectory } from './running-appliance.ts';

const directory = temporaryDirectory();
let appliance: RunningAppliance;
let port = '';
let shell: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  port = appliance.door('demonstration origins').split(':')[1] ?? '';
  const issued = await appliance.cli('pass', 'issue', '--tenant', 'acme', '--env');
  expect(issued).toMatchObject({ code: 0 });
  shell = { PATH: process.env['PATH'], ...exportsOf(issued.stdout) };
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

describe('first use', () => {
  it('names each door, then says that it is ready', () => {
    expect(appliance.lines.map((line) => line.replace(/ ?127\.0\.0\.1:[0-9]+$/, ''))).toEqual([
      'egress proxy',
      'socks5',
      'gateway',
      'admin API',
      'demonstration origins',
      'ready',
    ]);
  });

  it('lets curl read an allowed host through HTTPS_PROXY, with the secret in the answer redacted', async () => {
    const answer = await execute(['curl', '-sS', `https://docs.demo.test:${port}/config.json`], { env: shell });
    expect(answer).toMatchObject({ code: 0, stdout: '{"name":"demo","token":"[REDACTED:GITHUB_TOKEN]"}' });
  });

  it('denies another host and says why, in the headers that curl shows', async () => {
    const answer = await execute(['curl', '-sSi', 'https://example.com/'], { env: shell });
    expect(answer.code).toBe(56);
    expect(answer.stdout).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer.stdout).toMatch(/^Proxy-Status: locktender; error=http_request_denied; details="default_deny: /m);
    expect(answer.stdout).toMatch(/^Locktender-Decision: d_[0-9A-Z]{26}\r$/m);
  });

  it('denies without a pass, and with a pass that nobody issued', async () => {
    const proxy = `http://${appliance.door('egress proxy')}`;
    const none = await execute(['curl', '-sSi', '-x', proxy, 'https://docs.demo.test/'], {
      env: { PATH: shell['PATH'] },
    });
    expect(none.stdout).toMatch(/^HTTP\/1\.1 407 /);
    const forged = await execute(
      ['curl', '-sSi', '-x', proxy.replace('//', '//t:e30.e30.e30@'), 'https://docs.demo.test/'],
      {
        env: { PATH: shell['PATH'] },
      },
    );
    expect(forged.stdout).toMatch(/details="pass_malformed: /);
  });

  it('cuts a running download when its category is blocked, and says so in the receipt', async () => {
    const download = spawn('curl', ['-sSN', `https://files.demo.test:${port}/download`], { env: shell });
    const ended = new Promise<number | null>((resolve) => download.once('close', resolve));
    await new Promise((resolve) => download.stdout.once('data', resolve));
    const blocked = await appliance.cli('category', 'block', 'net-disks', '--why', 'test', '--json');
    const receipt = JSON.parse(blocked.stdout) as Record<string, unknown>;
    expect(receipt).toMatchObject({ facts: ['category:net-disks'], missed: [] });
    expect(receipt['cut']).toBe(receipt['dependants']);
    expect(receipt['cut']).toBeGreaterThanOrEqual(1);
    expect(await ended).not.toBe(0);
    const again = await execute(['curl', '-sSi', `https://files.demo.test:${port}/`], { env: shell });
    expect(again.stdout).toMatch(/details="category_blocked: /);
  });

  it('runs a tool in an isolate and redacts the secret from its result', async () => {
    const file = join(directory.path, 'tool.ts');
    writeFileSync(file, `export default async (input: { url: string }) => (await fetch(input.url)).json();\n`);
    const input = JSON.stringify({ url: `https://docs.demo.test:${port}/config.json` });
    const ran = await appliance.cli('exec', file, '--input', input, '--json');
    expect(ran.code).toBe(0);
    expect(ran.stdout).not.toContain(DEMO_SECRET);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: 'completed',
      result: { name: 'demo', token: '[REDACTED:GITHUB_TOKEN]' },
    });
  });

  it('lets a tool call a tool that its capability names, checks the arguments and guards the answer', async () => {
    const code = `export default async (input, env) => [
      await env.tools.billingReadonly({ customer: 'c-1', what: 'balance' }),
      await env.tools.billingReadonly({ what: 'balance' }).catch((error) => error.code),
    ];`;
    const ran = await execute([PROGRAM, 'exec', '-', '--json', '--state', appliance.state], { input: code });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: 'completed',
      result: [{ customer: 'c-1', balance: 12.5, card: '**** **** **** 1111' }, 'bad_arguments'],
      // Of the capability, and of the request that the tool's target got.
      decisions: [expect.stringMatching(/^d_/), expect.stringMatching(/^d_/)],
    });
  });

  it('verifies the log, with the public keys beside it', async () => {
    const verified = await appliance.cli('audit', 'verify', '--json');
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, fault: null, unknownKeys: 0 });
  });

  it('proves one entry, and does not prove another in its place', async () => {
    const proof = await appliance.cli('audit', 'proof', '3');
    expect(proof.code).toBe(0);
    const file = join(directory.path, 'proof.json');
    writeFileSync(file, proof.stdout);
    expect(await appliance.cli('audit', 'verify', file)).toMatchObject({ code: 0 });
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(proof.stdout) as object), seq: 4 }));
    expect(await appliance.cli('audit', 'verify', file)).toMatchObject({ code: 1 });
  });

  it('keeps secrets out of the record', async () => {
    const exported = await appliance.cli('audit', 'export');
    expect(exported.code).toBe(0);
    expect(exported.stdout.split('\n').length).toBeGreaterThan(20);
    expect(exported.stdout).not.toContain(DEMO_SECRET);
    const token = /:([^:@]+)@/.exec(shell['HTTPS_PROXY'] ?? '')?.[1] ?? 'none';
    expect(exported.stdout).not.toContain(token);
  });

  it('keeps what was blocked over a kill -9, and the log verifies; who followed it is told where to go on', async () => {
    const tail = spawn(PROGRAM, ['audit', 'tail', '--after', '-1', '--state', appliance.state], { stdio: 'pipe' });
    const [first] = (await once(tail.stdout, 'data')) as [Buffer];
    const [rest, said, ended] = [text(tail.stdout), text(tail.stderr), once(tail, 'exit')];
    await appliance.kill();
    expect((await ended)[0]).toBe(3);
    const seqs = `${first}${await rest}`.match(/^\{"seq":[0-9]+/gm)?.map((line) => Number(line.slice(7))) ?? [];
    expect(seqs).toEqual(Array.from(seqs, (_, i) => i));
    expect(await said).toContain(`go on with \`--after ${seqs.at(-1)}\``);
    appliance = await startProgram(appliance.state);
    const listed = await appliance.cli('category', 'list', '--json');
    const { categories } = JSON.parse(listed.stdout) as { categories: { id: string; blocked: boolean }[] };
    expect(categories.find((c) => c.id === 'net-disks')).toMatchObject({ blocked: true });
    expect(await appliance.cli('audit', 'verify')).toMatchObject({ code: 0 });
  });

  it('drains and ends with 0 on SIGTERM', async () => {
    expect(await appliance.stop()).toBe(0);
  });
});

/** `export NAME='value'` lines as a shell would read them. */
function exportsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export ([A-Za-z_]+)='([^']*)'$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
}

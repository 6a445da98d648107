/** T-85: canaries planted in everything that passes through; then everything that was written is searched for them. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import {
  execute,
  PROGRAM,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
/** Values that no rule knows, so that only their never being written keeps them out; and those that rules find. */
const planted = new Map<string, string>();
let appliance: RunningAppliance;
let said = '';
let shell: NodeJS.ProcessEnv = {};
let origin = '';

function canary(name: string): string {
  const value = `canary${name}${Buffer.from(`locktender ${name} canary`).toString('hex')}`;
  planted.set(name, value);
  return value;
}

async function curl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await execute(['curl', '-sSi', '--max-time', '20', ...args], { env: shell });
  return stdout + stderr;
}

beforeAll(async () => {
  const key = canary('DevKey');
  const extra = ['--set', 'log.level=debug', '--set', `gateway.dev_key=${key}`];
  appliance = await startProgram(join(directory.path, 'state'), extra);
  appliance.process.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  appliance.process.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  origin = `https://docs.demo.test:${appliance.door('demonstration origins').split(':')[1]}`;
  const issued = await appliance.cli('pass', 'issue', '--tenant', 'acme', '--env');
  shell = { PATH: process.env['PATH'], ...exportsOf(issued.stdout) };
  planted.set('Pass', /:([^:@]+)@/.exec(shell['HTTPS_PROXY'] ?? '')?.[1] ?? '');
  planted.set('AdminToken', readFileSync(join(appliance.state, 'admin-token'), 'utf8').trim());
  planted.set('Secret', DEMO_SECRET);
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

describe('T-85 canaries', () => {
  it('are planted in headers, bodies, queries, passes, tools and faults', async () => {
    const headers = ['Authorization: Bearer', 'Cookie: session=', 'X-Api-Key:', 'Referer: https://x.test/?'];
    for (const [i, header] of headers.entries()) await curl('-H', `${header}${canary(`Header${i}`)}`, `${origin}/`);
    // A body, sent by a method that is denied; in the clear, inspected, and in a request that is not HTTP at all.
    expect(await curl('-d', canary('Body'), `${origin}/`)).toMatch(/method_denied|would_allow/);
    await curl('-d', canary('PlainBody'), 'http://docs.demo.test/');
    // Secrets in the places of a URL: the demonstration keeps paths in the clear.
    expect(await curl(`${origin}/?token=${DEMO_SECRET}`)).toContain('403');
    expect(await curl(`${origin}/${DEMO_SECRET}/x`)).toContain('403');
    await curl('-u', `user:${canary('Userinfo')}`, `${origin}/`);
    expect(await curl(`${origin}/config.json`)).toContain('[REDACTED:GITHUB_TOKEN]');
    // Passes that are none.
    const proxy = `http://${appliance.door('egress proxy')}`;
    const bare = { env: { PATH: shell['PATH'] } };
    const malformed = proxy.replace('//', `//t_1:${canary('BadPass')}@`);
    await execute(['curl', '-sS', '-x', malformed, `${origin}/`], bare);
    await execute(
      ['curl', '-sS', '-x', proxy, '--proxy-header', `Proxy-Authorization: Bearer ${canary('BadScheme')}`, origin],
      bare,
    );
    const socks = `socks5h://t_1:${canary('SocksPass')}@${appliance.door('socks5')}`;
    await execute(['curl', '-sS', '-x', socks, `${origin}/`], bare);
    // Requests that cannot be parsed.
    await execute(
      ['curl', '-sS', '-x', proxy, '-H', `Bad Header: ${canary('BadHeader')}`, 'http://docs.demo.test/'],
      bare,
    );
    await curl('-H', `Transfer-Encoding: ${canary('BadFraming')}`, 'http://docs.demo.test/');
    // Doors that take bearer tokens.
    for (const [door, path] of [
      ['gateway', '/v1/tasks/none'],
      ['admin API', '/v1/status'],
    ] as const) {
      const url = `http://${appliance.door(door)}${path}`;
      await execute(['curl', '-sS', '-H', `Authorization: Bearer ${canary(`Token${door.length}`)}`, url], bare);
      await execute(['curl', '-sS', `${url}?access_token=${canary(`Query${door.length}`)}`], bare);
    }
  });

  it('are planted in tools: code, input, output, log lines and errors', async () => {
    const file = join(directory.path, 'tool.ts');
    const input = JSON.stringify({ given: canary('ToolInput') });
    const act = `console.log('${canary('ToolLog')}', '${DEMO_SECRET}');`;
    for (const last of [
      `return { out: '${DEMO_SECRET}' };`,
      `throw new Error('${DEMO_SECRET} ${canary('ToolError')}');`,
      `syntax error ${canary('ToolSyntax')}`,
      `await fetch('${origin}/', { method: 'POST', body: '${canary('ToolFetch')}', headers: { 'x-a': '${canary('ToolHeader')}' } });`,
    ]) {
      writeFileSync(file, `/* ${canary('ToolCode')} */ export default async (input) => { ${act} ${last} }`);
      await appliance.cli('exec', file, '--input', input, '--json');
    }
    const ran = await execute([PROGRAM, 'guard', '--state', appliance.state], { input: DEMO_SECRET });
    expect(ran.stdout).toBe('[REDACTED:GITHUB_TOKEN]');
    expect(ran.stderr).toContain('"rule":"github-pat"');
    expect(ran.stderr).not.toContain(DEMO_SECRET);
    const url = `http://${appliance.door('gateway')}/v1/guard`;
    const bearer = `Authorization: Bearer ${planted.get('DevKey')}`;
    const guarded = await execute([
      'curl',
      '-sS',
      '-H',
      bearer,
      '-H',
      'content-type: text/plain',
      '-d',
      DEMO_SECRET,
      url,
    ]);
    expect(guarded.stdout).toContain('REDACTED');
  }, 60_000);

  it('are in nothing that was written', async () => {
    const places = new Map<string, Buffer>();
    const base = `http://${appliance.door('admin API')}`;
    const bearer = `Authorization: Bearer ${planted.get('AdminToken')}`;
    for (const path of [
      '/metrics',
      '/v1/status',
      '/v1/slo',
      '/v1/tasks',
      '/v1/audit/events?limit=1000',
      '/openapi.json',
    ]) {
      places.set(path, Buffer.from((await execute(['curl', '-sS', '-H', bearer, `${base}${path}`])).stdout));
    }
    places.set('audit export', Buffer.from((await appliance.cli('audit', 'export')).stdout));
    places.set('audit query', Buffer.from((await appliance.cli('audit', 'query', '--limit', '1000', '--json')).stdout));
    expect(await appliance.stop()).toBe(0);
    places.set('stdout and stderr', Buffer.from(said));
    for (const file of filesOf(appliance.state)) {
      // Where these secrets live, 0600: that they are nowhere else is what is tested.
      if (!/^(keys\/|admin-token$)/.test(relative(appliance.state, file))) places.set(file, readFileSync(file));
    }
    expect(said).toMatch(/"level":20|debug/);
    expect(places.size).toBeGreaterThan(15);
    expect(planted.size).toBeGreaterThan(25);
    expect(places.get('audit export')?.toString()).toContain('"type":"guard.verdict"');
    // A path in which nothing was found is readable, as this profile says; in the log it is sealed.
    expect(places.get('audit query')?.toString()).toContain('"path":"/config.json"');
    expect(places.get('audit export')?.toString()).not.toContain('/config.json"');
    expect([...places].flatMap(([place, bytes]) => foundIn(bytes).map((name) => `${name} in ${place}`))).toEqual([]);
  });
});

function foundIn(bytes: Buffer): string[] {
  return [...planted].filter(([, value]) => formsOf(value).some((form) => bytes.includes(form))).map(([name]) => name);
}

/** As it is, and as encoders would have written it at any of three offsets. */
function formsOf(value: string): string[] {
  const base64 = [0, 1, 2].map((pad) => {
    const text = Buffer.from('x'.repeat(pad) + value).toString('base64');
    return text.slice(pad === 0 ? 0 : 4, -4);
  });
  return [value, Buffer.from(value).toString('hex'), ...base64];
}

function* filesOf(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* filesOf(path);
    else if (statSync(path).isFile()) yield path;
  }
}

function exportsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='(.*)'$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
}

/**
 * docker-compose.yml as an operator uses it: built, brought up, and tried from inside the sandbox's container. Needs an
 * engine and `BASE_IMAGE`: `npm run test:docker` sees to both.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, type Ran } from '../journey/running-appliance.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = 'locktender-test';
const env = { ...process.env, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
const compose = (...args: string[]) => execute(['docker-compose', '-p', PROJECT, ...args], { cwd: ROOT, env });
const gate = (...args: string[]) => compose('exec', '-T', 'gate', 'bin/locktender', ...args);

let exports = '';

/** Runs a script in the sandbox, with the pass or without. */
function sandbox(script: string, setup = exports): Promise<Ran> {
  const command = ['docker', 'exec', '-i', `${PROJECT}_sandbox_1`, 'sh'] as const;
  return execute(command, { env, input: `${setup}\n${script}\n` });
}

async function must(ran: Promise<Ran>): Promise<Ran> {
  const done = await ran;
  if (done.code !== 0) throw new Error(`ended with ${done.code}: ${done.stdout}${done.stderr}`.slice(-4000));
  return done;
}

beforeAll(async () => {
  await compose('down', '--volumes');
  await must(compose('build'));
  await must(compose('up', '-d'));
  const issued = await must(gate('pass', 'issue', '--tenant', 'acme', '--env', '--trust', '/etc/locktender/trust'));
  exports = issued.stdout;
});

afterAll(() => compose('down', '--volumes'));

describe('inside the sandbox container', () => {
  it('an allowed host works through the gate, and the secret in its answer is redacted', async () => {
    const ran = await sandbox('curl -sS https://docs.demo.test:8443/config.json');
    expect(ran.stdout).toContain('[REDACTED:GITHUB_TOKEN]');
  });

  it('another host is denied, with the reason', async () => {
    const ran = await sandbox('curl -sS -i https://example.com/');
    expect(ran.stdout).toMatch(/^HTTP\/1\.1 403/);
    expect(ran.stdout).toContain('details="default_deny:');
  });

  it.each([
    ['T-44 a direct connection', "curl -sS --noproxy '*' -m 3 http://93.184.215.14/ || echo closed", /closed/],
    ['T-19 the metadata address', "curl -sS --noproxy '*' -m 3 http://169.254.169.254/ || echo closed", /closed/],
    ['the name of a host outside', 'getent hosts example.com || echo unknown', /unknown/],
    ['the admin door of the gate', "curl -sS --noproxy '*' -m 3 http://gate:9128/healthz || echo closed", /closed/],
    ['IPv6', "curl -6 -sS --noproxy '*' -m 3 'http://[2606:4700::1111]/' || echo closed", /closed/],
  ])('%s: nothing', async (_, script, expected) => {
    const ran = await sandbox(script, '');
    expect(ran.stdout.trim()).toMatch(expected);
  });

  it('a running download is cut when its category is blocked, and the receipt says so', async () => {
    const command = ['exec', '-i', `${PROJECT}_sandbox_1`, 'sh'];
    const download = spawn('docker', command, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => download.once('close', resolve));
    const flowing = new Promise<void>((resolve) => download.stdout.once('data', () => resolve()));
    download.stdin.end(`${exports}\nexec curl -sSN https://files.demo.test:8443/download\n`);
    await flowing;
    const blocked = await must(gate('category', 'block', 'net-disks', '--why', 'drill', '--json'));
    expect(await ended).not.toBe(0);
    // The tunnel and the request inside it.
    expect(JSON.parse(blocked.stdout)).toMatchObject({ live: 2, cut: 2 });
  });
});

describe('the appliance in its container', () => {
  it('runs isolates behind the strongest wall that stands there, and the record says which', async () => {
    const code = 'export default async () => (await fetch("https://docs.demo.test:8443/config.json")).json()';
    const ran = await execute(['docker', 'exec', '-i', `${PROJECT}_gate_1`, 'bin/locktender', 'exec', '-', '--json'], {
      env,
      input: code,
    });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: 'completed',
      result: { token: '[REDACTED:GITHUB_TOKEN]' },
      wall: expect.stringMatching(/^(bubblewrap|process)$/),
    });
  });

  it('is nobody, may write only its state, and has no compiler', async () => {
    const ran = await execute(['docker', 'exec', '-i', `${PROJECT}_gate_1`, 'sh'], {
      env,
      input: 'id -u; touch /opt/locktender/x 2>&1; command -v g++ npm python3 || echo none\n',
    });
    expect(ran.stdout).toMatch(/^10128\n.*Read-only file system\nnone\n$/);
  });

  it('keeps a log that verifies outside, with nothing but the files and the key', async () => {
    const dir = await execute(['mktemp', '-d'], {});
    const to = dir.stdout.trim();
    await must(execute(['docker', 'cp', `${PROJECT}_gate_1:/var/lib/locktender/audit`, to], { env }));
    await must(execute(['docker', 'cp', `${PROJECT}_gate_1:/var/lib/locktender/log-keys.txt`, to], { env }));
    const verified = await execute([
      `${ROOT}bin/locktender`,
      'audit',
      'verify',
      `${to}/audit`,
      '--key',
      `${to}/log-keys.txt`,
    ]);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('verified:') });
    await execute(['rm', '-rf', to]);
  });
});

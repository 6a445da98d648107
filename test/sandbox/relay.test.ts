/** `locktender relay` between a client that knows no pass and a real appliance. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  execute,
  PROGRAM,
  type RunningAppliance,
  startProgram,
  temporaryDirectory,
} from '../journey/running-appliance.ts';

const directory = temporaryDirectory();
const trust = join(directory.path, 'trust');
/** A request ends with the pass it came with: on a crowded machine one takes seconds. */
const TTL = '5s';
let appliance: RunningAppliance;
let relay: ChildProcess;
let address = '';

const where = () => [
  ...['--gate', appliance.door('egress proxy'), '--gateway', `http://${appliance.door('gateway')}`],
  ...['--token-file', join(appliance.state, 'gateway-key'), '--tenant', 'acme', '--listen', '127.0.0.1:0'],
];

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  const ca = join(appliance.state, 'keys', 'ca.pem');
  const args = ['relay', ...where(), '--ttl', TTL, '--ca', ca, '--trust', trust];
  relay = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  address = await new Promise<string>((resolve, reject) => {
    let out = '';
    relay.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    relay.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      const said = /^relay (\S+)\nready$/m.exec(out);
      if (said) resolve(said[1] ?? '');
    });
  });
});

afterAll(async () => {
  relay?.kill('SIGKILL');
  await appliance?.stop();
  directory.remove();
});

const curl = (...args: string[]) =>
  execute(['curl', '-sS', '-i', '--max-time', '20', '-x', `http://${address}`, ...args], {
    env: { ...process.env, CURL_CA_BUNDLE: join(trust, 'bundle.pem') },
  });
/** Tasks whose passes the relay has had, once there is a second. */
async function untilRenewed(): Promise<string[]> {
  for (;;) {
    const { stdout } = await appliance.cli('audit', 'query', '--type', 'task.admitted', '--tenant', 'acme', '--json');
    const { events } = JSON.parse(stdout) as { events: { event: { task: string } }[] };
    if (events.length > 1) return events.map(({ event }) => event.task).reverse();
  }
}

const origin = () => `https://docs.demo.test:${appliance.door('demonstration origins').split(':').at(-1)}`;

describe('a client beside the relay', () => {
  it('T-49 reaches what the policy allows without holding a pass', async () => {
    const ran = await curl(`${origin()}/config.json`);
    expect(ran.stdout).toContain('[REDACTED:GITHUB_TOKEN]');
  });

  it('cannot act by another pass than its own', async () => {
    const ran = await curl('--proxy-user', 'other:nonsense', `${origin()}/config.json`);
    expect(ran.stdout).toContain('[REDACTED:GITHUB_TOKEN]');
  });

  it('is told why it is denied, over plain HTTP and CONNECT', async () => {
    const plain = await curl('http://pastebin.com/', 'http://pastebin.com/again');
    expect(plain.stdout.match(/HTTP\/1\.1 403/g)).toHaveLength(2);
    expect(plain.stdout).toContain('"code":"category_blocked"');
    const tunnel = await curl('https://pastebin.com/');
    expect(tunnel.stdout).toContain('403 Forbidden (category_blocked)');
  });

  it('goes on beyond the life of one pass', async () => {
    const [first, second] = await untilRenewed();
    expect(second).not.toBe(first);
    const killed = await appliance.cli('task', 'kill', first ?? '');
    expect([killed.stderr, killed.code]).toEqual(['', 0]);
    expect((await curl(`${origin()}/config.json`)).stdout).toContain('[REDACTED:GITHUB_TOKEN]');
  });

  it('ends at SIGTERM with 0', async () => {
    const ended = new Promise((resolve) => relay.once('exit', resolve));
    relay.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe('a relay that cannot start says why', () => {
  it.each([
    ['a gate that is no address', ['--gate', 'nonsense'], 2, 'is not `host:port`'],
    ['a gateway that is no URL', ['--gateway', 'gate.test:8128'], 2, '`gate.test:8128` is not the URL of a gateway'],
    ['a token that is not there', ['--token-file', '/no/such/file'], 2, 'cannot read `/no/such/file` (ENOENT)'],
    [
      'a gateway that does not answer',
      ['--gateway', 'http://127.0.0.1:9'],
      3,
      'cannot reach the gateway at 127.0.0.1:9',
    ],
    ['a profile that admission refuses', ['--profile', 'nonsense'], 1, 'issued no pass'],
    ['a CA without a place for it', ['--ca', 'x.pem'], 2, '`--ca` and `--trust` go together'],
  ])('%s', async (_name, changed, code, said) => {
    const ran = await execute([PROGRAM, 'relay', ...where(), ...changed]);
    expect(ran.stderr).toContain(said);
    expect(ran.code).toBe(code);
  });
});

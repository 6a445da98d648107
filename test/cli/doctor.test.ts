/** `doctor` in a shell that something was broken in: it names what, and the fix. Real appliance, real clients. */

import { writeFileSync } from 'node:fs';
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
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy|_CA|CERT/i.test(name)));
let appliance: RunningAppliance;
let shell: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  appliance = await startProgram(join(directory.path, 'state'));
  shell = await shellOf(['--tenant', 'acme']);
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

async function shellOf(options: readonly string[]): Promise<Record<string, string>> {
  const { stdout } = await appliance.cli('pass', 'issue', '--env', ...options);
  return Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

interface Check {
  readonly name: string;
  readonly outcome: string;
  readonly said: string | null;
  readonly fix: string | null;
}

async function doctor(changed: Readonly<Record<string, string | undefined>>, only = 'curl,python urllib') {
  const ran = await execute([PROGRAM, 'doctor', '--json', '--only', only, '--state', appliance.state], {
    env: { ...clean, ...shell, ...changed },
  });
  const { ok, checks } = JSON.parse(ran.stdout) as { ok: boolean; checks: Check[] };
  return { ...ran, ok, of: (name: string) => checks.find((check) => check.name === name) };
}

const NOT_TRUSTED = /does not trust the CA of this gate: point its CA variable at the merged bundle/;

describe('doctor', () => {
  it('finds nothing wrong with the shell that `pass issue --env` makes', async () => {
    const { ok, code, of } = await doctor({});
    expect(of('curl')).toMatchObject({ outcome: 'works', fix: null });
    expect(of('shell: pass')).toMatchObject({ outcome: 'works', fix: null });
    expect(['shell: proxy', 'shell: NO_PROXY', 'shell: CA'].map(of)).toEqual([undefined, undefined, undefined]);
    expect(ok).toBe(code === 0);
  });

  it('names CA variables that are not set, and the client that trusts nothing of ours', async () => {
    const { code, of } = await doctor({ CURL_CA_BUNDLE: undefined, SSL_CERT_FILE: undefined });
    expect(code).toBe(1);
    expect(of('shell: CA')).toMatchObject({
      said: 'not set: SSL_CERT_FILE, CURL_CA_BUNDLE',
      fix: expect.stringContaining('pass issue'),
    });
    expect(of('curl')).toMatchObject({ outcome: 'fails', fix: expect.stringMatching(NOT_TRUSTED) });
    expect(of('python urllib')).toMatchObject({ outcome: 'fails', fix: expect.stringMatching(NOT_TRUSTED) });
  });

  it('names a bundle without our CA, and one that is not there', async () => {
    const bundle = join(directory.path, 'other.pem');
    writeFileSync(bundle, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const { code, of } = await doctor({ SSL_CERT_FILE: bundle, PIP_CERT: '/no/such/file' }, 'python urllib');
    expect(code).toBe(1);
    expect(of('shell: CA')?.said).toBe('names a file without the CA of this gate: SSL_CERT_FILE, PIP_CERT');
  });

  it('names the entry of NO_PROXY that makes clients go round the gate', async () => {
    const { code, of } = await doctor({
      NO_PROXY: 'localhost,127.0.0.1,.demo.test',
      no_proxy: 'localhost,127.0.0.1,.demo.test',
    });
    expect(code).toBe(1);
    expect(of('shell: NO_PROXY')).toMatchObject({
      said: '`.demo.test` in NO_PROXY makes tools go round the gate',
      fix: expect.stringMatching(/^take it out/),
    });
    expect(of('curl')).toMatchObject({
      outcome: 'fails',
      fix: expect.stringContaining('take the host out of NO_PROXY'),
    });
  });

  it('names a pass that has expired, and shows no part of it', async () => {
    const brief = await shellOf(['--tenant', 'acme', '--ttl', '1s']);
    await expect
      .poll(async () => (await doctor(brief, 'curl')).of('shell: pass')?.outcome, { timeout: 30_000 })
      .toBe('fails');
    const { code, of, stdout } = await doctor(brief, 'python urllib');
    expect(code).toBe(1);
    expect(of('shell: pass')).toMatchObject({ said: 'pass_expired', fix: expect.stringContaining('issue a new one') });
    expect(of('python urllib')).toMatchObject({ outcome: 'fails', fix: expect.stringContaining('get a new one') });
    const password = URL.parse(brief['HTTPS_PROXY'] ?? '')?.password ?? '';
    expect(password.length).toBeGreaterThan(100);
    expect(stdout).not.toContain(password);
  }, 60_000);

  it('sets up a shell that does not use this gate, as `run` would', async () => {
    const none = Object.fromEntries(Object.keys(shell).map((name) => [name, undefined]));
    const { of } = await doctor(none, 'curl');
    expect(of('curl')).toMatchObject({ outcome: 'works', said: null });
    expect(of('shell: pass')).toBeUndefined();
  });

  it('tells a denial from a client that is set up wrongly', async () => {
    await appliance.cli('host', 'deny', 'docs.demo.test');
    const { of } = await doctor({}, 'curl');
    expect(of('curl')).toMatchObject({ outcome: 'fails', fix: expect.stringContaining('--effect deny` says why') });
    await appliance.cli('host', 'clear', 'docs.demo.test');
  });

  it.each(['foo', 'https://example.com/path', 'ftp://example.com'])('refuses %s as an origin', async (origin) => {
    const ran = await appliance.cli('doctor', '--only', 'curl', '--origin', origin);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`\`${origin}\` is not an origin`) });
  });

  it('refuses a toolchain that it does not know', async () => {
    const ran = await appliance.cli('doctor', '--only', 'curl,telnet');
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('`telnet` is not a toolchain') });
  });
});

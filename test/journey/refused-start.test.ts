/** What must be right at start: each fault is named, ends with 2, and leaves what runs alone. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, PROGRAM, type RunningAppliance, startProgram, temporaryDirectory } from './running-appliance.ts';

const directory = temporaryDirectory();
const rules = join(directory.path, 'rules');
let appliance: RunningAppliance;

beforeAll(async () => {
  cpSync(fileURLToPath(new URL('../../rules', import.meta.url)), rules, { recursive: true });
  appliance = await startProgram(join(directory.path, 'state'), ['--set', `rules=${rules}`]);
}, 60_000);

afterAll(async () => {
  await appliance?.stop();
  directory.remove();
});

const serve = (...args: string[]) => execute([PROGRAM, 'serve', ...args], { cwd: directory.path });

const ANY_PORTS = ['proxy', 'socks', 'gateway', 'admin'].flatMap((door) => ['--set', `${door}.listen=127.0.0.1:0`]);

describe('a start that is refused', () => {
  it('a second appliance on the same state directory', async () => {
    const ran = await serve('--state', appliance.state, '--set', 'proxy.listen=127.0.0.1:0');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('in use');
    expect(ran.stdout).not.toContain('ready');
  });

  it('a port in use', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const ran = await serve('--state', join(directory.path, 'other'), '--set', `proxy.listen=127.0.0.1:${port}`);
    holder.close();
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`the egress proxy cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
  });

  it('a state directory that cannot be made', async () => {
    const ran = await serve('--state', '/proc/locktender');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('/proc/locktender');
  });

  it('files of TLS that are missing, are none, or do not belong together, each by its key', async () => {
    for (const name of ['a', 'b']) {
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`];
      expect(await execute(['openssl', ...args, ...out], { cwd: directory.path })).toMatchObject({ code: 0 });
    }
    const refusals = [
      ['proxy.tls', 'a.pem', 'missing.key', /proxy\.tls\.key: cannot read `\S+missing\.key` \(ENOENT\)/],
      [
        'proxy.tls',
        'a.pem',
        'b.key',
        /proxy\.tls\.key: `\S+b\.key` must hold the private key, in PEM form, of `\S+a\.pem`/,
      ],
      ['proxy.tls', 'a.key', 'a.key', /proxy\.tls\.cert: `\S+a\.key` must hold certificates in PEM form/],
      ['gateway.tls', 'missing.pem', 'a.key', /gateway\.tls_cert: cannot read `\S+missing\.pem` \(ENOENT\)/],
    ] as const;
    for (const [at, cert, key, said] of refusals) {
      const [certKey, keyKey] = at === 'proxy.tls' ? [`${at}.cert`, `${at}.key`] : [`${at}_cert`, `${at}_key`];
      const ran = await serve(
        '--state',
        'tls',
        '--set',
        `${certKey}=${cert}`,
        '--set',
        `${keyKey}=${key}`,
        ...ANY_PORTS,
      );
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(said);
    }
    for (const ca of ['gateway.client_ca=a.key', 'proxy.inspect.upstream_ca=a.key']) {
      const tls = ['--set', 'gateway.tls_cert=a.pem', '--set', 'gateway.tls_key=a.key'];
      const ran = await serve('--state', 'tls', '--set', ca, ...tls, ...ANY_PORTS);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(/: `\S+a\.key` must hold certificates in PEM form/);
    }
  }, 120_000);

  it('an unknown key, with the nearest known one', async () => {
    writeFileSync(join(directory.path, 'wrong.yaml'), 'proxy:\n  lissten: 127.0.0.1:1\n');
    const ran = await serve('--config', 'wrong.yaml');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/wrong\.yaml:2:3: unknown key `proxy\.lissten`.*`listen`/);
  });

  it('a DLP rule whose own test fails, with its file, line and rule', async () => {
    const broken = join(directory.path, 'broken');
    cpSync(rules, broken, { recursive: true });
    writeFileSync(join(broken, 'dlp', 'broken.yaml'), BROKEN_RULE);
    const ran = await serve('--state', join(directory.path, 'third'), '--set', `rules=${broken}`);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/dlp\/broken\.yaml:[0-9]+:[0-9]+: .*`broken-rule`/);
  });

  it('a policy file that does not parse', async () => {
    const broken = join(directory.path, 'unparsed');
    cpSync(rules, broken, { recursive: true });
    mkdirSync(join(broken, 'capabilities'), { recursive: true });
    writeFileSync(join(broken, 'capabilities', 'net.read.odd.yaml'), 'version: 1\nname: net.read.odd\nownr: me\n');
    const ran = await serve('--state', join(directory.path, 'fourth'), '--set', `rules=${broken}`);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/capabilities\/net\.read\.odd\.yaml:3:1: .*`ownr`/);
  });
});

describe('a reload that is refused', () => {
  it('keeps the running policy and says where the new one is wrong', async () => {
    const before = JSON.parse((await appliance.cli('status', '--json')).stdout) as { bundle: string };
    writeFileSync(join(rules, 'capabilities', 'net.read.odd.yaml'), 'version: 1\nname: net.read.odd\nownr: me\n');
    const refused = await appliance.cli('policy', 'reload');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/net\.read\.odd\.yaml:3:1/);
    const after = JSON.parse((await appliance.cli('status', '--json')).stdout) as { bundle: string };
    expect(after.bundle).toBe(before.bundle);
  });
});

const BROKEN_RULE = `version: 1
rules:
  - id: broken-rule
    description: Its own test does not match
    info_type: BROKEN
    kind: secret
    keywords: [brk_]
    regex: '\\b(brk_[0-9]{4})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ['brk_abcd'], no_match: ['nothing'] }
`;

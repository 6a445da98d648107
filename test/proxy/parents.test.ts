/** Behind real parent proxies (tinyproxy by CONNECT, microsocks by SOCKS5), and before clients that speak TLS to the gate. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { execute } from '../journey/running-appliance.ts';
import { type Lab, openLab } from './lab.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-parents-'));
const children: ChildProcess[] = [];
let lab: Lab | null = null;

afterEach(async () => {
  await lab?.close();
  lab = null;
  for (const child of children.splice(0)) child.kill('SIGTERM');
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      server.close(() => resolve(typeof at === 'object' && at !== null ? at.port : 0));
    });
  });
}

async function started(port: number, ...command: readonly [string, ...string[]]): Promise<number> {
  const [program, ...args] = command;
  children.push(spawn(program, args, { stdio: 'ignore' }));
  await expect.poll(() => reachable(port), { timeout: 20_000 }).toBe(true);
  return port;
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}

async function tinyproxy(more = ''): Promise<number> {
  const port = await freePort();
  const file = join(dir, `tinyproxy-${port}.conf`);
  writeFileSync(
    file,
    `Port ${port}\nListen 127.0.0.1\nLogFile "${file}.log"\nLogLevel Connect\nMaxClients 50\n${more}`,
  );
  return started(port, 'tinyproxy', '-d', '-c', file);
}

const seenBy = (port: number): string => readFileSync(join(dir, `tinyproxy-${port}.conf.log`), 'utf8');

const curl = (at: Lab, pass: string, url: string, ...more: string[]) => {
  writeFileSync(join(dir, 'ca.pem'), at.ca);
  const proxy = `http://${pass}@${at.appliance.proxyAddress}`;
  return execute(['curl', '-sS', '--max-time', '20', '-i', '-x', proxy, '--cacert', join(dir, 'ca.pem'), ...more, url]);
};

/** A flow through a parent, cut in the middle of its transfer. */
async function endsOnBothSides(at: Lab): Promise<void> {
  let gone = false;
  at.script = (origin) => {
    origin.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
    const more = setInterval(() => origin.write('plain text. '.repeat(20)), 5);
    origin.once('close', () => {
      clearInterval(more);
      gone = true;
    });
  };
  const { socket } = await at.tunnel('web.lab.test');
  if (socket === null) throw new Error('no tunnel');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.write(`GET /endless HTTP/1.1\r\nHost: web.lab.test:${at.tlsPort}\r\n\r\n`);
  await expect.poll(() => bytes, { timeout: 10_000 }).toBeGreaterThan(1000);
  const receipt = await at.admin('/v1/hosts/web.lab.test/deny', { why: 'test' });
  expect(receipt).toMatchObject({ dependants: 2, cut: 2, missed: [] });
  await expect.poll(() => socket.destroyed || socket.closed, { timeout: 5000 }).toBe(true);
  await expect.poll(() => gone, { timeout: 5000 }).toBe(true);
}

describe('parent proxies', () => {
  it.each([
    ['tinyproxy by CONNECT', async () => `http://127.0.0.1:${await tinyproxy()}`],
    [
      'tinyproxy by CONNECT with a login',
      async () => `http://gate:parent-secret@127.0.0.1:${await tinyproxy('BasicAuth gate parent-secret\n')}`,
    ],
    [
      'microsocks by SOCKS5',
      async () => {
        const port = await freePort();
        return `socks5://127.0.0.1:${await started(port, 'microsocks', '-i', '127.0.0.1', '-p', String(port))}`;
      },
    ],
    [
      'microsocks by SOCKS5 with a login',
      async () => {
        const port = await freePort();
        const command = [
          'microsocks',
          '-i',
          '127.0.0.1',
          '-p',
          String(port),
          '-u',
          'gate',
          '-P',
          'parent-secret',
        ] as const;
        return `socks5://gate:parent-secret@127.0.0.1:${await started(port, ...command)}`;
      },
    ],
  ])(
    'carry what was allowed, in the clear and inspected: %s',
    async (_, parent) => {
      lab = await openLab({ 'proxy.parent.url': await parent() });
      const plain = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
      expect(plain.stdout).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello$/);
      const inspected = await curl(lab, lab.passes.read, `https://web.lab.test:${lab.tlsPort}/`, '--http1.1');
      expect(inspected.stdout).toMatch(/HTTP\/1\.1 200 OK[^\n]*\r\n[\s\S]*hello$/);
      expect(lab.heads.join('')).not.toMatch(/proxy-authorization|parent-secret/i);
      await endsOnBothSides(lab);
    },
    60_000,
  );

  it('are told the address that was checked and not the name, and nothing of what was denied', async () => {
    const port = await tinyproxy();
    lab = await openLab({ 'proxy.parent.url': `http://127.0.0.1:${port}` });
    await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
    const denied = await curl(lab, lab.passes.read, 'https://elsewhere.test/');
    expect(denied.stdout).toMatch(/default_deny|403/);
    const forbidden = await curl(lab, lab.passes.read, `http://meta.lab.test:${lab.plainPort}/`);
    expect(forbidden.stdout).toMatch(/^HTTP\/1\.1 403 /);
    expect(seenBy(port)).toContain(`127.0.0.1:${lab.plainPort}`);
    expect(seenBy(port)).not.toMatch(/lab\.test|elsewhere|169\.254/);
  }, 60_000);

  it('that are gone, or refuse, are a clear denial of their own', async () => {
    lab = await openLab({ 'proxy.parent.url': `http://127.0.0.1:${await freePort()}` });
    const gone = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
    expect(gone.stdout).toMatch(/^HTTP\/1\.1 502 [\s\S]*parent_failed/);
    await lab.close();
    lab = await openLab({
      'proxy.parent.url': `http://127.0.0.1:${await tinyproxy('BasicAuth gate parent-secret\n')}`,
    });
    const refused = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
    expect(refused.stdout).toMatch(/^HTTP\/1\.1 502 [\s\S]*parent_failed/);
  }, 60_000);
});

describe('TLS to the gate itself', () => {
  const certificate = (name: string, ...more: string[]) =>
    execute([
      ...([
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
      ] as const),
      ...['-subj', `/CN=${name}`, '-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.pem`), ...more],
    ]);

  it('serves an https proxy, and asks for client certificates where it is told to', async () => {
    expect(await certificate('gate', '-addext', 'subjectAltName=IP:127.0.0.1')).toMatchObject({ code: 0 });
    expect(await certificate('client')).toMatchObject({ code: 0 });
    const tls = { 'proxy.tls.cert': join(dir, 'gate.pem'), 'proxy.tls.key': join(dir, 'gate.key') };
    lab = await openLab(tls);
    const through = (at: Lab, ...more: string[]) => {
      writeFileSync(join(dir, 'ca.pem'), at.ca);
      const args = ['-sS', '--max-time', '20', '-i', '-x', `https://${at.passes.read}@${at.appliance.proxyAddress}`];
      const trust = ['--proxy-cacert', join(dir, 'gate.pem'), '--cacert', join(dir, 'ca.pem'), '--http1.1'];
      return execute(['curl', ...args, ...trust, ...more, `https://web.lab.test:${at.tlsPort}/`]);
    };
    expect((await through(lab)).stdout).toMatch(/200 OK[\s\S]*hello$/);
    await lab.close();
    lab = await openLab({ ...tls, 'proxy.tls.client_ca': join(dir, 'client.pem') });
    expect((await through(lab)).code).not.toBe(0);
    const known = ['--proxy-cert', join(dir, 'client.pem'), '--proxy-key', join(dir, 'client.key')];
    expect((await through(lab, ...known)).stdout).toMatch(/200 OK[\s\S]*hello$/);
  }, 60_000);
});

/** Behind real parent proxies (tinyproxy by CONNECT, microsocks by SOCKS5), and before clients that speak TLS to the gate. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { execute } from '../journey/running-appliance.ts';
import { type Lab, openLab } from './lab.ts';

const dir = mkdtempSync(join(tmpdir(), 'locktender-parents-'));
const children: ChildProcess[] = [];
const servers: Server[] = [];
let lab: Lab | null = null;

afterEach(async () => {
  await lab?.close();
  lab = null;
  for (const child of children.splice(0)) child.kill('SIGTERM');
  for (const server of servers.splice(0)) server.close();
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

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A parent that a test plays itself. */
const played = (serve: (socket: Socket) => void): Promise<number> =>
  listening(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    }),
  );

/** A parent that answers the first bytes of each connection so. */
const answering = (...answers: readonly (string | Buffer)[]): Promise<number> =>
  played((socket) => {
    const left = [...answers];
    socket.on('data', () => void socket.write(left.shift() ?? '', 'latin1'));
  });

/** The certificate of a parent for this machine's address, and for a name; made once. */
async function certified(
  name: string,
): Promise<{ readonly cert: string; readonly key: string; readonly file: string }> {
  const [file, key] = [join(dir, `${name}-parent.pem`), join(dir, `${name}-parent.key`)];
  const made = await execute([
    'openssl',
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${name === 'address' ? 'IP:127.0.0.1' : `DNS:${name}`}`],
    ...['-keyout', key, '-out', file],
  ]);
  expect(made).toMatchObject({ code: 0 });
  return { cert: readFileSync(file, 'utf8'), key: readFileSync(key, 'utf8'), file };
}

/** TLS before a proxy that speaks none. */
const behindTls = (own: { readonly cert: string; readonly key: string }, port: number, said: string[] = []) =>
  listening(
    createTlsServer(own, (client) => {
      const to = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('data', (chunk: Buffer) => void said.push(chunk.toString('latin1')));
      client.on('error', () => to.destroy()).on('close', () => to.destroy());
      to.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.pipe(to).pipe(client);
    }).on('tlsClientError', () => undefined),
  );

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

  it('speak TLS where they are told to, verified for their address or for their name', async () => {
    const proxy = await tinyproxy('BasicAuth gate parent-secret\n');
    for (const [name, more] of [
      ['address', {}],
      ['parent.lab.test', { 'proxy.parent.name': 'parent.lab.test' }],
    ] as const) {
      const own = await certified(name);
      const said: string[] = [];
      const port = await behindTls(own, proxy, said);
      lab = await openLab({
        'proxy.parent.url': `https://gate:parent-secret@127.0.0.1:${port}`,
        'proxy.parent.ca': own.file,
        ...more,
      });
      const plain = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
      expect(plain.stdout).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello$/);
      const inspected = await curl(lab, lab.passes.read, `https://web.lab.test:${lab.tlsPort}/`, '--http1.1');
      expect(inspected.stdout).toMatch(/HTTP\/1\.1 200 OK[^\n]*\r\n[\s\S]*hello$/);
      const opaque = await lab.tunnel('web.lab.test', {
        pass: await lab.issue('acme', 'lab-opaque'),
        ca: lab.originCa,
      });
      expect(opaque.refused).toBe('');
      opaque.socket?.write(`GET / HTTP/1.1\r\nHost: web.lab.test\r\n\r\n`);
      await expect.poll(() => lab?.heads.length).toBe(3);
      opaque.socket?.destroy();
      expect(said.join('')).toContain(`CONNECT 127.0.0.1:${lab.plainPort} `);
      expect(lab.heads.join('')).not.toMatch(/proxy-authorization|parent-secret/i);
      await endsOnBothSides(lab);
      await lab.close();
    }
    lab = null;
  }, 90_000);

  it('that cannot show who they are are told nothing', async () => {
    const own = await certified('address');
    const said: string[] = [];
    const port = await behindTls(own, await tinyproxy(), said);
    const url = `https://gate:parent-secret@127.0.0.1:${port}`;
    for (const more of [{}, { 'proxy.parent.ca': own.file, 'proxy.parent.name': 'parent.lab.test' }]) {
      lab = await openLab({ 'proxy.parent.url': url, ...more });
      const denied = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
      expect(denied.stdout).toMatch(/^HTTP\/1\.1 502 [\s\S]*parent_failed/);
      expect(denied.stdout).not.toContain('parent-secret');
      await lab.close();
    }
    lab = null;
    expect(said).toEqual([]);
  }, 60_000);

  it('are no destination of a sandbox themselves (T-47)', async () => {
    const port = await tinyproxy();
    lab = await openLab({ 'proxy.parent.url': `http://127.0.0.1:${port}` }, [port]);
    const denied = await curl(lab, lab.passes.read, `http://web.lab.test:${port}/`);
    expect(denied.stdout).toMatch(/^HTTP\/1\.1 403 [\s\S]*address_forbidden/);
  }, 60_000);

  const socksReply = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
  it.each([
    ['a refusal of its own', 'http', ['HTTP/1.1 403 Forbidden\r\n\r\n'], 502, 'parent_failed'],
    ['an answer that is none', 'http', ['hello\r\n\r\n'], 502, 'parent_failed'],
    ['a timeout of its own', 'http', ['HTTP/1.1 504 Gateway Timeout\r\n\r\n'], 504, 'parent_timeout'],
    ['a method that was not offered', 'socks5', [Buffer.from([5, 2])], 502, 'parent_failed'],
    ['an origin that refuses', 'socks5', [Buffer.from([5, 0]), socksReply(5)], 502, 'upstream_refused'],
    ['rules of its own', 'socks5', [Buffer.from([5, 0]), socksReply(2)], 502, 'parent_failed'],
    ['another protocol', 'socks5', ['HTTP/1.1 400 Bad Request\r\n\r\n'], 502, 'parent_failed'],
  ] as const)(
    'that answer with %s (%s) are a denial that says so',
    async (...[, kind, answers, status, reason]) => {
      const port = await answering(...answers);
      lab = await openLab({ 'proxy.parent.url': `${kind}://127.0.0.1:${port}` });
      const plain = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
      expect(plain.stdout).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*"code":"${reason}"`));
      expect(plain.stdout).toMatch(/^Proxy-Status: locktender; error=[a-z_]+; details=/im);
      expect(plain.stdout).toMatch(/^Locktender-Decision: d_/im);
      expect(plain.stdout).toContain('"retryable":true');
    },
    60_000,
  );

  it('that end their side before they answer, or are silent, are noticed at once and in time', async () => {
    const ends = await played((socket) => void socket.once('data', () => socket.end()));
    // The time for a connection is longer than this test may take.
    lab = await openLab({ 'proxy.parent.url': `http://127.0.0.1:${ends}`, 'proxy.deadlines.connect_ms': '600000' });
    const ended = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
    expect(ended.stdout).toMatch(/^HTTP\/1\.1 502 [\s\S]*"code":"parent_failed"/);
    await lab.close();
    const silent = await played(() => undefined);
    for (const kind of ['http', 'https', 'socks5']) {
      lab = await openLab({ 'proxy.parent.url': `${kind}://127.0.0.1:${silent}`, 'proxy.deadlines.connect_ms': '300' });
      const late = await curl(lab, lab.passes.read, `http://web.lab.test:${lab.plainPort}/`);
      expect(late.stdout).toMatch(/^HTTP\/1\.1 504 [\s\S]*"code":"parent_timeout"/);
      expect(late.stdout).toMatch(/^Proxy-Status: locktender; error=connection_timeout/im);
      await lab.close();
    }
    lab = null;
  }, 60_000);

  it('that cannot reach the first address are told the next, and no other', async () => {
    const asked: string[] = [];
    const port = await played((socket) => {
      socket.once('data', (chunk: Buffer) => {
        const [, host = '', to = ''] = /^CONNECT (\S+):(\d+) /.exec(chunk.toString('latin1')) ?? [];
        asked.push(host);
        if (asked.length === 1) {
          socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
          return;
        }
        const origin = connect(Number(to), '127.0.0.1');
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(origin).pipe(socket);
        origin.on('error', () => socket.destroy());
      });
    });
    lab = await openLab({ 'proxy.parent.url': `http://127.0.0.1:${port}` });
    const second = await curl(lab, lab.passes.read, `http://pair.lab.test:${lab.plainPort}/`);
    expect(second.stdout).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello$/);
    expect(asked).toEqual(['127.0.0.1', '127.0.0.2']);
  }, 60_000);

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

/** A command behind the wall reaches the gate and nothing else: tried from inside, with real sockets. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIDGE_PORT, runWalled } from '../../src/sandbox/walled-command.ts';

let gate: Server;
let port = 0;
let dir = '';

beforeAll(async () => {
  gate = createServer((request, response) => response.end(`gate saw ${request.url}`));
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  port = (gate.address() as AddressInfo).port;
  dir = mkdtempSync(join(tmpdir(), 'walled-test-'));
});

afterAll(() => {
  gate.close();
  gate.closeAllConnections();
  rmSync(dir, { recursive: true, force: true });
});

async function inside(script: string): Promise<{ code: number; out: string }> {
  const out = join(dir, 'out');
  writeFileSync(out, '');
  const done = await runWalled({
    command: ['sh', '-c', `(${script}) > ${out} 2>&1`],
    environment: process.env,
    gate: { host: '127.0.0.1', port },
    credentials: () => 'dDpw',
    hide: [],
  });
  if (!done.ok) throw new Error(done.error);
  return { code: done.value, out: readFileSync(out, 'utf8') };
}

/** Tries to get a datagram or a connection out, and prints what happened. */
const python = (body: string) => `python3 -c '
import socket, sys
try:
${body
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
    print("OUT")
except OSError as error:
    print("closed", error.errno)
'`;

describe('a walled command', () => {
  it('reaches the gate through the bridge', async () => {
    const { out, code } = await inside(`curl -sS -x http://127.0.0.1:${BRIDGE_PORT} http://example.test/path`);
    expect(out).toBe('gate saw http://example.test/path');
    expect(code).toBe(0);
  });

  it.each([
    ['the gate directly', () => `s = socket.create_connection(("127.0.0.1", ${port}), 2)`],
    ['another address over TCP', () => 's = socket.create_connection(("192.0.2.1", 80), 2)'],
    [
      'a resolver over UDP',
      () => 's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b"x", ("192.0.2.1", 53))',
    ],
    [
      'QUIC over UDP 443',
      () => 's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b"x", ("192.0.2.1", 443))',
    ],
    ['IPv6', () => 's = socket.create_connection(("2001:db8::1", 80), 2)'],
    ['raw IP', () => 's = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)'],
    ['a packet socket', () => 's = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'],
    ['a container engine socket', () => 's = socket.socket(socket.AF_UNIX)\ns.connect("/run/docker.sock")'],
  ])('T-44 cannot reach %s', async (_what, body) => {
    const { out } = await inside(python(body()));
    expect(out).toMatch(/^closed \d+/);
  });

  it.each([
    ['a file', () => join(dir, 'agent.sock')],
    ['an abstract name', () => `\0locktender-test-${process.pid}`],
  ])('T-44 cannot reach a program outside that listens on a unix socket by %s', async (_what, path) => {
    const agent = createNetServer((socket) => socket.end('agent'));
    await new Promise<void>((resolve) => agent.listen(path(), resolve));
    const name = JSON.stringify(path()).replace('\\u0000', '\\0');
    const { out } = await inside(python(`s = socket.socket(socket.AF_UNIX)\ns.connect(${name})`));
    agent.close();
    expect(out).toMatch(/^closed \d+/);
  });

  it('T-44 sees no process outside, and no memory or network namespace of one', async () => {
    const { out } = await inside(
      `kill -0 ${process.pid}; ls /proc/${process.pid}/root; nsenter -t ${process.pid} -n true; nsenter -t 1 -n cat /proc/net/dev`,
    );
    expect(out).not.toMatch(/bin|eth0/);
    expect(out).toMatch(/No such process/);
  });

  it('T-44 holds no capability, can gain none, and mounts nothing', async () => {
    const { out } = await inside(
      'grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status; mount -t tmpfs x /mnt || echo refused',
    );
    expect(out.match(/Cap(Eff|Bnd):\t0+$/gm)).toHaveLength(2);
    expect(out).toContain('NoNewPrivs:\t1');
    expect(out).toContain('refused');
  });

  it('T-44 holds no device but those that every program may use', async () => {
    const { out } = await inside('ls -l /dev | grep "^[bc]"');
    const names = out
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(names).toContain('null');
    expect(names.filter((name) => !/^(console|full|null|random|tty|urandom|zero)$/.test(name ?? ''))).toEqual([]);
  });

  it('resolves nothing by itself (T-21)', async () => {
    const { out } = await inside('python3 -c \'import socket; socket.getaddrinfo("example.com", 443)\' 2>&1 | tail -1');
    expect(out).toContain('gaierror');
  });

  it('ends with the exit code of the command, and 127 when there is none', async () => {
    expect((await inside('exit 7')).code).toBe(7);
    const missing = await runWalled({
      command: ['/no/such/program'],
      environment: process.env,
      gate: { host: '127.0.0.1', port },
      credentials: () => 'dDpw',
      hide: [],
    });
    expect(missing).toEqual({ ok: true, value: 127 });
  });

  it('gives the command the signal that ends the wall, and ends as a shell would', async () => {
    const out = join(dir, 'signal');
    const ended = runWalled({
      command: ['sh', '-c', `trap 'echo caught > ${out}; exit 9' TERM; echo up > ${out}; while :; do sleep 0.1; done`],
      environment: process.env,
      gate: { host: '127.0.0.1', port },
      credentials: () => 'dDpw',
      hide: [],
    });
    await expect.poll(() => existsSync(out) && readFileSync(out, 'utf8'), { timeout: 20_000 }).toBe('up\n');
    process.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toEqual({ ok: true, value: 9 });
    expect(readFileSync(out, 'utf8')).toBe('caught\n');
  });

  it('does not hand on the descriptor that signals come by', async () => {
    const { out } = await inside(python('import os\nos.fstat(3)'));
    expect(out).toBe('closed 9\n');
  });

  it('keeps the working directory and hides what it must not see', async () => {
    const hidden = mkdtempSync(join(tmpdir(), 'walled-hidden-'));
    writeFileSync(join(hidden, 'key'), 'k');
    const out = join(dir, 'seen');
    await runWalled({
      command: ['sh', '-c', `pwd > ${out}; ls ${hidden} >> ${out}`],
      environment: process.env,
      gate: { host: '127.0.0.1', port },
      credentials: () => 'dDpw',
      hide: [hidden],
    });
    rmSync(hidden, { recursive: true });
    expect(readFileSync(out, 'utf8')).toBe(`${process.cwd()}\n`);
  });

  it('T-44 does not inherit what its caller had open', async () => {
    const secret = join(dir, 'open-outside');
    writeFileSync(secret, 'reached by a descriptor');
    const module = new URL('../../src/sandbox/walled-command.ts', import.meta.url);
    const order = `{ command: ['sh', '-c', 'ls /proc/self/fd; cat <&9 || echo closed'], environment: process.env, gate: { host: '127.0.0.1', port: ${port} }, credentials: () => '', hide: [] }`;
    const script = `const { runWalled } = await import('${module}'); process.exit((await runWalled(${order})).value)`;
    const outer = `exec 9<'${secret}' 77<'${secret}'; exec "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', outer, process.execPath, script]);
    expect(stdout).not.toContain('reached');
    expect(stdout).not.toMatch(/^77$/m);
    expect(stdout).toContain('closed');
  });
});

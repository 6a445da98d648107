/** What goes on inside of SOCKS5: sockets of the web, budgets, cuts and ends are those of every other door (T-28, T-48). */

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { encodeFrame, MessageReader, OPCODES } from '../../src/wire/websocket.ts';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

/** On which nothing listens. */
const NOBODYS_PORT = 1;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'isolates.hosts': '0' }, [NOBODYS_PORT]);
}, 240_000);
afterAll(() => lab?.close());

const text = (value: string) => [value.length, ...Buffer.from(value)];

async function login(tenant: string, name: string): Promise<{ readonly bytes: Buffer; readonly task: string }> {
  const { socks_url } = await lab.admin('/v1/passes', { tenant, class: name });
  const { username, password } = new URL(String(socks_url));
  return { bytes: Buffer.from([5, 1, 2, 1, ...text(username), ...text(password)]), task: username };
}

interface Opened {
  readonly socket: Socket;
  /** Of RFC 1928; -1 where nothing was said. */
  readonly code: number;
}

/** `behind`: what is sent together with the request. */
async function open(
  pass: Buffer,
  { host = 'web.lab.test', port = lab.tlsPort, behind = Buffer.alloc(0) } = {},
): Promise<Opened> {
  const { address } = lab.appliance.doors.find(({ name }) => name === 'socks5') ?? { address: '' };
  const [at = '', door = ''] = address.split(':');
  const socket = connect({ host: at, port: Number(door), allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([pass, Buffer.from([5, 1, 0, 3, ...text(host), port >> 8, port & 255]), behind]));
  let said = Buffer.alloc(0);
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer): void => {
      said = Buffer.concat([said, chunk]);
      if (said.length < 14) return;
      socket.off('data', read).pause();
      // What came behind the reply is the origin's.
      if (said.length > 14) socket.unshift(said.subarray(14));
      resolve();
    };
    socket.on('data', read).once('close', () => resolve());
  });
  return { socket, code: said[5] ?? -1 };
}

async function secured(pass: Buffer, host = 'web.lab.test', ca = lab.ca): Promise<TLSSocket> {
  const { socket, code } = await open(pass, { host });
  if (code !== 0) throw new Error(`reply ${code}`);
  const tls = connectTls({ socket, ca, servername: host });
  tls.on('error', () => undefined);
  return tls;
}

async function get(pass: Buffer, { host = 'web.lab.test', path = '/' } = {}): Promise<string> {
  const { socket, code } = await open(pass, { host });
  if (code !== 0) {
    socket.destroy();
    return `reply ${code}`;
  }
  const tls = connectTls({ socket, ca: lab.ca, servername: host });
  tls.on('error', () => undefined);
  tls.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${lab.tlsPort}\r\nConnection: close\r\n\r\n`);
  const said = await everything(tls, 15_000);
  return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
}

const hello = () => {
  lab.script = (socket) => socket.end(answer('hello', 'Connection: close\r\n'));
};

async function lastOf(type: string, task: string): Promise<Record<string, unknown>[]> {
  const { events } = await lab.admin(`/v1/audit?type=${type}&limit=500`);
  return (events as { event: Record<string, unknown> }[]).map(({ event }) => event).filter((e) => e['task'] === task);
}

/** An origin that switches to WebSocket, and what it heard. */
function socketOrigin(): { heard: string[]; say: (opcode: number, payload: string) => void } {
  const heard: string[] = [];
  let to: Socket | null = null;
  lab.script = (socket, head) => {
    to = socket;
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.removeAllListeners('data');
    const reader = new MessageReader(true);
    socket.on('data', (chunk: Buffer) => {
      for (const { payload } of reader.push(chunk)) heard.push(payload.toString());
    });
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  };
  return {
    heard,
    say: (opcode, payload) => void to?.write(encodeFrame({ opcode, payload: Buffer.from(payload) }, null)),
  };
}

const MASK = Buffer.of(1, 2, 3, 4);

/** A client of a WebSocket over the TLS that the gate inspects. */
async function socketClient(
  pass: Buffer,
): Promise<{ tls: TLSSocket; heard: string[]; head: Promise<string>; say: (payload: string) => void }> {
  const tls = await secured(pass);
  const fields =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  tls.write(`GET /socket HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n${fields}\r\n`);
  const heard: string[] = [];
  const reader = new MessageReader(false);
  let began = '';
  const head = new Promise<string>((resolve) => {
    tls.on('data', (chunk: Buffer) => {
      let rest = chunk;
      if (!began.includes('\r\n\r\n')) {
        began += chunk.toString('latin1');
        const end = began.indexOf('\r\n\r\n');
        if (end < 0 || !began.startsWith('HTTP/1.1 101 ')) return;
        resolve(began.slice(0, end));
        rest = Buffer.from(began.slice(end + 4), 'latin1');
      }
      for (const { opcode, payload } of reader.push(rest))
        heard.push(
          opcode === OPCODES.close ? `close ${payload.readUInt16BE(0)} ${payload.subarray(2)}` : payload.toString(),
        );
    });
    tls.once('end', () => resolve(began)).once('close', () => resolve(began));
  });
  return {
    tls,
    heard,
    head,
    say: (payload) => void tls.write(encodeFrame({ opcode: OPCODES.text, payload: Buffer.from(payload) }, MASK)),
  };
}

describe('T-28 a WebSocket inside of SOCKS5', () => {
  it('needs a capability to write', async () => {
    socketOrigin();
    const { bytes } = await login('acme', 'lab-read');
    const { head, tls } = await socketClient(bytes);
    expect(await head).toMatch(/^HTTP\/1\.1 403 /);
    tls.destroy();
  });

  it('is guarded both ways, message by message', async () => {
    const far = socketOrigin();
    const { bytes } = await login('acme', 'lab-write');
    const near = await socketClient(bytes);
    expect(await near.head).toMatch(/^HTTP\/1\.1 101 /);
    near.say('one');
    await expect.poll(() => far.heard).toEqual(['one']);
    far.say(OPCODES.text, `it is ${DEMO_SECRET}`);
    await expect.poll(() => near.heard).toEqual(['it is [REDACTED:GITHUB_TOKEN]']);
    near.say(`my key is ${DEMO_SECRET}`);
    await expect.poll(() => near.heard.at(-1)).toMatch(/^close 1008 guard_blocked d_/);
    expect(far.heard.join()).not.toContain(DEMO_SECRET);
  });

  it('is cut with its task, at once, and both records say so', async () => {
    const far = socketOrigin();
    const { bytes, task } = await login('acme', 'lab-write');
    const near = await socketClient(bytes);
    await near.head;
    const more = setInterval(() => far.say(OPCODES.text, 'tick'), 5);
    await expect.poll(() => near.heard.length).toBeGreaterThan(2);
    const ended = new Promise((resolve) => near.tls.once('end', resolve).once('close', resolve));
    await lab.admin(`/v1/tasks/${task}/kill`, { why: 'test' });
    await ended;
    clearInterval(more);
    await expect
      .poll(async () => (await lastOf('flow.closed', task)).map(({ cause }) => cause))
      .toEqual(['lease_ended', 'lease_ended']);
    const asked = (await lastOf('decision', task)).map(({ door, effect }) => `${door} ${effect}`);
    expect(asked).toEqual(['socks5 allow', 'socks5 allow']);
  });

  it('in the clear is no way: nothing but TLS goes through', async () => {
    const { bytes, task } = await login('acme', 'lab-write');
    const before = lab.heads.length;
    const { socket, code } = await open(bytes, {
      port: lab.plainPort,
      behind: Buffer.from(
        'GET /socket HTTP/1.1\r\nHost: web.lab.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      ),
    });
    expect(code).toBe(0);
    expect(await everything(socket, 5_000)).toBe('');
    expect(lab.heads.length).toBe(before);
    await expect
      .poll(async () => (await lastOf('decision', task)).map(({ reason }) => reason))
      .toContain('tunnel_not_tls');
  });
});

describe('T-48 budgets inside of SOCKS5', () => {
  it('of requests count each CONNECT and each request in it', async () => {
    hello();
    const { bytes, task } = await login('acme', 'lab-tight');
    const got = [];
    for (let i = 0; i < 5; i += 1) got.push(await get(bytes));
    expect(got).toEqual(['200', '200', '200', 'reply 2', 'reply 2']);
    const reasons = (await lastOf('decision', task)).map(({ reason }) => reason);
    expect(reasons.filter((one) => one === 'budget_requests')).toHaveLength(2);
    expect(reasons.filter((one) => one === 'capability_grants')).toHaveLength(6);
  });

  it('of hosts', async () => {
    hello();
    const { bytes } = await login('acme', 'lab-tight');
    expect([
      await get(bytes),
      await get(bytes, { host: 'two.lab.test' }),
      await get(bytes, { host: 'pair.lab.test' }),
    ]).toEqual(['200', '200', 'reply 2']);
  });

  it('of flows open at once: two CONNECTs are all there may be, and what ends is given back', async () => {
    hello();
    const { bytes } = await login('acme', 'lab-tight');
    const held = [await open(bytes), await open(bytes), await open(bytes)];
    expect(held.map(({ code }) => code)).toEqual([0, 0, 2]);
    for (const { socket } of held) socket.destroy();
    await expect
      .poll(async () => {
        const { socket, code } = await open(bytes);
        socket.destroy();
        return code;
      })
      .toBe(0);
  });

  it('of bytes, in the middle of an opaque tunnel too', async () => {
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
      const more = setInterval(() => socket.write('plain text '.repeat(3_000)), 5);
      socket.once('close', () => clearInterval(more));
    };
    const { bytes, task } = await login('acme', 'lab-tight');
    const tls = await secured(bytes);
    tls.write(`GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n\r\n`);
    const said = await everything(tls, 15_000);
    expect(said.length).toBeLessThan(130_000);
    expect(said).not.toMatch(/\r\n0\r\n\r\n$/);
    await expect
      .poll(async () => (await lastOf('flow.closed', task)).map(({ reason }) => reason))
      .toContain('budget_bytes');
    hello();
    expect(await get(bytes)).toBe('reply 2');
  });

  it('of wall time end what began within it', async () => {
    lab.script = (socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const { bytes, task } = await login('acme', 'lab-brief');
    const tls = await secured(bytes);
    tls.write(`GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n\r\n`);
    await everything(tls, 20_000);
    const closed = async () => (await lastOf('flow.closed', task)).map(({ reason }) => reason);
    await expect.poll(async () => (await closed()).length, { timeout: 10_000 }).toBe(2);
    // Newest first. Where its client is quicker, the connection ends because the client leaves what was cut in it.
    const [connection, request] = await closed();
    expect(request).toBe('budget_wall');
    expect([null, 'budget_wall']).toContain(connection);
    expect(await get(bytes)).toBe('reply 2');
  });
});

describe('a tunnel of SOCKS5', () => {
  it('has what came with its request, and what its client says before it ends its side', async () => {
    const heads: string[] = [];
    lab.script = (socket, head, rest) => {
      heads.push(head + rest);
      socket.once('end', () => socket.end(answer('heard you')));
    };
    const { bytes, task } = await login('acme', 'lab-opaque');
    const tls = await secured(bytes, 'web.lab.test', lab.originCa);
    tls.end(`GET /half HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n\r\n`);
    expect(await everything(tls, 5_000)).toMatch(/heard you$/);
    expect(heads).toEqual([expect.stringMatching(/^GET \/half /)]);
    await expect.poll(async () => (await lastOf('flow.closed', task)).map(({ cause }) => cause)).toEqual(['completed']);
  });

  it('that its client leaves before TLS began is no flow any more', async () => {
    const { bytes, task } = await login('acme', 'lab-opaque');
    for (const how of ['end', 'destroy'] as const) {
      const { socket, code } = await open(bytes);
      expect(code).toBe(0);
      socket[how]();
      socket.resume();
    }
    await expect.poll(() => lab.appliance.core.leases.live().filter(({ flow }) => flow.task === task)).toEqual([]);
    await expect.poll(async () => (await lastOf('flow.closed', task)).length).toBe(2);
  });
});

describe('a reply says', () => {
  const nobody = { bytes: Buffer.from([5, 1, 2, 1, 1, 97, 1, 98]) };

  it.each<[string, string | null, { host: string; port?: number }, number]>([
    ['2 for a pass that is none', null, { host: 'web.lab.test' }, 2],
    ['2 for a private address', 'lab-opaque', { host: 'ten.lab.test' }, 2],
    ['4 for a name that does not resolve', 'lab-opaque', { host: 'gone.example.org', port: 443 }, 4],
    ['5 for an origin that refuses', 'lab-opaque', { host: 'web.lab.test', port: NOBODYS_PORT }, 5],
  ])('%s', async (_, name, to, code) => {
    await lab.admin('/v1/hosts/gone.example.org/allow', { why: 'test' });
    const { bytes } = name === null ? nobody : await login('acme', name);
    const opened = await open(bytes, to);
    opened.socket.destroy();
    expect(opened.code).toBe(code);
  });

  it('2 for a pass that was revoked, or whose task was killed, or whose tenant is in quarantine', async () => {
    const { bytes, task } = await login('acme', 'lab-read');
    await lab.admin(`/v1/tasks/${task}/kill`, { why: 'test' });
    expect(await get(bytes)).toBe('reply 2');
    const other = await login('isolated', 'lab-read');
    await lab.admin('/v1/tenants/isolated/quarantine', { why: 'test' });
    expect(await get(other.bytes)).toBe('reply 2');
    expect((await lastOf('decision', task)).map(({ reason }) => reason)).toEqual(['task_killed']);
    expect((await lastOf('decision', other.task)).map(({ reason }) => reason)).toEqual(['tenant_quarantined']);
  });
});

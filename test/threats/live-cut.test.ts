/**
 * Live cut: every kind of flow is cut in the middle of its transfer by every kind of fact, while the flow of the other tenant
 * goes on. Flows through parent proxies are in test/proxy/parents.test.ts, isolates in flows.test.ts.
 */

import { createHash } from 'node:crypto';
import { connect as connectH2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLAG, frame, framesIn, indexed, literal, PREFACE, TYPE } from '../proxy/h2-frames.ts';
import { type Lab, openLab } from '../proxy/lab.ts';

const TENANTS = ['acme', 'globex'] as const;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
}, 60_000);
afterAll(() => lab.close());

const at = (host: string, port = lab.tlsPort) => `${host}:${port}`;

function door(address = lab.appliance.proxyAddress): Socket {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  return socket;
}

/** A flow that never ends by itself. */
interface Running {
  bytes: number;
  closed: boolean;
  destroy(): void;
}

function watched(socket: Socket | TLSSocket): Running {
  const running: Running = { bytes: 0, closed: false, destroy: () => socket.destroy() };
  socket.on('data', (chunk: Buffer) => {
    running.bytes += chunk.length;
  });
  socket.once('close', () => {
    running.closed = true;
  });
  return running;
}

interface Passes {
  /** `task:token`, of HTTP proxies. */
  readonly pass: string;
  /** The same in SOCKS5. */
  readonly socks: URL;
}

async function tunnelled(pass: string, ca?: string): Promise<TLSSocket> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass, ...(ca === undefined ? {} : { ca }) });
  if (socket === null) throw new Error(refused);
  return socket;
}

const ask = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\n${fields}\r\n`;

async function inTunnel(pass: string, request = ask('/endless'), ca?: string): Promise<Running> {
  const socket = await tunnelled(pass, ca);
  socket.write(request);
  return watched(socket);
}

async function overSocks({ socks }: Passes, ca: string): Promise<Running> {
  const socket = door(`127.0.0.1:${socks.port}`);
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const login = [1, ...text(socks.username), ...text(socks.password)];
  socket.write(
    Uint8Array.from([5, 1, 2, ...login, 5, 1, 0, 3, ...text('web.lab.test'), lab.tlsPort >> 8, lab.tlsPort & 255]),
  );
  let answered = 0;
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer): void => {
      answered += chunk.length;
      if (answered < 14) return;
      socket.off('data', read);
      resolve();
    };
    socket.on('data', read);
  });
  const tls = connectTls({ socket, ca, servername: 'web.lab.test' });
  tls.on('error', () => undefined);
  tls.write(ask('/endless'));
  return watched(tls);
}

async function h2Stream(pass: string): Promise<Running> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass, alpn: ['h2'] });
  if (socket === null) throw new Error(refused);
  const session = connectH2(`https://${at('web.lab.test')}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({ ':path': '/endless', ':authority': at('web.lab.test') });
  stream.on('error', () => undefined);
  const running: Running = { bytes: 0, closed: false, destroy: () => session.destroy() };
  stream.on('data', (chunk: Buffer) => {
    running.bytes += chunk.length;
  });
  stream.once('close', () => {
    running.closed = true;
  });
  return running;
}

interface Flow {
  readonly class: string;
  /** The capability that it stands on. */
  readonly capability: string;
  readonly start: (passes: Passes) => Promise<Running>;
  /** It says nothing while it waits. */
  readonly quiet?: boolean;
}

const READS = { class: 'lab-read', capability: 'net.read.lab' } as const;
const WRITES = { class: 'lab-write', capability: 'net.write.lab' } as const;
const OPAQUE = { class: 'lab-opaque', capability: 'net.read.lab-opaque' } as const;
const SWITCH =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

const FLOWS: Readonly<Record<string, Flow>> = {
  tunnel: { ...OPAQUE, start: ({ pass }) => inTunnel(pass, ask('/endless'), lab.originCa) },
  'inspected, SSE': { ...READS, start: ({ pass }) => inTunnel(pass) },
  'plain HTTP': {
    ...READS,
    start: ({ pass }) => {
      const host = at('web.lab.test', lab.plainPort);
      const socket = door();
      socket.write(`GET http://${host}/endless HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(pass)}\r\n`);
      return Promise.resolve(watched(socket));
    },
  },
  upload: {
    ...WRITES,
    start: async ({ pass }) => {
      const socket = await tunnelled(pass);
      socket.write(`POST /endless HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const more = setInterval(() => socket.write(`8000\r\n${'x'.repeat(0x8000)}\r\n`), 5);
      socket.once('close', () => clearInterval(more));
      return watched(socket);
    },
  },
  'HTTP/2 stream': { ...READS, start: ({ pass }) => h2Stream(pass) },
  WebSocket: { ...WRITES, start: ({ pass }) => inTunnel(pass, ask('/socket', SWITCH)) },
  'SOCKS5 tunnel': { ...OPAQUE, start: (passes) => overSocks(passes, lab.originCa) },
  'SOCKS5, inspected': { ...READS, start: (passes) => overSocks(passes, lab.ca) },
  'waiting for a slow origin': { ...READS, quiet: true, start: ({ pass }) => inTunnel(pass, ask('/slow')) },
};

/** An origin that goes on, in whatever way it was asked. */
function endless(socket: Socket, head: string): void {
  if (head.includes(' /slow')) return;
  const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1];
  if (key === undefined) socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
  else {
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  }
  if (head.startsWith('POST')) socket.resume();
  const text = 'plain text. '.repeat(10);
  const piece = key === undefined ? `data: ${text}\n\n` : Buffer.from([0x81, text.length, ...Buffer.from(text)]);
  const more = setInterval(() => socket.write(piece), 5);
  socket.once('close', () => clearInterval(more));
}

async function issued(tenant: string, name: string): Promise<Passes & { readonly task: string; readonly id: string }> {
  const answer = await lab.admin('/v1/passes', { tenant, class: name });
  const { username, password } = new URL(String(answer['proxy_url']));
  const claims = JSON.parse(Buffer.from(password.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return {
    pass: `${username}:${password}`,
    socks: new URL(String(answer['socks_url'])),
    task: username,
    id: claims.jti,
  };
}

interface Ending {
  readonly fact: string;
  /** Whether the other tenant's flow hangs on it too. */
  readonly shared: boolean;
  readonly end: (of: { readonly task: string; readonly id: string; readonly capability: string }) => Promise<unknown>;
  readonly undo: (capability: string) => Promise<unknown>;
}

const why = { why: 'matrix' };
const NOTHING = () => Promise.resolve(null);
const ENDINGS: readonly Ending[] = [
  { fact: 'task', shared: false, end: ({ task }) => lab.admin(`/v1/tasks/${task}/kill`, why), undo: NOTHING },
  { fact: 'pass', shared: false, end: ({ id }) => lab.admin(`/v1/passes/${id}/revoke`, why), undo: NOTHING },
  {
    fact: 'tenant',
    shared: false,
    end: () => lab.admin('/v1/tenants/acme/quarantine', why),
    undo: () => lab.admin('/v1/tenants/acme/release', why),
  },
  {
    fact: 'host',
    shared: true,
    end: () => lab.admin('/v1/hosts/web.lab.test/deny', why),
    undo: () => lab.admin('/v1/hosts/web.lab.test/clear', why),
  },
  {
    fact: 'capability',
    shared: true,
    end: ({ capability }) => lab.admin(`/v1/capabilities/${capability}/revoke`, why),
    undo: (capability) => lab.admin(`/v1/capabilities/${capability}/restore`, why),
  },
  {
    fact: 'category',
    shared: true,
    end: () => lab.admin('/v1/categories/special-use/block', why),
    undo: () => lab.admin('/v1/categories/special-use/unblock', why),
  },
];

describe.each(Object.entries(FLOWS))('%s, in the middle of its transfer', (_, flow) => {
  it.each(ENDINGS)(
    'ends with its $fact, and the flow of the other tenant as it should',
    async ({ shared, end, undo }) => {
      lab.script = endless;
      const before = lab.heads.length;
      const passes = await Promise.all(TENANTS.map((tenant) => issued(tenant, flow.class)));
      const flows = await Promise.all(passes.map((one) => flow.start(one)));
      const [mine, other] = flows;
      const [own] = passes;
      if (!mine || !other || !own) throw new Error('no flows');
      const runs = () => (flow.quiet ? lab.heads.length >= before + 2 : Math.min(mine.bytes, other.bytes) > 1000);
      await expect.poll(runs, { timeout: 20_000, interval: 10 }).toBe(true);
      const receipt = await end({ ...own, capability: flow.capability });
      try {
        await expect.poll(() => mine.closed, { timeout: 5000, interval: 10 }).toBe(true);
        expect(receipt).toMatchObject({ missed: [] });
        // Not a byte after the cut: the count stands still.
        const last = mine.bytes;
        if (shared) await expect.poll(() => other.closed, { timeout: 5000, interval: 10 }).toBe(true);
        else {
          const then = other.bytes;
          if (!flow.quiet)
            await expect.poll(() => other.bytes, { timeout: 5000, interval: 10 }).toBeGreaterThan(then + 1000);
          expect(other.closed).toBe(false);
          expect(lab.appliance.core.leases.live().length).toBeGreaterThan(0);
        }
        expect(mine.bytes).toBe(last);
      } finally {
        for (const one of flows) one.destroy();
        await undo(flow.capability);
      }
      await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 5000, interval: 10 }).toBe(0);
    },
  );
});

describe('an answer to an HTTP/1.0 client, whose body ends with the connection', () => {
  it('is reset when it is cut, so that a part does not look whole', async () => {
    lab.script = endless;
    const { pass } = await issued('acme', 'lab-read');
    const host = at('web.lab.test', lab.plainPort);
    const socket = door();
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const ended = new Promise<string>((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.once('end', () => resolve('an orderly end'));
    });
    socket.write(`GET http://${host}/endless HTTP/1.0\r\nHost: ${host}\r\n${lab.authorization(pass)}\r\n`);
    await expect.poll(() => bytes, { timeout: 10_000, interval: 10 }).toBeGreaterThan(1000);
    await lab.admin('/v1/capabilities/net.read.lab/revoke', why);
    expect(await ended).toBe('ECONNRESET');
    await lab.admin('/v1/capabilities/net.read.lab/restore', why);
  });
});

describe('HTTP/2 streams that are cut', () => {
  it('end with a reset and never with an end, which would make a part look whole', async () => {
    lab.script = endless;
    const { pass } = await issued('acme', 'lab-write');
    const { socket } = await lab.tunnel('web.lab.test', { pass, alpn: ['h2'] });
    if (socket === null) throw new Error('no tunnel');
    const said: Buffer[] = [];
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => said.push(chunk));
    const streams = Array.from({ length: 12 }, (_, n) => 2 * n + 1);
    // `:method POST`, `:scheme https`: it stands on a capability of its own, so the connection goes on.
    const [path, authority] = [literal(':path', '/endless'), literal(':authority', at('web.lab.test'))];
    const head = Buffer.concat([indexed(3), indexed(7), path, authority]);
    socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]));
    for (const stream of streams) socket.write(frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, stream, head));
    const framesOf = (type: number) => framesIn(Buffer.concat(said)).filter((one) => one.type === type);
    const begun = () => new Set(framesOf(TYPE.data).map(({ stream }) => stream)).size;
    await expect.poll(begun, { timeout: 10_000, interval: 10 }).toBe(streams.length);
    const receipt = await lab.admin('/v1/capabilities/net.write.lab/revoke', why);
    expect(receipt).toMatchObject({ dependants: streams.length, cut: streams.length, missed: [] });
    await expect.poll(() => framesOf(TYPE.reset).length, { timeout: 10_000 }).toBe(streams.length);
    expect(framesOf(TYPE.data).filter(({ flags }) => (flags & FLAG.endStream) !== 0)).toEqual([]);
    socket.destroy();
    await lab.admin('/v1/capabilities/net.write.lab/restore', why);
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

describe('two streams of one HTTP/2 connection', () => {
  it('end each with what it stands on, and not with the other', async () => {
    lab.script = endless;
    const { pass } = await issued('acme', 'lab-write');
    const { socket } = await lab.tunnel('web.lab.test', { pass, alpn: ['h2'] });
    if (socket === null) throw new Error('no tunnel');
    const session = connectH2(`https://${at('web.lab.test')}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    const stream = (method: string) => {
      const one = session.request({ ':method': method, ':path': '/endless', ':authority': at('web.lab.test') });
      const running = { bytes: 0, closed: false, code: 0 };
      one.on('error', () => undefined);
      one.on('data', (chunk: Buffer) => {
        running.bytes += chunk.length;
      });
      one.once('close', () => Object.assign(running, { closed: true, code: one.rstCode }));
      one.end();
      return running;
    };
    const [read, write] = [stream('GET'), stream('POST')];
    await expect.poll(() => Math.min(read.bytes, write.bytes), { timeout: 10_000, interval: 10 }).toBeGreaterThan(1000);
    const receipt = await lab.admin('/v1/capabilities/net.write.lab/revoke', why);
    expect(receipt).toMatchObject({ dependants: 1, cut: 1, missed: [] });
    await expect.poll(() => write.closed).toBe(true);
    const then = read.bytes;
    await expect.poll(() => read.bytes, { timeout: 5000, interval: 10 }).toBeGreaterThan(then + 1000);
    expect([read.closed, session.destroyed]).toEqual([false, false]);
    session.destroy();
    await lab.admin('/v1/capabilities/net.write.lab/restore', why);
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

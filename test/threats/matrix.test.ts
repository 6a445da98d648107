/**
 * The matrix of THREATS.md: each way round is tried in an opaque tunnel and inspected, by two tenants at once, and every
 * kind of flow is cut in the middle of its transfer by every kind of fact, while the flow of the other tenant goes on.
 */

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

type Mode = 'tunnel' | 'inspect';
const MODES: readonly Mode[] = ['tunnel', 'inspect'];
const TENANTS = ['acme', 'globex'] as const;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'proxy.deadlines.hello_ms': '1000', 'proxy.deadlines.head_ms': '1000' });
}, 60_000);
afterAll(() => lab.close());
beforeEach(() => {
  lab.script = (socket) => void socket.write(answer('ok'));
});

const issue = (tenant: string, mode: Mode) => lab.issue(tenant, mode === 'tunnel' ? 'lab-opaque' : 'lab-read');
const at = (host: string, port = lab.tlsPort) => `${host}:${port}`;

function door(): Socket {
  const [host = '', port = ''] = lab.appliance.proxyAddress.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  return socket;
}

/** CONNECT, and what follows it, as bytes. */
function opening(pass: string, target: string, inside = ''): Promise<string> {
  const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(pass)}\r\n`;
  const socket = door();
  socket.write(head + inside, 'latin1');
  return everything(socket, 2500);
}

/** TLS inside a CONNECT to `web.lab.test`, with another name in it. */
async function named(pass: string, mode: Mode, servername: string): Promise<string> {
  const ca = mode === 'tunnel' ? { ca: lab.originCa } : {};
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass, servername, ...ca });
  if (socket === null) return refused;
  socket.write(`GET / HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\n\r\n`);
  return everything(socket);
}

interface Row {
  readonly threat: string;
  /** Reason that stands in the record, for both tenants. */
  readonly reason: string;
  readonly attempt: (pass: string, mode: Mode) => Promise<string>;
}

const resolved = (threat: string, name: string): Row => ({
  threat: `${threat} ${name}`,
  reason: 'address_forbidden',
  attempt: (pass) => opening(pass, at(`${name}.lab.test`)),
});
const written = (threat: string, host: string, reason: string): Row => ({
  threat: `${threat} ${host}`,
  reason,
  attempt: (pass) => opening(pass, at(host)),
});
const HELLO_HEAD = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03';

const ROWS: readonly Row[] = [
  { threat: 'T-01 another SNI', reason: 'sni_mismatch', attempt: (pass, mode) => named(pass, mode, 'two.lab.test') },
  { threat: 'T-02 no SNI', reason: 'sni_missing', attempt: (pass, mode) => named(pass, mode, '') },
  {
    threat: 'T-03 a ClientHello that never ends',
    reason: 'client_hello_invalid',
    attempt: (pass) => opening(pass, at('web.lab.test'), HELLO_HEAD),
  },
  {
    threat: 'T-08 not TLS',
    reason: 'tunnel_not_tls',
    attempt: (pass) => opening(pass, at('web.lab.test'), 'SSH-2.0-OpenSSH_9\r\n'),
  },
  { threat: 'T-09 another port', reason: 'default_deny', attempt: (pass) => opening(pass, at('web.lab.test', 22)) },
  written('T-10 a NUL', 'web.lab.test\0.example.org', 'request_malformed'),
  written('T-10 a long label', `${'a'.repeat(64)}.lab.test`, 'target_invalid'),
  written('T-11 a host of no list', 'other.test', 'default_deny'),
  written('T-12 a trailing dot twice', 'web.lab.test..', 'target_invalid'),
  written('T-13', '[[127.0.0.1]]', 'target_invalid'),
  written('T-14', 'xn--80ak6aa92e.com', 'category_blocked'),
  written('T-15', 'someone@web.lab.test', 'request_malformed'),
  written('T-16', '2130706433', 'address_or_grant'),
  written('T-16', '0x7f.1', 'address_or_grant'),
  written('T-16', '0', 'address_or_grant'),
  written('T-17', '[::ffff:169.254.169.254]', 'address_or_grant'),
  written('T-17', '[fe80::1%25eth0]', 'target_invalid'),
  ...['ten', 'nat64', 'sixtofour', 'teredo', 'cgnat', 'linklocal', 'broadcast', 'multicast'].map((name) =>
    resolved('T-18', name),
  ),
  ...['meta', 'azure', 'ula'].map((name) => resolved('T-19', name)),
  resolved('T-20', 'mixed'),
  written('T-22', 'dns.google', 'category_blocked'),
  {
    threat: 'T-47 the admin door',
    reason: 'address_or_grant',
    attempt: (pass) => opening(pass, lab.appliance.adminAddress),
  },
];

describe.each(MODES)('%s mode, two tenants at once', (mode) => {
  it.each(ROWS)('$threat is refused, and no origin hears of it', async ({ attempt, reason }) => {
    const passes = await Promise.all(TENANTS.map((tenant) => issue(tenant, mode)));
    const before = lab.heads.length;
    const said = await Promise.all(passes.map((pass) => attempt(pass, mode)));
    for (const text of said) expect(text).not.toMatch(/\r\n\r\nok$/);
    expect(lab.heads.length).toBe(before);
    const tasks = passes.map((pass) => pass.split(':')[0]);
    const denied = (await records()).filter((d) => tasks.includes(d.task ?? '') && d.effect === 'deny');
    // A head that could not be read names nobody.
    if (reason !== 'request_malformed') expect(new Set(denied.map((d) => d.tenant))).toEqual(new Set(TENANTS));
    const reasons = new Set((reason === 'request_malformed' ? await records() : denied).map((d) => d.reason));
    const wanted = reason === 'address_or_grant' ? ['address_forbidden', 'default_deny', 'category_blocked'] : [reason];
    expect([...reasons].filter((one) => wanted.includes(one))).not.toEqual([]);
  });
});

interface Recorded {
  readonly task: string | null;
  readonly tenant: string | null;
  readonly effect: string;
  readonly reason: string;
}

async function records(): Promise<readonly Recorded[]> {
  const { events } = await lab.admin('/v1/audit?type=decision&limit=60');
  return (events as { event: Recorded }[]).map(({ event }) => event);
}

/** A flow that never ends by itself. */
interface Running {
  readonly socket: Socket | TLSSocket;
  bytes: number;
  closed: boolean;
}

function watched(socket: Socket | TLSSocket): Running {
  const running: Running = { socket, bytes: 0, closed: false };
  socket.on('data', (chunk: Buffer) => {
    running.bytes += chunk.length;
  });
  socket.once('close', () => {
    running.closed = true;
  });
  return running;
}

async function inTunnel(pass: string, ca?: string): Promise<Running> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass, ...(ca === undefined ? {} : { ca }) });
  if (socket === null) throw new Error(refused);
  socket.write(`GET /endless HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\n\r\n`);
  return watched(socket);
}

const FLOWS: Readonly<Record<string, { readonly class: string; readonly start: (pass: string) => Promise<Running> }>> =
  {
    tunnel: { class: 'lab-opaque', start: (pass) => inTunnel(pass, lab.originCa) },
    inspect: { class: 'lab-read', start: (pass) => inTunnel(pass) },
    plain: {
      class: 'lab-read',
      start: (pass) => {
        const host = at('web.lab.test', lab.plainPort);
        const socket = door();
        socket.write(`GET http://${host}/endless HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(pass)}\r\n`);
        return Promise.resolve(watched(socket));
      },
    },
    upload: {
      class: 'lab-write',
      start: async (pass) => {
        const { socket, refused } = await lab.tunnel('web.lab.test', { pass });
        if (socket === null) throw new Error(refused);
        socket.write(`POST /endless HTTP/1.1\r\nHost: ${at('web.lab.test')}\r\nTransfer-Encoding: chunked\r\n\r\n`);
        const more = setInterval(() => socket.write(`8000\r\n${'x'.repeat(0x8000)}\r\n`), 5);
        socket.once('close', () => clearInterval(more));
        return watched(socket);
      },
    },
  };

interface Ending {
  readonly fact: string;
  /** Whether the other tenant's flow hangs on it too. */
  readonly shared: boolean;
  readonly end: (task: string, pass: string) => Promise<unknown>;
  readonly undo: () => Promise<unknown>;
}

const why = { why: 'matrix' };
const NOTHING = () => Promise.resolve(null);
const ENDINGS: readonly Ending[] = [
  { fact: 'task', shared: false, end: (task) => lab.admin(`/v1/tasks/${task}/kill`, why), undo: NOTHING },
  { fact: 'pass', shared: false, end: (_, pass) => lab.admin(`/v1/passes/${pass}/revoke`, why), undo: NOTHING },
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
    fact: 'category',
    shared: true,
    end: () => lab.admin('/v1/categories/special-use/block', why),
    undo: () => lab.admin('/v1/categories/special-use/unblock', why),
  },
];

describe.each(Object.keys(FLOWS))('a %s flow in the middle of its transfer', (kind) => {
  it.each(ENDINGS)(
    'ends with its $fact, and the flow of the other tenant as it should',
    async ({ shared, end, undo }) => {
      const flow = FLOWS[kind];
      if (!flow) throw new Error('no such flow');
      lab.script = (socket, head) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
        if (head.startsWith('POST')) socket.resume();
        const more = setInterval(() => socket.write(`data: ${'plain text. '.repeat(20)}\n\n`), 5);
        socket.once('close', () => clearInterval(more));
      };
      const passes = await Promise.all(TENANTS.map((tenant) => lab.issue(tenant, flow.class)));
      const flows = await Promise.all(passes.map((pass) => flow.start(pass)));
      const [mine, other] = flows;
      if (!mine || !other) throw new Error('no flows');
      await expect.poll(() => Math.min(mine.bytes, other.bytes), { timeout: 5000, interval: 10 }).toBeGreaterThan(1000);
      const [task = '', token = ''] = (passes[0] ?? '').split(':');
      const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
      const receipt = await end(task, jti);
      try {
        await expect.poll(() => mine.closed, { timeout: 5000, interval: 10 }).toBe(true);
        expect(receipt).toMatchObject({ missed: [] });
        // Not a byte after the cut: the count stands still.
        const last = mine.bytes;
        if (shared) await expect.poll(() => other.closed, { timeout: 5000, interval: 10 }).toBe(true);
        else {
          const then = other.bytes;
          await expect.poll(() => other.bytes, { timeout: 5000, interval: 10 }).toBeGreaterThan(then + 1000);
          expect(other.closed).toBe(false);
        }
        expect(mine.bytes).toBe(last);
      } finally {
        for (const { socket } of flows) socket.destroy();
        await undo();
      }
      await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 5000, interval: 10 }).toBe(0);
    },
  );
});

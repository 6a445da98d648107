/** T-48 and its neighbours: what a task and a tenant may use up, on real traffic; each limit is met by one of its own. */

import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

const workers = Number(process.env['LOCKTENDER_TEST_WORKERS'] ?? 1);
let lab: Lab;

beforeAll(async () => {
  lab = await openLab({
    'proxy.limits.tenant_requests': '60',
    'proxy.limits.tenant_concurrency': '8',
    'proxy.limits.tenant_bytes_up': '500000',
    'proxy.limits.tenant_bytes_down': '2000000',
    'proxy.limits.tenant_distinct_hosts': '4',
    'proxy.limits.tenant_leak_bytes': '400',
  });
}, 240_000);

afterAll(() => lab?.close());

/** One plain request; the status line and the reason that the gate gives, if it does. */
async function get(pass: string, host = 'web.lab.test', path = '/', fields = ''): Promise<string> {
  const target = `${host}:${lab.plainPort}`;
  const head = `GET http://${target}${path} HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${fields}`;
  const said = await lab.raw(`${head}${lab.authorization(pass)}\r\n`, 15_000);
  return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
}

async function repeated(count: number, one: () => Promise<string>): Promise<string[]> {
  const out: string[] = [];
  for (let i = 0; i < count; i += 1) out.push(await one());
  return out;
}

describe('budgets of a task', () => {
  it('bound its requests; those of another task of the same tenant are its own, and the denial says how many', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    expect(await repeated(7, () => get(pass))).toEqual([...Array(6).fill('200'), '429 budget_requests']);
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('200');
    const target = `web.lab.test:${lab.plainPort}`;
    const said = await lab.raw(
      `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${lab.authorization(pass)}\r\n`,
    );
    expect(said).toContain('"message":"the task has used its budget of requests: 6 of 6"');
    expect(said).toMatch(/"retryable":false[\s\S]*it does not return within this task/);
    expect(said).not.toMatch(/retry-after/i);
  });

  it('bound the hosts that it meets', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    expect(await get(pass)).toBe('200');
    expect(await get(pass, 'two.lab.test')).toBe('200');
    expect(await get(pass, 'bad.lab.test')).toBe('429 budget_hosts');
    expect(await get(pass)).toBe('200');
  });

  it('bound what long, random-looking names and queries can carry out (T-37)', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    const data = 'q7Zk29XvLm4Tp0Rs8Yc3Wd6Nb1Jf5Hg2';
    expect(await get(pass, 'web.lab.test', '/search?q=a+natural+question')).toBe('200');
    expect(await repeated(4, () => get(pass, 'web.lab.test', `/x?d=${data}`))).toEqual([
      ...Array(3).fill('200'),
      '429 budget_leak',
    ]);
    expect(await get(pass)).toBe('200');
  });

  it('bound what fields can carry out where it may only read, and what many short pieces of a path can (T-37)', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    const data = Array.from({ length: 20 }, (_, i) => `q7Zk29XvLm4T${i}`).join('');
    const same = `X-Session: ${data.slice(0, 200)}\r\n`;
    expect(await get(pass, 'web.lab.test', '/', same)).toBe('200');
    expect(await get(pass, 'web.lab.test', '/', `${same}X-Data: ${data}\r\n`)).toBe('429 budget_leak');
    expect(await get(pass, 'web.lab.test', `/${'ab12cd34/'.repeat(80)}`)).toBe('429 budget_leak');
    // Each egress worker counts what it hears for the first time itself, so what was said may count once more in another.
    const again = await get(pass, 'web.lab.test', '/', same);
    expect(workers > 1 ? ['200', '429 budget_leak'] : ['200']).toContain(again);
  });

  it('bound what it downloads: what says its length before it begins, what does not in the middle', async () => {
    const body = 'plain text '.repeat(20_000);
    lab.script = (socket) => socket.end(answer(body));
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('429 budget_bytes');
    const pass = await lab.issue('acme', 'lab-tight');
    lab.script = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body.slice(0, 90_000)}`);
      setTimeout(() => socket.end(body.slice(90_000)), 300);
    };
    const target = `web.lab.test:${lab.plainPort}`;
    const said = await lab.raw(`GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(pass)}\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said.length).toBeLessThan(170_000);
    // Cut, not ended: the client must not take the part for the whole.
    expect(said).not.toMatch(/\r\n0\r\n\r\n$/);
    lab.script = (socket) => socket.end(answer('hello'));
    expect(await get(pass)).toBe('429 budget_bytes');
    expect(await get(await lab.issue('acme', 'lab-tight'))).toBe('200');
  });

  it('bound what it holds open at once, and give back what ends', async () => {
    const pass = await lab.issue('acme', 'lab-tight');
    const held: Socket[] = [];
    lab.script = (socket) => void held.push(socket);
    const waiting = [get(pass), get(pass)];
    await expect.poll(() => held.length).toBe(2);
    expect(await get(pass)).toBe('429 budget_flows');
    for (const socket of held) socket.end(answer('hello'));
    expect(await Promise.all(waiting)).toEqual(['200', '200']);
    lab.script = (socket) => socket.end(answer('hello'));
    await expect.poll(() => get(pass)).toBe('200');
  });

  it('bound its rate: a burst of twice the rate, then a wait', async () => {
    const pass = await lab.issue('acme', 'lab-slow');
    const burst = await Promise.all(Array.from({ length: 12 }, () => get(pass)));
    const passed = burst.filter((one) => one === '200').length;
    expect(passed).toBeGreaterThanOrEqual(4);
    expect(burst.filter((one) => one === '429 budget_rate').length).toBe(12 - passed);
    expect(passed).toBeLessThan(12);
    await expect.poll(() => get(pass), { timeout: 10_000 }).toBe('200');
  });

  it('bound how long it goes on', async () => {
    const pass = await lab.issue('acme', 'lab-brief');
    expect(await get(pass)).toBe('200');
    await expect.poll(() => get(pass), { timeout: 10_000 }).toBe('429 budget_wall');
  });
});

describe('wall time', () => {
  it('ends what began within it and goes on', async () => {
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      const more = setInterval(() => socket.write('data: x\n\n'), 20);
      socket.once('close', () => clearInterval(more));
    };
    const pass = await lab.issue('acme', 'lab-brief');
    const { socket } = await lab.tunnel('web.lab.test', { pass });
    if (socket === null) throw new Error('no tunnel');
    socket.write(`GET /stream HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n\r\n`);
    expect(await everything(socket, 10_000)).toMatch(/^HTTP\/1\.1 200 /);
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
    // A flow is over before its close is on record.
    const closes = async () => (await lab.admin('/v1/audit?type=flow.closed&limit=5'))['events'];
    const ended = expect.objectContaining({ cause: 'budget', reason: 'budget_wall' });
    await expect.poll(closes).toContainEqual(expect.objectContaining({ event: ended }));
    lab.script = (last) => last.end(answer('hello'));
  });
});

/** The whole of what the gate says to a task of this tenant. */
async function refused(tenant: string, host = 'web.lab.test', path = '/', name = 'lab-read') {
  const target = `${host}:${lab.plainPort}`;
  const pass = await lab.issue(tenant, name);
  const said = await lab.raw(
    `GET http://${target}${path} HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${lab.authorization(pass)}\r\n`,
    15_000,
  );
  const { error } = JSON.parse(said.slice(said.indexOf('\r\n\r\n'))) as { error: Record<string, unknown> };
  return { status: said.slice(9, 12), after: Number(/Retry-After: (\d+)/i.exec(said)?.[1]), ...error };
}

const spent = (code: string, message: RegExp) => ({
  ...{ status: '429', code, retryable: true, after: expect.any(Number), would_allow: [] },
  message: expect.stringMatching(message),
  help: expect.stringMatching(/^try again in \d+ s, or ask the operator/),
});

describe('budgets of a tenant, which all its tasks share and no other tenant', () => {
  afterEach(async () => {
    lab.script = (socket) => socket.end(answer('hello'));
    expect(await get(await lab.issue('untouched', 'lab-read'))).toBe('200');
  });

  it('bound its requests', async () => {
    const passes = await Promise.all(['one', 'two', 'three'].map(() => lab.issue('requests', 'lab-read')));
    for (const pass of passes) expect(await repeated(20, () => get(pass))).toEqual(Array(20).fill('200'));
    expect(await refused('requests')).toMatchObject(
      spent('budget_requests', /^the tenant has used its budget of requests: 60 of 60$/),
    );
    const [last] = (await lab.admin('/v1/audit?type=decision&limit=1'))['events'] as { event: object }[];
    expect(last?.event).toMatchObject({ reason: 'budget_requests', detail: 'tenant', tenant: 'requests' });
  });

  it('bound the hosts that it meets', async () => {
    for (const host of ['web.lab.test', 'two.lab.test', 'bad.lab.test', 'ten.lab.test'])
      await get(await lab.issue('hosts', 'lab-read'), host);
    expect(await get(await lab.issue('hosts', 'lab-read'))).toBe('200');
    expect(await refused('hosts', 'meta.lab.test')).toMatchObject(
      spent('budget_hosts', /^the tenant has contacted too many distinct hosts: 4 of 4$/),
    );
  });

  it('bound what it leaks (T-37)', async () => {
    const path = `/x?d=${'q7Zk29XvLm4Tp0Rs8Yc3Wd6Nb1Jf5Hg2'.repeat(3)}`;
    for (let i = 0; i < 4; i += 1)
      expect(await get(await lab.issue('leaks', 'lab-read'), 'web.lab.test', path)).toBe('200');
    expect(await refused('leaks', 'web.lab.test', path)).toMatchObject(
      spent('budget_leak', /^the tenant has sent too much unusual data in names and queries: 480 of 400 bytes$/),
    );
    expect(await get(await lab.issue('leaks', 'lab-read'))).toBe('200');
  });

  it('bound what it downloads', async () => {
    lab.script = (socket) => socket.end(answer('plain text '.repeat(80_000)));
    expect(await get(await lab.issue('downloads', 'lab-read'))).toBe('200');
    expect(await get(await lab.issue('downloads', 'lab-read'))).toBe('200');
    lab.script = (socket) => socket.end(answer('plain text '.repeat(20_000)));
    expect(await get(await lab.issue('downloads', 'lab-read'))).toBe('200');
    // In the middle of the next, of which nothing is out yet: that the budget returns is said there too.
    lab.script = (socket) => socket.end(answer('plain text '.repeat(4_000)));
    expect(await refused('downloads')).toMatchObject(
      spent('budget_bytes', /^the tenant has used its budget of bytes: \d{7} of 2000000 bytes$/),
    );
    expect(await refused('downloads')).toMatchObject(
      spent('budget_bytes', /^the tenant has used its budget of bytes: \d{7} of 2000000 bytes$/),
    );
  });

  it('bound what it uploads', async () => {
    const target = `web.lab.test:${lab.plainPort}`;
    const post = async () => {
      const pass = await lab.issue('uploads', 'lab-write');
      const head = `POST http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${lab.authorization(pass)}`;
      const said = await lab.raw(
        `${head}Content-Length: 300000\r\n\r\n${'plain text '.repeat(27_273).slice(0, 300_000)}`,
      );
      return said.slice(9, 12);
    };
    expect(await post()).toBe('200');
    expect(await post()).not.toBe('200');
    expect(await refused('uploads')).toMatchObject(
      spent('budget_bytes', /^the tenant has used its budget of bytes: \d{6} of 500000 bytes$/),
    );
  });

  it('bound what it holds open at once', async () => {
    const held: Socket[] = [];
    lab.script = (socket) => void held.push(socket);
    const passes = await Promise.all(['one', 'two'].map(() => lab.issue('flows', 'lab-read')));
    const waiting = [0, 1, 2, 3].flatMap(() => passes.map((pass) => get(pass)));
    await expect.poll(() => held.length).toBe(8);
    expect(await refused('flows')).toMatchObject(
      spent('budget_flows', /^the tenant has too many flows open: 8 of 8 open$/),
    );
    for (const socket of held) socket.end(answer('hello'));
    expect(await Promise.all(waiting)).toEqual(Array(8).fill('200'));
  });
});

const THRIFTY = `version: 1
name: lab-opaque
owner: tests
description: Less than a ClientHello.
capabilities: [net.read.lab-opaque]
limits:
  cpu_ms: 10000
  wall_ms: 3600000
  memory_mb: 64
  output_bytes: 262144
  requests: 100
  rate: 100
  bytes_up: 10
  bytes_down: 100000
  concurrency: 10
  distinct_hosts: 10
  leak_bytes: 65536
guard:
  request: enforce
  result: enforce
  min_likelihood: POSSIBLE
  unscannable: block
record_paths: clear
`;

it('a tunnel whose first bytes are beyond the budget ends at once', async () => {
  const thrifty = await openLab({ 'isolates.hosts': '0' }, [], { 'profiles/lab-opaque.yaml': THRIFTY });
  try {
    const pass = await thrifty.issue('acme', 'lab-opaque');
    const { socket } = await thrifty.tunnel('web.lab.test', { pass, ca: thrifty.originCa });
    if (socket === null) throw new Error('no tunnel');
    await new Promise((resolve) => socket.once('close', resolve));
    const closes = async () => (await thrifty.admin('/v1/audit?type=flow.closed&limit=5'))['events'];
    await expect
      .poll(closes)
      .toEqual([
        expect.objectContaining({ event: expect.objectContaining({ cause: 'budget', reason: 'budget_bytes' }) }),
      ]);
  } finally {
    await thrifty.close();
  }
}, 240_000);

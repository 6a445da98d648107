/** Flows: what a transport may carry, how much of it, and that every kind ends when its fact ends. */

import { connect as connectH2 } from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

const DEV_KEY = 'development-only-key';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'proxy.deadlines.head_ms': '1000', 'gateway.dev_key': DEV_KEY, 'isolates.hosts': '1' });
}, 60_000);
afterAll(() => lab.close());

const target = () => `web.lab.test:${lab.tlsPort}`;
const ask = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: ${target()}\r\n${fields}\r\n`;

describe('a transport to an origin', () => {
  it('T-25 is not shared by two tenants, nor by two hosts at one address', async () => {
    const seen = new Map<string, number>();
    let connections = 0;
    const known = new WeakMap<object, number>();
    lab.script = (socket, head) => {
      if (!known.has(socket)) {
        connections += 1;
        known.set(socket, connections);
      }
      seen.set(/GET (\S+)/.exec(head)?.[1] ?? '', known.get(socket) ?? 0);
      socket.write(answer('ok'));
    };
    await lab.inspected('web.lab.test', ask('/one', 'Connection: close\r\n'));
    await lab.inspected('web.lab.test', ask('/other', 'Connection: close\r\n'), { pass: lab.passes.other });
    await lab.inspected('two.lab.test', ask('/host', 'Connection: close\r\n').replace('web.lab', 'two.lab'));
    expect(new Set([seen.get('/one'), seen.get('/other'), seen.get('/host')]).size).toBe(3);
  });
});

describe('a flow whose client is gone', () => {
  const flows = () => lab.appliance.core.leases.live().length;

  it('T-48 ends with a handshake that the client leaves, as those do that do not trust our CA', async () => {
    for (let i = 0; i < 3; i += 1) {
      const { socket } = await lab.tunnel('web.lab.test', { ca: lab.originCa });
      if (socket === null) throw new Error('no tunnel');
      await new Promise((resolve) => socket.once('close', resolve));
    }
    // The deadline of a handshake is ten seconds.
    await expect.poll(flows, { timeout: 5000 }).toBe(0);
    const { events } = await lab.admin('/v1/audit?type=decision&limit=6');
    const reasons = (events as { event: { reason: string } }[]).map(({ event }) => event.reason);
    expect(reasons.filter((reason) => reason === 'client_tls_failed')).toHaveLength(3);
  });

  it('T-48 ends where its client ends behind CONNECT, before the way is open, and is no refusal of its TLS', async () => {
    const [address = '', port = ''] = lab.appliance.proxyAddress.split(':');
    for (const pass of [lab.passes.read, await lab.issue('acme', 'lab-opaque')]) {
      const socket = connect({ host: address, port: Number(port), allowHalfOpen: true });
      socket.end(`CONNECT ${target()} HTTP/1.1\r\nHost: ${target()}\r\n${lab.authorization(pass)}\r\n`);
      await everything(socket);
    }
    // The deadline of a handshake is ten seconds.
    await expect.poll(flows, { timeout: 5000 }).toBe(0);
    const { events } = await lab.admin('/v1/audit?type=decision&limit=2');
    const effects = (events as { event: { effect: string } }[]).map(({ event }) => event.effect);
    expect(effects).toEqual(['allow', 'allow']);
  });

  it('T-48 does not wait in the clear for an origin that says nothing, and one that waits has its answer', async () => {
    const host = `web.lab.test:${lab.plainPort}`;
    const door = () => {
      const [address = '', port = ''] = lab.appliance.proxyAddress.split(':');
      const socket = connect({ host: address, port: Number(port), allowHalfOpen: true });
      socket.end(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}\r\n`);
      return socket;
    };
    lab.script = (socket) => setTimeout(() => socket.end(answer('at last', 'Connection: close\r\n')), 300);
    expect(await everything(door())).toMatch(/^HTTP\/1\.1 200 [\s\S]*at last$/);
    lab.script = () => undefined;
    const gone = door();
    await expect.poll(flows).toBe(1);
    gone.destroy();
    await expect.poll(flows, { timeout: 10_000 }).toBe(0);
  });
});

describe('HTTP/2 to the gate', () => {
  it('is decided stream by stream: T-25 another authority is 421, a write is refused, a read answered', async () => {
    lab.script = (socket) => void socket.write(answer('over h2'));
    const { socket } = await lab.tunnel('web.lab.test', { alpn: ['h2'] });
    if (socket === null) throw new Error('no tunnel');
    const session = connectH2(`https://${target()}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    const status = (fields: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const stream = session.request({ ':path': '/', ':authority': target(), ...fields });
        stream.once('response', (head) => resolve(Number(head[':status'])));
        stream.once('error', reject);
        stream.resume();
        stream.end();
      });
    expect(await status({})).toBe(200);
    expect(await status({ ':authority': `two.lab.test:${lab.tlsPort}` })).toBe(421);
    expect(await status({ ':method': 'POST' })).toBe(403);
    session.destroy();
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

describe('a body', () => {
  it('T-34 that decodes to far more than it weighs is refused, in bounded memory', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    lab.script = (socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: ${bomb.length}\r\n\r\n`,
      );
      socket.end(bomb);
    };
    const before = process.memoryUsage().rss;
    const said = await lab.inspected('web.lab.test', ask('/bomb', 'Connection: close\r\n'));
    expect(said.length).toBeLessThan(2 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('without end is streamed in bounded memory, and ends when its host is denied', async () => {
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
      const line = Buffer.alloc(64 * 1024, 'plain text, nothing in it. ');
      const more = (): void => {
        while (!socket.destroyed && socket.write(line));
      };
      socket.on('drain', more);
      more();
    };
    const { socket } = await lab.tunnel('web.lab.test');
    if (socket === null) throw new Error('no tunnel');
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.write(ask('/endless'));
    await expect.poll(() => bytes, { timeout: 20_000 }).toBeGreaterThan(20 * 1024 * 1024);
    const closed = everything(socket, 10_000);
    const receipt = await lab.admin('/v1/hosts/web.lab.test/deny', { why: 'test' });
    expect(receipt).toMatchObject({ live: 2, cut: 2 });
    await closed;
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
    await lab.admin('/v1/hosts/web.lab.test/clear', { why: 'test' });
  });

  it('that goes on without a pause, as a model speaks, is let go on all the same', async () => {
    let sent = 0;
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      const event = 'data: {"delta":"plain "}\n\n';
      // Never as long as a pause lasts, until far more came than is ever looked at at once.
      const more = setInterval(() => {
        if (sent >= 400_000) socket.end();
        else socket.write(event);
        sent += event.length;
      }, 2);
      socket.once('close', () => clearInterval(more));
    };
    const { socket } = await lab.tunnel('web.lab.test');
    if (socket === null) throw new Error('no tunnel');
    const first = new Promise<number>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('plain')) resolve(sent);
      });
    });
    socket.write(ask('/speaks'));
    expect(await first).toBeLessThan(16_000);
    socket.destroy();
  });

  it('T-45 of a client that sends byte by byte does not hold the gate beyond its deadline', async () => {
    const said = await lab.raw(`GET http://web.lab.test:${lab.plainPort}/ HTTP/1.1\r\nHost: web`, 5000);
    expect(said).toMatch(/^HTTP\/1\.1 408 |^$/);
  });
});

describe("an isolate's fetch", () => {
  it('T-36 hears what the origin calls its status, through the guard as a field is', async () => {
    const secret = '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';
    lab.script = (socket, head) => {
      const phrase = /GET \/(\w+)/.exec(head)?.[1] === 'plain' ? ' Quite Fine' : ` it is ${secret}`;
      socket.end(`HTTP/1.1 207${phrase}\r\nX-Told:${phrase}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`);
    };
    const code = `export default (urls) => Promise.all(urls.map(async (url) => {
      const r = await fetch(url); return [r.status, r.statusText, r.clone().statusText, r.headers.get('x-told'), [...r.headers.keys()].length]; }))`;
    const response = await fetch(`http://${lab.appliance.gatewayAddress}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        class: 'lab-read',
        code,
        input: ['plain', 'other'].map((p) => `https://${target()}/${p}`),
      }),
    });
    const { result } = (await response.json()) as { result: [number, string, string, string, number][] };
    expect(result[0]?.slice(0, 4)).toEqual([207, 'Quite Fine', 'Quite Fine', 'Quite Fine']);
    // What goes for the field goes for the phrase; the guard of the result would take out what came as far as that.
    expect(result[1]?.[1]).toBe(result[1]?.[3]);
    expect(JSON.stringify(result)).not.toContain(secret);
    const { events } = await lab.admin('/v1/audit?type=guard.verdict&limit=10');
    const found = (events as { event: { decision: string | null; findings: unknown[] } }[])
      .filter(({ event }) => event.decision !== null)
      .map(({ event }) => event.findings.length);
    expect(found).toContain(2);
  }, 60_000);

  it('does not wait behind another answer of the same origin that is slow', async () => {
    lab.script = (socket, head) =>
      socket.write(head.includes('/slow') ? 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nplain words ' : answer('ok'));
    const code = `export default async (url) => {
      const slow = await fetch(url + 'slow');
      const quick = await Promise.all([1, 2].map(() => fetch(url + 'quick').then((r) => r.text())));
      await slow.body.cancel();
      return quick;
    }`;
    const order = { class: 'lab-read', code, input: `https://${target()}/`, limits: { wall_ms: 10_000 } };
    const response = await fetch(`http://${lab.appliance.gatewayAddress}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
    expect(await response.json()).toMatchObject({ status: 'completed', result: ['ok', 'ok'] });
  }, 60_000);

  it('is recorded as cut short by its own side when the body that it sends breaks off', async () => {
    lab.script = (socket) => socket.end(answer('ok', 'Connection: close\r\n'));
    const code = `export default async (url) => {
      const send = (source, signal) => fetch(url, { method: 'POST', body: new ReadableStream(source), duplex: 'half', signal }).catch((e) => e.message);
      const first = (c) => c.enqueue(new Uint8Array(10));
      const stop = new AbortController();
      return [await send({ start: first, pull: (c) => c.error(new Error('mine')) }),
        await send({ start: first, pull: () => new Promise((r) => setTimeout(r, 20)).then(() => stop.abort(new Error('stopped'))) }, stop.signal)];
    }`;
    const response = await fetch(`http://${lab.appliance.gatewayAddress}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ class: 'lab-write', code, input: `https://${target()}/up` }),
    });
    const { result, task } = (await response.json()) as { result: unknown; task: string };
    expect(result).toEqual(['mine', 'stopped']);
    const closed = async () => {
      const { events } = await lab.admin(`/v1/audit?type=flow.closed&task=${task}&limit=10`);
      return (events as { event: { reason: string | null; cause: string } }[]).map(({ event }) => event.cause);
    };
    await expect.poll(closed, { timeout: 20_000 }).toEqual(['client_closed', 'client_closed']);
  }, 60_000);

  it('ends in the middle of its body when its host is denied, and the task is told', async () => {
    lab.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
      const more = setInterval(() => socket.write('plain text. '.repeat(500)), 5);
      socket.once('close', () => clearInterval(more));
    };
    const code = `export default async (url) => {
      const reader = (await fetch(url)).body.getReader();
      let bytes = 0;
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return { bytes, ended: 'whole' };
          bytes += value.length;
        }
      } catch { return { bytes, ended: 'cut' }; }
    }`;
    const before = lab.heads.length;
    const task = fetch(`http://${lab.appliance.gatewayAddress}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ class: 'lab-read', code, input: `https://${target()}/endless` }),
    }).then((response) => response.json());
    await expect.poll(() => lab.heads.length, { timeout: 20_000 }).toBe(before + 1);
    const down = () =>
      lab.appliance.core.leases.live().map(({ flow }) => Number((flow as { down?: number }).down ?? 0));
    // More than the gate holds for a reader: so the task has read some of it.
    await expect.poll(() => Math.max(0, ...down()), { timeout: 20_000 }).toBeGreaterThan(1_000_000);
    const receipt = await lab.admin('/v1/hosts/web.lab.test/deny', { why: 'test' });
    expect(receipt).toMatchObject({ dependants: 1, cut: 1, missed: [] });
    const done = (await task) as { status: string; result: { bytes: number; ended: string } };
    expect(done).toMatchObject({ status: 'completed', result: { ended: 'cut' } });
    expect(done.result.bytes).toBeGreaterThan(0);
    await lab.admin('/v1/hosts/web.lab.test/clear', { why: 'test' });
  }, 60_000);
});

describe('N exchanges', () => {
  it('leave N records, whatever became of each', async () => {
    lab.script = (socket) => void socket.write(answer('ok'));
    const host = `web.lab.test:${lab.plainPort}`;
    const good = `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}Connection: close\r\n\r\n`;
    const before = (await lab.decisions()).length;
    const requests = [
      good,
      good.replace('GET', 'POST'),
      good.replace('Proxy-Authorization', 'X-Nothing'),
      good.replaceAll('web.lab', 'ten.lab'),
      good.replaceAll('web.lab.test', 'unknown.test'),
      'nonsense\r\n\r\n',
      good.replace('HTTP/1.1\r\n', 'HTTP/3.9\r\n'),
      `CONNECT unknown.test:443 HTTP/1.1\r\nHost: unknown.test:443\r\n${lab.authorization()}\r\n`,
    ];
    await Promise.all(requests.map((bytes) => lab.raw(bytes, 3000)));
    expect((await lab.decisions()).length - before).toBe(requests.length);
  });
});

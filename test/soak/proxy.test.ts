/**
 * Mixed traffic of two tenants through every door, with clients that leave, requests that are nonsense and facts that end
 * at random: nothing is left of it, neither leases nor sockets nor memory. `LOCKTENDER_SOAK_MINUTES` says how long (30);
 * `LOCKTENDER_SOAK_SNAPSHOTS` names a directory for a heap snapshot before and one after. A line every half minute says what
 * memory is made of.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectH2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

const MINUTES = Number(process.env['LOCKTENDER_SOAK_MINUTES'] ?? 30);
const LANES = Number(process.env['LOCKTENDER_SOAK_LANES'] ?? 12);
const MB = 1024 * 1024;
const CLASSES = ['lab-read', 'lab-write', 'lab-opaque'] as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

interface Figures {
  readonly files: number;
  readonly heap: number;
  readonly rss: number;
}

const SNAPSHOTS = process.env['LOCKTENDER_SOAK_SNAPSHOTS'];

/** Megabytes: what the engine holds for objects, what lies outside of its heap, and what the system has given. */
function memory(phase: string): void {
  const rounded = Object.entries(process.memoryUsage()).map(([name, bytes]) => [name, Math.round(bytes / MB)]);
  const status = readFileSync('/proc/self/status', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const resident = {
    anonymous: Math.round(kilobytes('RssAnon') / 1024),
    file: Math.round(kilobytes('RssFile') / 1024),
  };
  process.stdout.write(`${JSON.stringify({ phase, ...Object.fromEntries(rounded), resident })}\n`);
}

async function figures(lab: Lab): Promise<Figures> {
  // Pools close what is idle within a minute at most; the rest is at once.
  await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 30_000, interval: 100 }).toBe(0);
  await sleep(20_000);
  // What the lab itself remembers is no leak of the gate's.
  (lab.heads as string[]).length = 0;
  for (let i = 0; i < 3; i += 1) {
    collect();
    await sleep(50);
  }
  if (SNAPSHOTS !== undefined) writeHeapSnapshot(join(SNAPSHOTS, `${Date.now()}.heapsnapshot`));
  memory('collected');
  const { heapUsed, rss } = process.memoryUsage();
  return { files: readdirSync('/proc/self/fd').length, heap: heapUsed / MB, rss: rss / MB };
}

function origins(lab: Lab): void {
  lab.script = (socket, head) => {
    const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1];
    if (key !== undefined) {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write('\x81\x05hello', 'latin1');
    } else if (head.includes(' /stream')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      const more = setInterval(() => socket.write(`data: ${'plain text. '.repeat(50)}\n\n`), 5);
      socket.once('close', () => clearInterval(more));
    } else if (head.includes(' /reset')) socket.destroy();
    else socket.write(answer('x'.repeat(Math.floor(Math.random() * 20_000))));
  };
}

class Traffic {
  readonly #lab: Lab;
  readonly #passes = new Map<string, string>();
  readonly done = new Map<string, number>();
  over = false;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async lane(): Promise<void> {
    const kinds = {
      plain: 6,
      inspected: 6,
      h2: 4,
      opaque: 4,
      streamed: 3,
      socket: 2,
      socks: 2,
      nonsense: 2,
      leaves: 2,
    };
    const bag = Object.entries(kinds).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));
    while (!this.over) {
      const kind = pick(bag) as keyof typeof kinds;
      await this[kind]().catch(() => undefined);
      this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
    }
  }

  /** Facts end and come back. */
  async cuts(): Promise<void> {
    const { admin } = this.#lab;
    const why = { why: 'soak' };
    while (!this.over) {
      await sleep(Math.random() * 600);
      const [key, pass] = pick([...this.#passes, ['', ''] as const]);
      if (key !== '') {
        this.#passes.delete(key);
        await admin(`/v1/tasks/${pass.split(':')[0]}/kill`, why);
      }
      const pairs = [
        ['/v1/hosts/web.lab.test/deny', '/v1/hosts/web.lab.test/clear'],
        ['/v1/capabilities/net.read.lab/revoke', '/v1/capabilities/net.read.lab/restore'],
        ['/v1/tenants/acme/quarantine', '/v1/tenants/acme/release'],
        ['/v1/categories/special-use/block', '/v1/categories/special-use/unblock'],
      ] as const;
      const [end, back] = pick(pairs);
      await admin(end, why);
      await sleep(Math.random() * 50);
      await admin(back, why);
      this.done.set('cuts', (this.done.get('cuts') ?? 0) + 2);
    }
  }

  async #pass(name: (typeof CLASSES)[number]): Promise<string> {
    const tenant = pick(['acme', 'globex']);
    const key = `${tenant} ${name}`;
    const known = this.#passes.get(key);
    if (known !== undefined) return known;
    const made = await this.#lab.issue(tenant, name);
    this.#passes.set(key, made);
    return made;
  }

  #ask(path: string, fields = ''): string {
    return `GET ${path} HTTP/1.1\r\nHost: web.lab.test:${this.#lab.tlsPort}\r\n${fields}\r\n`;
  }

  #door(): Socket {
    const [host = '', port = ''] = this.#lab.appliance.proxyAddress.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined);
    return socket;
  }

  async plain(): Promise<void> {
    const host = `web.lab.test:${this.#lab.plainPort}`;
    const head = `GET http://${host}${pick(['/a', '/b', '/reset'])} HTTP/1.1\r\nHost: ${host}\r\n${this.#lab.authorization(await this.#pass('lab-read'))}`;
    await this.#lab.raw(`${head}\r\n${head}Connection: close\r\n\r\n`, 3000);
  }

  async inspected(): Promise<void> {
    await this.#lab.inspected('web.lab.test', this.#ask('/a') + this.#ask('/b', 'Connection: close\r\n'), {
      pass: await this.#pass('lab-read'),
    });
  }

  async h2(): Promise<void> {
    const { socket } = await this.#lab.tunnel('web.lab.test', { alpn: ['h2'], pass: await this.#pass('lab-read') });
    if (socket === null) return;
    const session = connectH2(`https://web.lab.test:${this.#lab.tlsPort}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    await Promise.all(
      Array.from({ length: 5 }, (_, i) => {
        const stream = session.request({ ':path': `/${i}` });
        stream.on('error', () => undefined).resume();
        if (i === 4) stream.close(8);
        return new Promise((resolve) => stream.once('close', resolve));
      }),
    );
    session.destroy();
  }

  async opaque(): Promise<void> {
    const { socket } = await this.#lab.tunnel('web.lab.test', {
      pass: await this.#pass('lab-opaque'),
      ca: this.#lab.originCa,
    });
    if (socket === null) return;
    socket.write(this.#ask('/tunnel'));
    await everything(socket, 200);
  }

  async streamed(): Promise<void> {
    const { socket } = await this.#lab.tunnel('web.lab.test', { pass: await this.#pass('lab-read') });
    if (socket === null) return;
    socket.write(this.#ask('/stream'));
    socket.resume();
    await sleep(Math.random() * 800);
    socket.destroy();
  }

  async socket(): Promise<void> {
    const { socket } = await this.#lab.tunnel('web.lab.test', { pass: await this.#pass('lab-write') });
    if (socket === null) return;
    const fields =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    socket.write(this.#ask('/socket', fields));
    await everything(socket, 300);
  }

  async socks(): Promise<void> {
    const issued = await this.#lab.admin('/v1/passes', { tenant: 'globex', class: 'lab-read' });
    const { username, password, port } = new URL(String(issued['socks_url']));
    const name = Buffer.from('web.lab.test');
    const login = [1, username.length, ...Buffer.from(username), password.length, ...Buffer.from(password)];
    const to = [5, 1, 0, 3, name.length, ...name, this.#lab.tlsPort >> 8, this.#lab.tlsPort & 255];
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(Buffer.from([5, 1, 2, ...login, ...to]));
    await everything(socket, 150);
  }

  async nonsense(): Promise<void> {
    const bytes = Buffer.from(Array.from({ length: 200 }, () => Math.floor(Math.random() * 256)));
    await this.#lab.raw(
      pick([bytes.toString('latin1'), 'GET / HTTP/1.1\r\n\r\n', 'CONNECT x HTTP/1.1\r\n\r\n', '\x05\x01\x00']),
      300,
    );
  }

  async leaves(): Promise<void> {
    const target = `web.lab.test:${this.#lab.tlsPort}`;
    const socket = this.#door();
    socket.write(
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${this.#lab.authorization(await this.#pass('lab-read'))}\r\n`,
    );
    await sleep(Math.random() * 10);
    socket.resetAndDestroy();
  }
}

async function run(lab: Lab, minutes: number): Promise<ReadonlyMap<string, number>> {
  const traffic = new Traffic(lab);
  const lanes = [...Array.from({ length: LANES }, () => traffic.lane()), traffic.cuts()];
  const said = setInterval(() => memory(`${[...traffic.done.values()].reduce((a, b) => a + b, 0)} exchanges`), 30_000);
  await sleep(minutes * 60_000);
  clearInterval(said);
  traffic.over = true;
  await Promise.all(lanes);
  return traffic.done;
}

test('mixed traffic with random cuts leaves nothing behind', { timeout: (MINUTES + 10) * 60_000 }, async () => {
  const lab = await openLab({ 'proxy.deadlines.head_ms': '2000', 'proxy.deadlines.idle_ms': '10000' });
  origins(lab);
  // By then the threads of the guard and the pools are all there, which is half of what a gate comes to hold.
  await run(lab, Math.min(4, MINUTES / 3));
  const before = await figures(lab);
  const done = await run(lab, MINUTES);
  const after = await figures(lab);
  process.stdout.write(`${JSON.stringify({ done: Object.fromEntries(done), before, after })}\n`);
  expect([...done.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(MINUTES * 60);
  expect(after.files).toBeLessThan(before.files + 20);
  // Caches of passes and decisions fill up to their bounds with every new task.
  expect(after.heap).toBeLessThan(before.heap + 48);
  expect(after.rss).toBeLessThan(before.rss + 192);
  await lab.close();
});

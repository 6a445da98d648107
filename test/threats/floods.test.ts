/**
 * T-45: floods of HTTP/2 frames, header bombs and slow bodies against one connection. Each ends with its connection, in
 * bounded memory, and whoever is beside it does not notice.
 */

import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entered, FLAG, frame, get, indexed, literal, PREFACE, TYPE } from '../proxy/h2-frames.ts';
import { answer, everything, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'proxy.deadlines.head_ms': '1000', 'proxy.deadlines.idle_ms': '1500' });
  lab.script = (socket) => void socket.write(answer('ok'));
}, 60_000);
afterAll(() => lab.close());

const target = () => `web.lab.test:${lab.tlsPort}`;
const MB = 1024 * 1024;

async function h2(): Promise<TLSSocket> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { alpn: ['h2'] });
  if (socket === null) throw new Error(refused);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]));
  return socket;
}

/** Writes pieces with back-pressure until there are no more or the gate has enough; true when the gate ended it. */
async function flood(socket: TLSSocket, pieces: Iterable<Buffer>, reads = true): Promise<boolean> {
  let ended = false;
  socket.once('close', () => {
    ended = true;
  });
  if (reads) socket.resume();
  for (const piece of pieces) {
    if (ended) return true;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(go, 2500);
      socket.on('drain', go).on('close', go);
    });
  }
  socket.resume();
  await expect.poll(() => ended, { timeout: 10_000, interval: 20 }).toBe(true);
  return ended;
}

function* repeated(times: number, piece: (i: number) => Buffer): Generator<Buffer> {
  for (let i = 0; i < times; i += 50) yield Buffer.concat(Array.from({ length: 50 }, (_, j) => piece(i + j)));
}

const request = (stream: number, more: Buffer = Buffer.alloc(0)) =>
  frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, stream, Buffer.concat([get(target()), more]));
const reset = (stream: number) => frame(TYPE.reset, 0, stream, Buffer.of(0, 0, 0, 8));

interface Flood {
  readonly name: string;
  readonly pieces: () => Iterable<Buffer>;
  /** False: the client never reads what comes back. */
  readonly reads?: boolean;
}

const FLOODS: readonly Flood[] = [
  {
    name: 'streams opened and reset at once (CVE-2023-44487)',
    pieces: () => repeated(4000, (i) => Buffer.concat([request(i * 2 + 1), reset(i * 2 + 1)])),
  },
  { name: 'settings (CVE-2019-9515)', pieces: () => repeated(200_000, () => frame(TYPE.settings, 0, 0)), reads: false },
  {
    name: 'pings (CVE-2019-9512)',
    pieces: () => repeated(200_000, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))),
    reads: false,
  },
  {
    name: 'continuations without end (CVE-2024-27316)',
    pieces: function* () {
      yield frame(TYPE.headers, FLAG.endStream, 1, get(target()));
      yield* repeated(20_000, (i) => frame(TYPE.continuation, 0, 1, literal(`x-${i}`, 'v'.repeat(200))));
    },
  },
  {
    name: 'empty continuations',
    pieces: function* () {
      yield frame(TYPE.headers, FLAG.endStream, 1, get(target()));
      yield* repeated(20_000, () => frame(TYPE.continuation, 0, 1));
    },
  },
  {
    name: 'a field of 4 KB named ten thousand times',
    pieces: function* () {
      yield request(1, entered('x-bomb', 'b'.repeat(3900)));
      for (let stream = 3; stream < 2000; stream += 2)
        yield request(stream, Buffer.concat(Array.from({ length: 10_000 }, () => indexed(62))));
    },
  },
  {
    name: 'frames of unknown streams',
    pieces: () => repeated(20_000, () => frame(TYPE.data, 0, 0, Buffer.alloc(1))),
  },
  {
    name: 'resets of streams that never were',
    pieces: () => repeated(20_000, (i) => reset(i * 2 + 100_001)),
  },
  {
    name: 'windows that overflow',
    pieces: () => repeated(1000, () => frame(TYPE.window, 0, 0, Buffer.of(0x7f, 0xff, 0xff, 0xff))),
  },
  { name: 'a preface of another protocol', pieces: () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')] },
];

/** One ordinary exchange on a connection of its own. */
async function ordinary(): Promise<string> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { pass: lab.passes.other });
  if (socket === null) throw new Error(refused);
  socket.write(`GET / HTTP/1.1\r\nHost: ${target()}\r\nConnection: close\r\n\r\n`);
  return everything(socket, 10_000);
}

describe('T-45 HTTP/2', () => {
  // Each egress worker makes its rules ready with its first exchange, which is no flood's memory.
  beforeAll(async () => void (await Promise.all(Array.from({ length: 16 }, ordinary))), 60_000);

  it.each(FLOODS)('$name end with their connection, and nobody beside it notices', async ({ pieces, reads }) => {
    const before = process.memoryUsage().rss;
    const flooding = flood(await h2(), pieces(), reads);
    expect(await ordinary()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await flooding).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MB);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 20_000, interval: 20 }).toBe(0);
  });

  it('no more streams are open at once than the bound says', async () => {
    let open = 0;
    let most = 0;
    lab.script = (socket) => {
      open += 1;
      most = Math.max(most, open);
      socket.once('close', () => {
        open -= 1;
      });
    };
    const socket = await h2();
    socket.resume();
    socket.write(Buffer.concat(Array.from({ length: 140 }, (_, i) => request(i * 2 + 1))));
    await expect.poll(() => most, { timeout: 5000, interval: 20 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(most).toBeLessThanOrEqual(128);
    socket.destroy();
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 20_000, interval: 20 }).toBe(0);
    lab.script = (s) => void s.write(answer('ok'));
  });

  it('a client that never opens its window holds no stream beyond the idle bound', async () => {
    lab.script = (socket) => void socket.write(answer('x'.repeat(200_000)));
    const socket = await h2();
    socket.resume();
    // SETTINGS_INITIAL_WINDOW_SIZE 0.
    socket.write(Buffer.concat([frame(TYPE.settings, 0, 0, Buffer.of(0, 4, 0, 0, 0, 0)), request(1), request(3)]));
    await expect
      .poll(() => lab.appliance.core.leases.live().length, { timeout: 3000, interval: 20 })
      .toBeGreaterThan(0);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 10_000, interval: 50 }).toBe(0);
    socket.destroy();
    lab.script = (s) => void s.write(answer('ok'));
  });
});

describe('T-45 HTTP/1.1', () => {
  const head = (fields: string, method = 'POST') => {
    const host = `web.lab.test:${lab.plainPort}`;
    return `${method} http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(lab.passes.write)}${fields}`;
  };

  it('a head without end is refused at its bound', async () => {
    expect(await lab.raw(head(`X: ${'a'.repeat(200_000)}`, 'GET'), 3000)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a thousand fields are refused', async () => {
    const fields = Array.from({ length: 1000 }, (_, i) => `X-${i}: 1\r\n`).join('');
    expect(await lab.raw(`${head(fields, 'GET')}\r\n`, 3000)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a body that stops coming ends with the idle bound, and its flow with it', async () => {
    const said = await lab.raw(`${head('Content-Length: 100\r\n\r\n')}abc`, 8000);
    expect(said).not.toMatch(/ 200 /);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 8000, interval: 50 }).toBe(0);
  });

  it('an origin that stops in the middle of its body ends with the idle bound', async () => {
    lab.script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
    await lab.raw(`${head('\r\n', 'GET')}`, 8000);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 8000, interval: 50 }).toBe(0);
    lab.script = (s) => void s.write(answer('ok'));
  });

  it('an origin that answers with informational responses without end is left', async () => {
    lab.script = (socket) => {
      const more = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(200)), 1);
      socket.once('close', () => clearInterval(more));
    };
    const said = await lab.raw(head('Connection: close\r\n\r\n', 'GET'), 10_000);
    expect(said).not.toMatch(/^HTTP\/1\.1 [12]/);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 8000, interval: 50 }).toBe(0);
    lab.script = (s) => void s.write(answer('ok'));
  });
});

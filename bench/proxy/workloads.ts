/** The workloads: each prepares, runs a number of operations, and cleans up. */

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answered, bulk, closed, closedLoop, inspected, ping, pingTunnel, plain, tunnel, type Way } from './load.ts';
import { host, PORTS } from './world.ts';

export interface Workload {
  readonly name: string;
  /** What one operation is. */
  readonly unit: string;
  readonly subjects: readonly string[];
  /** Operations of one round. */
  readonly count: number;
  /** Opens what the operations use, outside the measured time; returns how to run `count` of them, and how to close. */
  prepare(way: Way, round: number): Promise<Prepared>;
}

export interface Prepared {
  run(count: number): Promise<Float64Array>;
  close(): Promise<void>;
}

const MB = 1024 * 1024;
const NOTHING = async (): Promise<void> => undefined;
const ALL = ['locktender', 'before', 'squid', 'tinyproxy', 'bare', 'proxy-chain'];
const HTTP = ['locktender', 'before', 'locktender+guard', 'squid', 'bare', 'proxy-chain', 'mitmproxy', 'mockttp'];
const INSPECT = ['locktender', 'before', 'locktender+guard', 'squid', 'mitmproxy', 'mockttp', 'bare-inspect'];

const get = (way: Way, name: string) =>
  way.proxyPort === null
    ? `GET /v1/items HTTP/1.1\r\nHost: ${name}:${PORTS.http}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`
    : `GET http://${name}:${PORTS.http}/v1/items HTTP/1.1\r\nHost: ${name}:${PORTS.http}\r\nUser-Agent: bench\r\nAccept: */*\r\n${way.credential}\r\n`;
const inner = (name: string) =>
  `GET /v1/items HTTP/1.1\r\nHost: ${name}:${PORTS.tls}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`;

/** Kept connections, each used by one lane at a time. */
function lanes(sockets: readonly Socket[], act: (socket: Socket, n: number) => Promise<void>): Prepared {
  const free = [...sockets];
  return {
    run: (count) =>
      closedLoop(count, sockets.length, async (n) => {
        const socket = free.pop() as Socket;
        await act(socket, n);
        free.push(socket);
      }),
    close: async () => {
      await Promise.all(sockets.map(closed));
    },
  };
}

const many = <T>(count: number, make: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'connect',
    unit: 'tunnel opened, one byte each way, closed',
    subjects: [...ALL, 'hand'],
    count: 2_000,
    prepare: async (way) => ({
      run: (count) => closedLoop(count, 16, async () => closed(await tunnel(way))),
      close: NOTHING,
    }),
  },
  ...[1, 8].map(
    (streams): Workload => ({
      name: `bulk-${streams}`,
      unit: '1 MB through a tunnel',
      subjects: ALL,
      count: 1_024,
      prepare: async (way) => ({
        run: (count) => closedLoop(streams, streams, () => bulk(way, (count / streams) * MB)),
        close: NOTHING,
      }),
    }),
  ),
  {
    name: 'tunnel-requests',
    unit: '64 B up, 512 B down in an open tunnel',
    subjects: ALL,
    count: 20_000,
    prepare: async (way) => lanes(await many(32, () => pingTunnel(way)), ping),
  },
  {
    name: 'http-keep-alive',
    unit: 'plain GET of 1 KB',
    subjects: HTTP,
    count: 8_000,
    prepare: async (way) => {
      const question = get(way, host(0));
      return lanes(await many(32, () => plain(way)), (socket) => answered(socket, question));
    },
  },
  {
    name: 'inspected-keep-alive',
    unit: 'GET of 1 KB inside inspected TLS',
    subjects: INSPECT,
    count: 6_000,
    prepare: async (way) => lanes(await many(32, () => inspected(way, host(0))), (s) => answered(s, inner(host(0)))),
  },
  {
    name: 'inspected-new',
    unit: 'client connection, TLS handshake, one GET',
    subjects: INSPECT,
    count: 600,
    prepare: async (way) => ({ run: (count) => closedLoop(count, 8, () => once(way, host(0))), close: NOTHING }),
  },
  {
    name: 'inspected-unseen',
    unit: 'the same, of a host never seen',
    subjects: INSPECT,
    count: 200,
    prepare: async (way, round) => ({
      run: (count) => closedLoop(count, 8, (n) => once(way, host(100 + round * 200 + n))),
      close: NOTHING,
    }),
  },
  ...[1, 500].map(
    (hosts): Workload => ({
      name: `http-${hosts}-hosts`,
      unit: 'plain GET of 1 KB, hosts in turn, warm',
      subjects: ['locktender', 'before', 'squid'],
      count: 6_000,
      prepare: async (way) => {
        const sockets = await many(16, () => plain(way));
        const warm = lanes(sockets, (socket, n) => answered(socket, get(way, host(n % hosts))));
        await warm.run(Math.max(500, hosts * 2));
        return warm;
      },
    }),
  ),
];

async function once(way: Way, name: string): Promise<void> {
  const socket = await inspected(way, name);
  await answered(socket, inner(name));
  await closed(socket);
}

/** Extra resident bytes of each of `count` idle tunnels. */
export async function idleTunnels(way: Way, memory: () => number, count: number): Promise<number> {
  const open = async (): Promise<Socket[]> => {
    const sockets: Socket[] = [];
    for (let n = 0; n < count; n += 50) sockets.push(...(await many(50, () => tunnel(way))));
    return sockets;
  };
  // Once for the allocator, then for the figure.
  await Promise.all((await open()).map(closed));
  await sleep(1_500);
  const before = memory();
  const sockets = await open();
  await sleep(1_500);
  const after = memory();
  await Promise.all(sockets.map(closed));
  return (after - before) / count;
}

/** `tunnels` open at once, `rate` requests a second over them in turn; ms from when each was due. */
export async function steadyRate(way: Way, rate: number, seconds: number): Promise<Float64Array> {
  const sockets: Socket[] = [];
  for (let n = 0; n < 1_000; n += 50) sockets.push(...(await many(50, () => pingTunnel(way))));
  const total = rate * seconds;
  const times = new Float64Array(total);
  const pending: Promise<void>[] = [];
  const since = performance.now();
  for (let n = 0; n < total; n += 1) {
    const due = since + (n * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    pending.push(
      ping(sockets[n % sockets.length] as Socket).then(() => {
        times[n] = performance.now() - due;
      }),
    );
  }
  await Promise.all(pending);
  await Promise.all(sockets.map(closed));
  return times;
}

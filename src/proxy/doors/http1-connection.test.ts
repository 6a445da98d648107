/** A client that sends faster than it takes its answers. */

import { Duplex } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';
import { Deadlines } from '../deadlines.ts';
import type { Order } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { ConnectHeads } from './connect-heads.ts';
import { Http1Connection } from './http1-connection.ts';

const GET = Buffer.from('GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n');

/** A connection at its door, and how its client takes what was said to it before. */
function scene() {
  const walked: Order[] = [];
  const said: string[] = [];
  let take: () => void = () => undefined;
  const socket = new Duplex({
    allowHalfOpen: true,
    highWaterMark: 8,
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      take = () => {
        said.push(chunk.toString());
        take = () => undefined;
        done();
      };
    },
  });
  socket.write('an answer that fills the buffer');
  socket.write(', and its end');
  const connection = new Http1Connection(
    {
      gate: { settings: DEFAULT_SETTINGS, clients: null } as unknown as Gate,
      walk: async (order) => void walked.push(order),
      onConnect: () => undefined,
      deadlines: new Deadlines(),
      connects: new ConnectHeads(DEFAULT_SETTINGS.maxHeadBytes),
      keepLine: '',
      left: () => undefined,
    },
    { socket, door: 'http', inner: null },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const takeAll = async () => {
    for (let i = 0; i < 3; i += 1) {
      take();
      await turn();
    }
  };
  return { connection, socket, walked, said, turn, takeAll };
}

const problems = (walked: readonly Order[]) => walked.map(({ problem }) => problem?.detail ?? null);

afterEach(() => void vi.useRealTimers());

it('T-45 what comes before answers are taken stays in its socket, and is read behind them', async () => {
  const { socket, walked, turn, takeAll } = scene();
  socket.push(GET);
  await turn();
  expect([socket.isPaused(), walked.length]).toEqual([true, 0]);
  // Of all that comes now nothing is taken out of the socket.
  for (let i = 0; i < 5; i += 1) socket.push(GET);
  await turn();
  expect(socket.readableLength).toBe(5 * GET.length);
  await takeAll();
  expect(problems(walked)).toEqual([null]);
});

it('T-48 the end of a client is seen behind what it has pipelined, as far as that is held', async () => {
  const { socket, walked, turn, takeAll } = scene();
  await takeAll();
  for (let i = 0; i < 3; i += 1) {
    socket.push(GET);
    await turn();
  }
  socket.push(null);
  await turn();
  expect([walked.length, socket.readableEnded]).toEqual([1, true]);
});

it('T-45 what is pipelined behind an exchange is held up to a bound, and T-48 its client is not waited for long', async () => {
  const { connection, socket, walked, turn, takeAll } = scene();
  await takeAll();
  const many = Buffer.alloc(40 * 1024, GET);
  for (let i = 0; i < 4; i += 1) {
    socket.push(many);
    await turn();
  }
  expect([walked.length, socket.isPaused(), socket.readableLength]).toEqual([1, true, 2 * many.length]);
  expect(connection.due).toBeLessThanOrEqual(performance.now() + DEFAULT_SETTINGS.headTimeoutMs);
  connection.late();
  expect(socket.destroyed).toBe(true);
});

it('a request that came whole before the end of its client is walked once answers are taken', async () => {
  const { socket, walked, turn, takeAll } = scene();
  socket.push(GET);
  socket.push(null);
  await turn();
  expect(walked).toEqual([]);
  await takeAll();
  expect(problems(walked)).toEqual([null]);
});

it('answers that a client takes slowly, behind its own end, are not cut off', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { socket, said, turn, takeAll } = scene();
  socket.push(null);
  await turn();
  vi.advanceTimersByTime(60_000);
  expect(socket.destroyed).toBe(false);
  await takeAll();
  expect([said.join(''), socket.writableFinished]).toEqual(['an answer that fills the buffer, and its end', true]);
  // Of what the kernel has, nothing is known: it has its while.
  vi.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
});

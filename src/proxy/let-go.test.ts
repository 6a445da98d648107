/** What hangs on a socket goes with it; whoever waits for its end is told all the same. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { letGo } from './let-go.ts';

const server = createServer((socket) => socket.on('error', () => undefined).resume());
beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
afterAll(() => server.close());

async function closing(socket: Socket, told: string[]): Promise<void> {
  letGo(socket);
  socket.on('data', () => undefined).on('drain', () => undefined);
  socket.on('error', () => told.push('error')).once('close', () => told.push('close'));
  await once(socket, 'connect');
}

it('all that wait for the close are told, and nothing hangs on it then', async () => {
  const told: string[] = [];
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await closing(socket, told);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  expect(told).toEqual(['close']);
  expect(socket.eventNames()).toEqual(['error']);
  // An error that comes too late ends nobody.
  expect(socket.emit('error', new Error('late'))).toBe(true);
  expect(told).toEqual(['close']);
});

it('an error with the close is told before it', async () => {
  const told: string[] = [];
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await closing(socket, told);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy(new Error('broken'));
  await closed;
  expect(told).toEqual(['error', 'close']);
});

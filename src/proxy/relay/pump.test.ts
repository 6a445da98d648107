import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Deadlines } from '../deadlines.ts';
import { dial } from '../dial/dial.ts';
import { buffersOut } from './buffer-pool.ts';
import type { Pump } from './pump.ts';

const PIECES = [1, 300, 4096, 5000, 70_000, 3, 200_000, 1_500_000, 4095, 17];

async function dialled(port: number): Promise<{ readonly from: Socket; readonly pump: Pump | undefined }> {
  const told: Pump[] = [];
  const pumped = (pump: Pump) => void told.push(pump);
  const order = { addresses: ['127.0.0.1'], port, timeoutMs: 5_000, deadlines: new Deadlines(), cutoff: null, pumped };
  return { from: await dial(order), pump: told[0] };
}

it('T-25 tunnels that read at the same time never see one another’s bytes, whatever the sizes', async () => {
  let next = 0;
  const server = createServer(async (socket) => {
    next += 1;
    const mark = next;
    socket.write(Buffer.from([mark]));
    for (const size of [...PIECES, ...PIECES]) {
      if (!socket.write(Buffer.alloc(size, mark))) await once(socket, 'drain');
      await setImmediate();
    }
    socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const total = 1 + 2 * PIECES.reduce((sum, size) => sum + size, 0);

  const tunnel = async (): Promise<Buffer> => {
    const { from, pump } = await dialled(port);
    // A real socket: the pump takes a large buffer back once the write that carries it was flushed.
    const sink = createServer();
    sink.listen(0, '127.0.0.1');
    await once(sink, 'listening');
    const client = connect((sink.address() as AddressInfo).port, '127.0.0.1');
    const [reader] = (await once(sink, 'connection')) as [Socket];
    from.on('end', () => client.end());
    pump?.attach(from, client, () => true);
    const got: Buffer[] = [];
    for await (const chunk of reader) got.push(chunk as Buffer);
    pump?.release();
    from.destroy();
    sink.close();
    return Buffer.concat(got);
  };
  const received = await Promise.all(Array.from({ length: 12 }, tunnel));
  for (const bytes of received) {
    expect(bytes.length).toBe(total);
    expect(bytes.equals(Buffer.alloc(total, bytes[0]))).toBe(true);
  }
  expect(new Set(received.map((bytes) => bytes[0])).size).toBe(12);
  server.close();
});

it('T-45 a client that goes away, or that is cut, while it is written to leaves no buffer lent', async () => {
  const before = buffersOut();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(Buffer.alloc(32 * 1024 * 1024, 7));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // Reads nothing, so that writes stay open.
  const sink = createServer((socket) => socket.pause().on('error', () => undefined));
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const { from, pump } = await dialled(port);
  const client = connect((sink.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  await once(client, 'connect');
  pump?.attach(from, client, () => true);
  while (client.writableLength === 0) await setImmediate();
  expect(buffersOut()).not.toEqual(before);

  client.destroy();
  from.destroy();
  await once(from, 'close');
  pump?.release();
  await setImmediate();
  expect(buffersOut()).toEqual(before);
  server.close();
  sink.close();
});

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { frame, PREFACE, TYPE } from '../../../test/proxy/h2-frames.ts';
import type { Gate } from '../gate.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { H2Server } from './h2-server.ts';
import type { Inner } from './inner.ts';

const GOAWAY = 7;

it('T-48 a session that its client has closed takes its connection along, though the client never ends that', async () => {
  const h2 = new H2Server({ settings: DEFAULT_SETTINGS } as Gate, () => Promise.resolve());
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined).resume();
  const [carrier] = (await once(server, 'connection')) as [Socket];
  carrier.on('error', () => undefined);
  h2.serve(carrier, { carrier } as unknown as Inner);
  client.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), frame(GOAWAY, 0, 0, Buffer.alloc(8))]));
  await expect.poll(() => carrier.closed, { timeout: 8_000, interval: 20 }).toBe(true);
  client.destroy();
  server.close();
});

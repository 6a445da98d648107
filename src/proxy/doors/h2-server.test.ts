import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { FLAG, frame, indexed, literal, PREFACE, TYPE } from '../../../test/proxy/h2-frames.ts';
import type { Gate } from '../gate.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { H2Server } from './h2-server.ts';
import type { Inner } from './inner.ts';

const GOAWAY = 7;
/** More than an emitter has listeners before it warns. */
const STREAMS = Array.from({ length: 12 }, (_, i) => 2 * i + 1);
/** Of HTTP in the clear, which nobody has to know a target for. */
const ASK = Buffer.concat([indexed(2), indexed(4), indexed(6), literal(':authority', 'web.test')]);

it('T-48 a session that its client has closed takes its connection along, though the client never ends that', async () => {
  const walk = vi.fn(() => Promise.resolve());
  const h2 = new H2Server({ settings: DEFAULT_SETTINGS } as Gate, walk);
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined).resume();
  const [carrier] = (await once(server, 'connection')) as [Socket];
  carrier.on('error', () => undefined);
  h2.serve(carrier, { carrier, within: {} } as unknown as Inner);
  const warned = vi.spyOn(process, 'emitWarning');
  const asks = STREAMS.map((id) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, ASK));
  const resets = STREAMS.map((id) => frame(TYPE.reset, 0, id, Buffer.of(0, 0, 0, 8)));
  const goaway = frame(GOAWAY, 0, 0, Buffer.alloc(8));
  client.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0), ...asks]));
  await expect.poll(() => walk.mock.calls.length, { interval: 5 }).toBe(STREAMS.length);
  client.write(Buffer.concat([goaway, ...resets]));
  await expect.poll(() => carrier.closed, { timeout: 8_000, interval: 20 }).toBe(true);
  expect(warned).not.toHaveBeenCalled();
  client.destroy();
  server.close();
});

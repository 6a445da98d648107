import { once } from 'node:events';
import { connect, constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { H2Reply } from './h2-reply.ts';

const server = createServer();
const replies: ServerHttp2Stream[] = [];
let client: ReturnType<typeof connect>;

beforeAll(async () => {
  server.on('stream', (stream) => {
    // As the server does: a stream that is reset says so.
    stream.on('error', () => undefined);
    replies.push(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  client.destroy();
  server.close();
});

async function begun(idleMs = 60_000) {
  const asked = client.request({ ':path': '/' });
  let ended = false;
  asked.on('end', () => {
    ended = true;
  });
  asked.on('error', () => undefined);
  const closed = new Promise((resolve) => asked.once('close', resolve));
  await expect.poll(() => replies.length).toBe(1);
  const reply = new H2Reply(replies.pop() as ServerHttp2Stream, false, idleMs);
  reply.head(200, []);
  reply.write(Buffer.from('half an answer'));
  await once(asked, 'data');
  return { reply, asked, closed, ended: () => ended };
}

test('what is cut while nothing waits to be sent is reset, and does not look whole', async () => {
  const { reply, asked, closed, ended } = await begun();
  reply.destroy();
  reply.destroy();
  await closed;
  expect([asked.rstCode, ended(), reply.gone]).toEqual([constants.NGHTTP2_INTERNAL_ERROR, false, true]);
});

test('nor does what was idle for too long', async () => {
  const { asked, closed } = await begun(50);
  await closed;
  expect(asked.rstCode).toBe(constants.NGHTTP2_CANCEL);
});

test('what ends properly looks whole', async () => {
  const { reply, asked, closed, ended } = await begun();
  reply.end([]);
  await closed;
  expect([asked.rstCode, ended()]).toEqual([constants.NGHTTP2_NO_ERROR, true]);
});

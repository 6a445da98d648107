/** T-45: an origin that speaks HTTP/2 and cuts its body into crumbs, each of which costs the gate as much as a large frame. */

import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectH2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FLAG, frame, framesIn, indexed, TYPE } from '../proxy/h2-frames.ts';
import { type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
/** What the origin answers to a request, as frames. */
let reply: (stream: number) => Buffer;

/** Frames by hand: no server of HTTP/2 that is ours to use sends such. */
function serve(socket: TLSSocket): void {
  socket.on('error', () => undefined);
  socket.write(frame(TYPE.settings, 0, 0));
  let held = Buffer.alloc(0);
  let preface = true;
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    if (preface && held.length < 24) return;
    if (preface) held = held.subarray(24);
    preface = false;
    for (const { type, stream, flags, payload } of framesIn(held)) {
      held = held.subarray(9 + payload.length);
      if (type === TYPE.settings && flags === 0) socket.write(frame(TYPE.settings, FLAG.ack, 0));
      if (type === TYPE.headers)
        socket.write(Buffer.concat([frame(TYPE.headers, FLAG.endHeaders, stream, indexed(8)), reply(stream)]));
    }
  });
}
const origin = createServer(
  { ALPNProtocols: ['h2'], SNICallback: (name, done) => done(null, lab.contextOf(name)) },
  serve,
);
const portOf = () => (origin.address() as AddressInfo).port;

let session: ClientHttp2Session;
beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  lab = await openLab({}, [portOf()]);
  const { socket, refused } = await lab.tunnel('web.lab.test', { alpn: ['h2'], port: portOf() });
  if (socket === null) throw new Error(refused);
  session = connectH2(`https://web.lab.test:${portOf()}`, { createConnection: () => socket });
  session.on('error', () => undefined);
}, 60_000);
afterAll(async () => {
  session?.destroy();
  await lab?.close();
  origin.close();
});

interface Asked {
  readonly status: number;
  readonly text: string;
  /** Whether its end was a fault of the stream. */
  readonly broken: boolean;
}

async function asked(): Promise<Asked> {
  const stream = session.request({ ':path': '/' });
  const [head] = (await once(stream, 'response')) as [{ ':status': number }];
  const status = head[':status'];
  let text = '';
  try {
    for await (const piece of stream) text += String(piece);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    return { status, text, broken: true };
  }
  return { status, text, broken: false };
}

const crumbs = (stream: number, count: number) => {
  const one = frame(TYPE.data, 0, stream, Buffer.of(120));
  return Buffer.alloc(count * one.length, one);
};
const END = (stream: number) => frame(TYPE.data, FLAG.endStream, stream, Buffer.from('end of it'));

it('is served while the crumbs are few', async () => {
  reply = (stream) => Buffer.concat([crumbs(stream, 500), END(stream)]);
  expect(await asked()).toEqual({ status: 200, text: `${'x'.repeat(500)}end of it`, broken: false });
});

it('T-45 is left when they are many', async () => {
  reply = (stream) => Buffer.concat([crumbs(stream, 60_000), END(stream)]);
  const { status, text, broken } = await asked();
  // Where the crumbs are slow to come, the guard hands on what it held for 20 ms: what began is then broken off, not refused.
  if (broken) expect([status, text.replaceAll('x', '')]).toEqual([200, '']);
  else expect([status, text]).toEqual([502, expect.stringContaining('"code":"upstream_protocol"')]);
  await expect
    .poll(() => lab.appliance.core.leases.live().filter(({ flow }) => flow.kind === 'exchange').length)
    .toBe(0);
});

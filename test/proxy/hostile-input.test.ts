/** Hostile and broken input at the proxy's own door, over real sockets: what the client is told, and one record each. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let authorization = '';

beforeAll(async () => {
  scene = await openScene();
  authorization = `Proxy-Authorization: Basic ${Buffer.from(scene.pass).toString('base64')}\r\n`;
}, 60_000);

afterAll(() => scene.close());

/** Sends bytes, gives what comes back until the gate closes or half a second is quiet. */
async function send(bytes: string): Promise<string> {
  const [host, port] = scene.appliance.proxyAddress.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  let back = '';
  socket.setTimeout(1500, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    back += chunk.toString('latin1');
  });
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return back;
}

const decisions = async (): Promise<{ effect: string; reason: string }[]> => {
  const { events } = await scene.admin('/v1/audit?type=decision&limit=1000');
  return (events as { event: { effect: string; reason: string } }[]).map(({ event }) => event);
};

const GOOD = 'Host: docs.demo.test\r\n';
const MALFORMED: readonly [string, string][] = [
  [
    'T-02 both Content-Length and Transfer-Encoding',
    `GET http://docs.demo.test/ HTTP/1.1\r\n${GOOD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['two Host fields', `GET http://docs.demo.test/ HTTP/1.1\r\n${GOOD}Host: other.test\r\n\r\n`],
  ['no Host field', 'GET http://docs.demo.test/ HTTP/1.1\r\n\r\n'],
  ['a space before the colon', `GET http://docs.demo.test/ HTTP/1.1\r\n${GOOD}X-A : b\r\n\r\n`],
  ['a request line of garbage', '\x01\x02\x03\x04 nonsense\r\n\r\n'],
  ['a folded field', `GET http://docs.demo.test/ HTTP/1.1\r\n${GOOD}X-A: b\r\n c\r\n\r\n`],
];

describe('malformed requests', () => {
  it.each(MALFORMED)('%s: refused with 400, one denial on record', async (_, bytes) => {
    const before = (await decisions()).length;
    const answer = await send(bytes.replace('\r\n', `\r\n${bytes.startsWith('GET') ? authorization : ''}`));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    const after = await decisions();
    expect(after.length - before).toBe(1);
    expect(after[0]).toMatchObject({ effect: 'deny', reason: 'request_malformed' });
  });

  it('a head beyond its bound: refused with 431, one denial on record', async () => {
    const before = (await decisions()).length;
    const answer = await send(
      `GET http://docs.demo.test/ HTTP/1.1\r\n${GOOD}${authorization}X-Big: ${'a'.repeat(70_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect((await decisions()).length - before).toBe(1);
  });

  it('the absolute form and Host name different hosts: refused', async () => {
    const answer = await send(`GET http://docs.demo.test/ HTTP/1.1\r\nHost: paste.demo.test\r\n${authorization}\r\n`);
    expect(answer).toMatch(/details="host_mismatch: /);
  });
});

describe('CONNECT', () => {
  it('bytes that are no TLS inside a tunnel are refused and recorded', async () => {
    const head = `CONNECT docs.demo.test:${scene.originPort} HTTP/1.1\r\nHost: docs.demo.test:${scene.originPort}\r\n${authorization}\r\n`;
    const answer = await send(`${head}GET / HTTP/1.1\r\nHost: docs.demo.test\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect((await decisions()).map((d) => d.reason)).toContain('tunnel_not_tls');
  });

  it('a client that vanishes mid-tunnel leaves no flow behind', async () => {
    const [host, port] = scene.appliance.proxyAddress.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined);
    socket.write(
      `CONNECT docs.demo.test:${scene.originPort} HTTP/1.1\r\nHost: docs.demo.test:${scene.originPort}\r\n${authorization}\r\n`,
    );
    await once(socket, 'data');
    socket.resetAndDestroy();
    await expect.poll(() => scene.appliance.core.leases.live().length).toBe(0);
  });

  it('T-47 our own admin door is no destination, whoever asks', async () => {
    const own = scene.appliance.adminAddress;
    const answer = await send(`CONNECT ${own} HTTP/1.1\r\nHost: ${own}\r\n${authorization}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('an origin that misbehaves', () => {
  let origin: Server;
  afterAll(() => origin.close());

  it('is not even reached without a capability', async () => {
    let reached = 0;
    origin = createServer(() => {
      reached += 1;
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    const answer = await send(
      `GET http://docs.demo.test:${port}/ HTTP/1.1\r\nHost: docs.demo.test:${port}\r\n${authorization}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(reached).toBe(0);
  });
});

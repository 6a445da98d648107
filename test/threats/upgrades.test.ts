/** WebSocket upgrades: who may ask for one, what an origin may answer instead, and how one ends. */

import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { startPassRelay } from '../../src/sandbox/pass-relay.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
}, 60_000);
afterAll(() => lab.close());

/** However it comes: some are reset. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve());
  });
}

describe('T-28 WebSocket', () => {
  const upgrade = (name: string) =>
    `GET /socket HTTP/1.1\r\nHost: ${name}:${lab.tlsPort}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const accepted =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

  it('needs a capability to write', async () => {
    const before = lab.heads.length;
    expect(await lab.inspected('web.lab.test', upgrade('web.lab.test'))).toMatch(/^HTTP\/1\.1 403 /);
    expect(lab.heads.length).toBe(before);
  });

  it('is asked for by a GET without a body, and by nothing else', async () => {
    const before = lab.heads.length;
    const options = { pass: lab.passes.write };
    const asked = upgrade('web.lab.test');
    for (const other of [asked.replace('GET', 'POST'), asked.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nok')])
      expect(await lab.inspected('web.lab.test', other, options)).toMatch(/^HTTP\/1\.1 400 /);
    expect(lab.heads.length).toBe(before);
  });

  it('T-29 an origin that answers with early hints for ever is given up', async () => {
    lab.script = (socket) => {
      const more = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(10)), 2);
      socket.once('close', () => clearInterval(more));
    };
    const said = await lab.inspected('web.lab.test', upgrade('web.lab.test'), { pass: lab.passes.write });
    expect(said).toMatch(/^HTTP\/1\.1 502 [\s\S]*upstream_protocol/);
  });

  it.each([
    ['a challenge', '401 Unauthorized', 'WWW-Authenticate: Bearer realm="lab"\r\n', 'no'],
    ['a redirect', '302 Found', 'Location: /elsewhere\r\n', ''],
    ['another version', '426 Upgrade Required', 'Sec-WebSocket-Version: 8\r\n', ''],
    ['an ordinary answer', '200 OK', '', 'hello'],
  ])("that its origin answers with %s gets the origin's own answer", async (_, status, fields, body) => {
    const length = `Content-Length: ${body.length}\r\n`;
    lab.script = (socket) => void socket.end(`HTTP/1.1 ${status}\r\n${length}${fields}\r\n${body}`);
    const said = await lab.inspected('web.lab.test', upgrade('web.lab.test'), { pass: lab.passes.write });
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
    expect(said).toContain(fields);
    expect(said.split('\r\n\r\n')[1]).toBe(body);
    expect(said).not.toMatch(/locktender/i);
  });

  it('T-36 a refusal of the origin goes through the guard, and a broken one does not look whole', async () => {
    const ask = () => lab.inspected('web.lab.test', upgrade('web.lab.test'), { pass: lab.passes.write });
    lab.script = (socket) => void socket.end(answer(`token ${DEMO_SECRET}`).replace('200 OK', '403 Forbidden'));
    expect(await ask()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*\r\n\r\ntoken \[REDACTED:GITHUB_TOKEN\]$/);
    const origin = Promise.withResolvers<Socket>();
    lab.script = (socket) => {
      origin.resolve(socket);
      socket.write('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n');
    };
    const client = await asking(true);
    let broken = '';
    client.on('data', (chunk: Buffer) => {
      broken += chunk.toString('latin1');
    });
    const closed = closeOf(client);
    await expect.poll(() => broken, { timeout: 10_000 }).toContain('hello');
    (await origin.promise).destroy();
    await closed;
    expect(broken).not.toMatch(/\r\n0\r\n\r\n$|locktender/);
  });

  it('T-45 whose origin refuses it keeps no connection open behind the answer, whatever its client has sent', async () => {
    lab.script = (socket) => void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno');
    const client = await asking(false, { allowHalfOpen: true });
    client.write('what is no message yet');
    await once(client.resume(), 'end');
    const more = setInterval(() => client.write('x'), 50);
    await closeOf(client);
    clearInterval(more);
  });

  it.each(['inspected', 'in the clear'])(
    'T-48 whose client leaves before its origin has answered holds no flow: %s',
    async (how) => {
      const before = lab.heads.length;
      lab.script = () => undefined;
      const live = () => lab.appliance.core.leases.live().filter(({ flow }) => flow.kind === 'websocket').length;
      const client = await asking(how === 'inspected');
      await expect.poll(() => lab.heads.length, { timeout: 10_000 }).toBe(before + 1);
      expect(live()).toBe(1);
      client.end();
      await expect.poll(live, { timeout: 10_000 }).toBe(0);
      client.destroy();
      const closes = async () => (await lab.admin('/v1/audit?type=flow.closed&limit=5'))['events'];
      const left = expect.objectContaining({ cause: 'client_closed', reason: null, status: null });
      await expect.poll(closes, { timeout: 10_000 }).toContainEqual(expect.objectContaining({ event: left }));
    },
  );

  function inTheClear(): string {
    const url = `http://web.lab.test:${lab.plainPort}`;
    return upgrade('web.lab.test').replace('/socket', `${url}/socket`).replace(`:${lab.tlsPort}`, `:${lab.plainPort}`);
  }

  async function asking(isInspected: boolean, options = {}): Promise<Socket> {
    const { write } = lab.passes;
    if (isInspected) {
      const { socket, refused } = await lab.tunnel('web.lab.test', { pass: write });
      if (socket === null) throw new Error(refused);
      socket.write(upgrade('web.lab.test'));
      return socket;
    }
    const [host = '', port = ''] = lab.appliance.proxyAddress.split(':');
    const socket = connect({ ...options, port: Number(port), host });
    socket.write(inTheClear().replace('Connection:', `${lab.authorization(write)}Connection:`));
    return socket;
  }

  it('T-49 comes through the relay of passes, and a refused one is the last request of its connection there', async () => {
    const [host = '', port = ''] = lab.appliance.proxyAddress.split(':');
    const credentials = () => Buffer.from(lab.passes.write).toString('base64');
    const relay = await startPassRelay({ host: '127.0.0.1', port: 0 }, { host, port: Number(port) }, credentials);
    const through = (head: string) => {
      const socket = connect((relay.address() as AddressInfo).port, '127.0.0.1');
      socket.write(head);
      return socket;
    };
    const head = inTheClear();
    lab.script = (socket) => void socket.write(`${accepted}\x81\x05hello`, 'latin1');
    const switched = through(head);
    let said = '';
    switched.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    await expect.poll(() => said).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello/);
    switched.destroy();
    lab.script = (socket) => void socket.end(answer('no').replace('200 OK', '401 Unauthorized'));
    for (const [asked, status] of [
      [head, 401],
      [head.replaceAll('web.lab.test', 'other.test'), 403],
      [head.replace('websocket', 'tls'), 403],
      [head.replace('websocket', 'h2c'), 401],
    ] as const) {
      const all = await text(through(`${asked}${head}`));
      expect(all.match(/HTTP\/1\.1 [0-9]+/g)).toEqual([`HTTP/1.1 ${status}`]);
    }
    relay.close();
  });

  it('is relayed with one, and cut when its pass is revoked', async () => {
    lab.script = (socket) => void socket.write(`${accepted}\x81\x05hello`, 'latin1');
    const { socket } = await lab.tunnel('web.lab.test', { pass: lab.passes.write });
    if (socket === null) throw new Error('no tunnel');
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    socket.write(upgrade('web.lab.test'));
    await expect.poll(() => said).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello/);
    const task = lab.passes.write.split(':')[0] ?? '';
    const closed = closeOf(socket);
    await lab.admin(`/v1/tasks/${task}/kill`, { why: 'test' });
    await closed;
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

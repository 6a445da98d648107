/** WebSocket through the gate with a real client (undici's), over inspected TLS; its messages pass the guard (T-28, T-36). */

import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ProxyAgent, WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SECRET } from '../../src/appliance/tour/demo-origins.ts';
import { encodeFrame, MessageReader, OPCODES } from '../../src/wire/websocket.ts';
import { everything, type Lab, openLab } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab({ 'proxy.limits.tenant_bytes_down': '200000' });
}, 60_000);

afterAll(() => lab?.close());

interface Origin {
  /** Whole messages that the origin has received. */
  readonly heard: { readonly opcode: number; readonly text: string }[];
  say(opcode: number, payload: string | Buffer): void;
  /** Bytes as they are. */
  raw(bytes: Buffer): void;
}

/** An origin that switches, with `more` fields in its answer; it answers nothing but a close. */
function origin(more = ''): Origin {
  const heard: { opcode: number; text: string }[] = [];
  let socket: Socket | null = null;
  lab.script = (to, head) => {
    socket = to;
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    to.removeAllListeners('data');
    const reader = new MessageReader(true);
    to.on('data', (chunk: Buffer) => {
      for (const { opcode, payload } of reader.push(chunk)) {
        heard.push({ opcode, text: payload.toString('utf8') });
        // Section 7.1.1: the server answers a close and ends the connection.
        if (opcode === OPCODES.close) to.end(encodeFrame({ opcode, payload }, null));
      }
    });
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    to.write(`${upgrade}Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`);
  };
  const raw = (bytes: Buffer) => void socket?.write(bytes);
  return { heard, raw, say: (opcode, payload) => raw(encodeFrame({ opcode, payload: Buffer.from(payload) }, null)) };
}

interface Client {
  readonly socket: WebSocket;
  readonly heard: (string | ArrayBuffer)[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

async function client(pass = lab.passes.write): Promise<Client> {
  const [user = '', token = ''] = pass.split(':');
  const dispatcher = new ProxyAgent({
    uri: `http://${lab.appliance.proxyAddress}`,
    token: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
    requestTls: { ca: lab.ca },
  });
  const socket = new WebSocket(`wss://web.lab.test:${lab.tlsPort}/socket`, { dispatcher });
  socket.binaryType = 'arraybuffer';
  const heard: (string | ArrayBuffer)[] = [];
  socket.addEventListener('message', ({ data }) => heard.push(data as string | ArrayBuffer));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('not opened')));
  });
  return { socket, heard, closed };
}

describe('WebSocket messages through the guard', () => {
  it('pass both ways, text, binary and pings, and the close with its code', async () => {
    const far = origin();
    const near = await client();
    near.socket.send('hello é');
    near.socket.send(new Uint8Array([1, 2, 3]));
    await expect.poll(() => far.heard.map(({ text }) => text)).toEqual(['hello é', '\u0001\u0002\u0003']);
    far.say(OPCODES.text, 'and back 𝄞');
    far.say(OPCODES.ping, 'p');
    await expect.poll(() => near.heard).toEqual(['and back 𝄞']);
    await expect.poll(() => far.heard.at(-1)).toEqual({ opcode: OPCODES.pong, text: 'p' });
    near.socket.close(4001, 'done');
    await expect.poll(() => far.heard.at(-1)?.text.slice(2)).toBe('done');
    expect(await near.closed).toEqual({ code: 4001, reason: 'done' });
  });

  it('redacts a secret in what comes, also when it is split over fragments', async () => {
    const far = origin();
    const near = await client();
    far.say(OPCODES.text, JSON.stringify({ token: DEMO_SECRET }));
    await expect.poll(() => near.heard).toEqual(['{"token":"[REDACTED:GITHUB_TOKEN]"}']);
    const [first, second] = [Buffer.from(`x ${DEMO_SECRET.slice(0, 20)}`), Buffer.from(`${DEMO_SECRET.slice(20)} y`)];
    far.raw(Buffer.concat([Buffer.from([0x01, first.length]), first, Buffer.from([0x80, second.length]), second]));
    await expect.poll(() => near.heard.at(-1)).toBe('x [REDACTED:GITHUB_TOKEN] y');
    near.socket.close();
    await near.closed;
    const { events } = await lab.admin('/v1/audit?type=guard.verdict&limit=2');
    expect(events).toEqual([
      expect.objectContaining({ event: expect.objectContaining({ direction: 'result', action: 'redact' }) }),
      expect.objectContaining({ event: expect.objectContaining({ direction: 'result', action: 'redact' }) }),
    ]);
  });

  it.each([
    ['text', `my key is ${DEMO_SECRET}`],
    ['binary', Buffer.concat([Buffer.from([0, 1, 2, 10]), Buffer.from(DEMO_SECRET)])],
  ])('ends the connection before a secret leaves in a %s message, and names the decision', async (_, message) => {
    const far = origin();
    const near = await client();
    near.socket.send(message);
    const { code, reason } = await near.closed;
    expect([code, reason]).toEqual([1008, expect.stringMatching(/^guard_blocked d_[0-9A-Z]{26}$/)]);
    await expect.poll(() => far.heard.at(-1)?.opcode).toBe(OPCODES.close);
    expect(JSON.stringify(far.heard)).not.toContain(DEMO_SECRET.slice(4, 30));
    const live = () => lab.appliance.core.leases.live().filter(({ flow }) => flow.kind === 'websocket').length;
    await expect.poll(live).toBe(0);
    const id = reason.split(' ')[1] ?? '';
    const closes = async () => (await lab.admin(`/v1/audit?type=flow.closed&id=${id}`))['events'];
    await expect
      .poll(closes)
      .toEqual([expect.objectContaining({ event: expect.objectContaining({ cause: 'guard_blocked', decision: id }) })]);
  });

  it('ends a stream that breaks the rules of frames, or a message that never ends', async () => {
    const far = origin();
    const near = await client();
    far.raw(Buffer.from([0xc1, 0x01, 0x41]));
    expect((await near.closed).code).toBe(1002);
    const again = origin();
    const next = await client();
    again.raw(Buffer.from([0x01, 0x7f, 0, 0, 0, 0, 0x10, 0, 0, 0]));
    expect((await next.closed).code).toBe(1009);
  });

  it('T-34 says of a message that could not be looked at what it says of such a body', async () => {
    const far = origin();
    const near = await client();
    near.socket.send(gzipSync(Buffer.alloc(50_000_000)));
    const { code, reason } = await near.closed;
    expect([code, reason]).toEqual([1008, expect.stringMatching(/^guard_unscannable d_[0-9A-Z]{26}$/)]);
    await expect.poll(() => far.heard.at(-1)?.opcode).toBe(OPCODES.close);
    const id = reason.split(' ')[1] ?? '';
    const events = async (type: string) => {
      const all = (await lab.admin(`/v1/audit?type=${type}&limit=10`))['events'] as {
        event: Record<string, unknown>;
      }[];
      return all.filter(({ event }) => event['decision'] === id).map(({ event }) => event);
    };
    await expect
      .poll(() => events('flow.closed'))
      .toMatchObject([{ cause: 'guard_blocked', reason: 'guard_unscannable' }]);
    expect(await events('guard.verdict')).toMatchObject([{ direction: 'request', action: 'block', findings: [] }]);
  });

  it('T-34 says the same of a request of which the fields could not be looked at, and has it on record', async () => {
    const text = gzipSync(Buffer.alloc(8 << 20)).toString('base64');
    const head = `GET http://web.lab.test:${lab.plainPort}/unread HTTP/1.1\r\nHost: web.lab.test:${lab.plainPort}\r\n`;
    const said = await lab.raw(`${head}${lab.authorization()}X-Data: ${text}\r\nConnection: close\r\n\r\n`);
    expect(said).toContain('guard_unscannable');
    const id = /^locktender-decision: *(\S+)/im.exec(said)?.[1];
    const { events } = await lab.admin('/v1/audit?type=guard.verdict&limit=10');
    expect((events as { event: Record<string, unknown> }[]).map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ decision: id, direction: 'request', action: 'block', findings: [] }),
    );
  });

  it('says why one was ended that had used its budget of bytes', async () => {
    const far = origin();
    const near = await client(await lab.issue('spender', 'lab-write'));
    for (let i = 0; i < 4; i += 1) far.say(OPCODES.binary, 'x'.repeat(60_000));
    await near.closed;
    const closes = async () =>
      ((await lab.admin('/v1/audit?type=flow.closed&limit=10'))['events'] as { event: Record<string, unknown> }[])
        .map(({ event }) => event)
        .filter((event) => event['tenant'] === 'spender' && event['status'] === 101);
    await expect.poll(closes).toMatchObject([{ cause: 'budget', reason: 'budget_bytes' }]);
  });

  it('T-36 redacts a secret in a field of the handshake', async () => {
    const raw = async () => {
      const { socket } = await lab.tunnel('web.lab.test', { pass: lab.passes.write });
      const fields = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
      socket?.write(
        `GET /socket HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\n${fields}Sec-WebSocket-Key: a\r\n\r\n`,
      );
      return socket === null ? '' : everything(socket);
    };
    origin(`X-Debug: ${DEMO_SECRET}\r\n`);
    expect(await raw()).toMatch(/^HTTP\/1\.1 101 [\s\S]*X-Debug: \[REDACTED:GITHUB_TOKEN\]\r\n/);
  });

  it('offers no compression to the origin, and refuses one that compresses all the same', async () => {
    const before = lab.heads.length;
    origin();
    const near = await client();
    near.socket.close();
    expect(lab.heads.slice(before).join('')).not.toMatch(/sec-websocket-extensions/i);
    origin('Sec-WebSocket-Extensions: permessage-deflate\r\n');
    await expect(client()).rejects.toThrow('not opened');
  });
});

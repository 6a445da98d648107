/** Tokens and stored credentials over real TLS: what the sandbox holds, what the origin gets, what comes back. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProxyAgent, WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeFrame, MessageReader, OPCODES } from '../../src/wire/websocket.ts';
import { cbor } from '../dlp/binary-formats.ts';
import { answer, type Lab, openLab } from './lab.ts';
import { LAB_SECRET, LAB_SECRET_RULE } from './test-rules.ts';

const STORED = 'zT9-kq2LmV0xWb7RsD4n';

let lab: Lab;
const dir = mkdtempSync(join(tmpdir(), 'broker-'));

beforeAll(async () => {
  writeFileSync(join(dir, 'value'), `${STORED}\n`, { mode: 0o600 });
  const list = 'version: 1\ncredentials:\n  - { name: lab, file: value, hosts: [web.lab.test], tenants: [acme] }\n';
  writeFileSync(join(dir, 'credentials.yaml'), list, { mode: 0o600 });
  lab = await openLab({ 'guard.credentials': join(dir, 'credentials.yaml') }, [], { 'dlp/lab.yaml': LAB_SECRET_RULE });
}, 120_000);
afterAll(async () => {
  await lab?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** One request of the lab's writer; the origin answers with what it was sent. */
async function sent(
  host: string,
  request: { path?: string; fields?: string; type?: string; body?: string; pass?: string } = {},
) {
  const { path = '/', fields = '', type = 'application/json', body = '', pass = lab.passes.write } = request;
  let got = '';
  lab.script = (socket, head, rest) => {
    const announced = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const finish = (text: string) => {
      got = `${head}${text}`;
      const echo = JSON.stringify({ echo: got });
      socket.end(answer(echo, `Content-Type: application/json\r\nX-Echo: ${/x-key: (.*)/i.exec(head)?.[1] ?? ''}\r\n`));
    };
    if (announced === 0) return finish('');
    let held = rest;
    if (held.length >= announced) return finish(held);
    socket.on('data', (chunk: Buffer) => {
      held += chunk.toString('latin1');
      if (held.length >= announced) finish(held);
    });
  };
  const method = body === '' ? 'GET' : 'POST';
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: ${type}\r\n`;
  const text = `${method} ${path} HTTP/1.1\r\nHost: ${host}:${lab.tlsPort}\r\n${length}${fields}Connection: close\r\n\r\n${body}`;
  const back = await lab.inspected(host, text, { pass });
  return { got, back };
}

describe('a stored credential', { timeout: 60_000 }, () => {
  it('T-41 reaches its host in field, query and body, and its echo comes back as the placeholder', async () => {
    const { got, back } = await sent('web.lab.test', {
      path: '/a?k=lt_credential_lab',
      fields: 'Authorization: Bearer lt_credential_lab\r\nX-Key: lt_credential_lab\r\n',
      body: '{"key":"lt_credential_lab"}',
    });
    expect(got).toContain(`/a?k=${STORED} HTTP`);
    expect(got).toMatch(new RegExp(`authorization: Bearer ${STORED}`, 'i'));
    expect(got).toContain(`{"key":"${STORED}"}`);
    expect(back).toMatch(/^HTTP\/1\.1 200/);
    expect(back).not.toContain(STORED);
    expect(back).toMatch(/x-echo: lt_credential_lab/i);
    expect(back).toContain('Bearer lt_credential_lab');
  });

  it('T-41 reaches its host as a password in base64, and the echo of that does not tell it', async () => {
    const login = Buffer.from('me:lt_credential_lab').toString('base64');
    const { got, back } = await sent('web.lab.test', { fields: `Authorization: Basic ${login}\r\n` });
    expect(got).toContain(Buffer.from(`me:${STORED}`).toString('base64'));
    expect(back).toMatch(/Basic [A-Za-z0-9]+lt_credential_lab/);
  });

  it('stays a placeholder in a body whose parts say how long they are, and the body stays one', async () => {
    const body = cbor('lt_credential_lab').toString('latin1');
    const { got } = await sent('web.lab.test', { type: 'application/cbor', body });
    expect(got.endsWith(body)).toBe(true);
  });

  it.each([
    ['another host', 'two.lab.test', () => lab.passes.write],
    ['another tenant', 'web.lab.test', () => lab.passes.other],
  ])('stays a placeholder for %s', async (_, host, pass) => {
    const { got } = await sent(host, { fields: 'X-Key: lt_credential_lab\r\n', pass: pass() });
    expect(got).toContain('lt_credential_lab');
    expect(got).not.toContain(STORED);
  });
});

describe('a tokenised value', { timeout: 60_000 }, () => {
  it('T-50 is a token for the sandbox, goes back to its host, and nowhere else or for anybody else', async () => {
    lab.script = (socket) => socket.end(answer(`{"key":"${LAB_SECRET}"}`, 'Content-Type: application/json\r\n'));
    const get = `GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`;
    const first = await lab.inspected('web.lab.test', get, { pass: lab.passes.write });
    const token = /\[TOKEN:LAB_SECRET:[0-9a-f]{20}\]/.exec(first)?.[0] ?? '';
    expect(first).not.toContain(LAB_SECRET);
    expect(token).not.toBe('');

    const back = await sent('web.lab.test', { fields: `X-Key: ${token}\r\n`, body: `{"key":"${token}"}` });
    expect(back.got).toContain(`{"key":"${LAB_SECRET}"}`);
    expect(back.back).not.toContain(LAB_SECRET);
    expect(back.back).toContain(token);

    const elsewhere = await sent('two.lab.test', { fields: `X-Key: ${token}\r\n` });
    expect(elsewhere.got).toContain(token);
    const other = await sent('web.lab.test', { fields: `X-Key: ${token}\r\n`, pass: lab.passes.read });
    expect(other.got).toContain(token);

    // The value itself may not leave, not even to its host: only the gate puts it in place.
    const plain = await sent('web.lab.test', { fields: `X-Key: ${LAB_SECRET}\r\n` });
    expect(plain.back).toMatch(/^HTTP\/1\.1 403/);
  });

  it('never stands in the record', async () => {
    const events = JSON.stringify(await lab.admin('/v1/audit?limit=1000'));
    expect(events).toContain('lab-secret');
    for (const value of [STORED, LAB_SECRET]) expect(events).not.toContain(value);
  });
});

describe('a stored credential in messages and encoded bodies', { timeout: 60_000 }, () => {
  it('T-41 is exchanged in the handshake and the text messages of a WebSocket, and its echo is scrubbed', async () => {
    const heard: string[] = [];
    let head = '';
    lab.script = (to, said) => {
      head = said;
      const key = /^sec-websocket-key: *(\S+)/im.exec(said)?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      to.removeAllListeners('data');
      const reader = new MessageReader(true);
      to.on('data', (chunk: Buffer) => {
        for (const { opcode, payload } of reader.push(chunk)) {
          if (opcode === OPCODES.close) to.end(encodeFrame({ opcode, payload }, null));
          if (opcode !== OPCODES.text) continue;
          heard.push(payload.toString());
          to.write(encodeFrame({ opcode, payload: Buffer.from(`you said ${payload}`) }, null));
        }
      });
      to.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    };
    const [user = '', token = ''] = lab.passes.write.split(':');
    const dispatcher = new ProxyAgent({
      uri: `http://${lab.appliance.proxyAddress}`,
      token: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
      requestTls: { ca: lab.ca },
    });
    const url = `wss://web.lab.test:${lab.tlsPort}/socket?k=lt_credential_lab`;
    const socket = new WebSocket(url, { dispatcher });
    const back: string[] = [];
    socket.addEventListener('message', ({ data }) => back.push(String(data)));
    await once(socket, 'open');
    socket.send('{"key":"lt_credential_lab"}');
    await expect.poll(() => back).toEqual(['you said {"key":"lt_credential_lab"}']);
    expect(heard).toEqual([`{"key":"${STORED}"}`]);
    expect(head).toContain(`/socket?k=${STORED} HTTP`);
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  });
});

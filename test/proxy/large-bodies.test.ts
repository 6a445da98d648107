/** Large bodies go through the guard's threads: in order, whole, held back by slow clients, and refused when nobody can look. */

import { connect } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, openLab } from './lab.ts';
import { wordRule } from './test-rules.ts';

const LINES = 6000;
const body = (word: string) =>
  Array.from({ length: LINES }, (_, i) => `line ${i} of the report ${i % 100 === 7 ? `${word}${i}` : 'nothing'}`).join(
    '\n',
  );
const dirty = body('marmalade');
const clean = dirty.replaceAll(/marmalade[0-9]+/g, '[REDACTED:FRUIT]');

let lab: Lab;

beforeAll(async () => {
  lab = await openLab({ workers: '1' }, [], {
    'dlp/fruit.yaml': wordRule('fruit', 'marmalade', 'block'),
    'dlp/herb.yaml': wordRule('herb', 'parsley', 'redact'),
  });
}, 240_000);

afterAll(() => lab?.close());

const get = (path: string) =>
  `GET http://web.lab.test:${lab.plainPort}${path} HTTP/1.1\r\nHost: web.lab.test:${lab.plainPort}\r\n${lab.authorization()}Connection: close\r\n\r\n`;

function bodyOf(answered: string): Buffer {
  const at = answered.indexOf('\r\n\r\n');
  const [head, raw] = [answered.slice(0, at), Buffer.from(answered.slice(at + 4), 'latin1')];
  if (!/transfer-encoding: chunked/i.test(head)) return raw;
  const out: Buffer[] = [];
  for (let from = 0; from < raw.length; ) {
    const line = raw.indexOf('\r\n', from);
    const size = Number.parseInt(raw.toString('latin1', from, line), 16);
    if (size === 0) break;
    out.push(raw.subarray(line + 2, line + 2 + size));
    from = line + 2 + size + 2;
  }
  return Buffer.concat(out);
}

function send(bytes: Buffer, fields: string): void {
  lab.script = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n${fields}\r\n`);
    // In pieces that fall anywhere.
    for (let at = 0; at < bytes.length; at += 33_333) socket.write(bytes.subarray(at, at + 33_333));
    socket.end();
  };
}

const post = (host: string, bytes: Buffer, fields = '') =>
  Buffer.concat([
    Buffer.from(
      `POST http://${host}:${lab.plainPort}/in HTTP/1.1\r\nHost: ${host}:${lab.plainPort}\r\n${lab.authorization(lab.passes.write)}Content-Length: ${bytes.length}\r\n${fields}Connection: close\r\n\r\n`,
    ),
    bytes,
  ]).toString('latin1');

describe('large bodies', () => {
  it('come whole and in order, with what was found taken out', async () => {
    send(Buffer.from(dirty), 'Content-Type: text/plain\r\n');
    expect(bodyOf(await lab.raw(get('/report'), 8000)).toString()).toBe(clean);
    expect(lab.appliance.core.meter.exposition()).toMatch(/locktender_guard_worker_seconds_total\{work="look"\} 0\.\d/);
  }, 30_000);

  it('that are compressed come compressed', async () => {
    send(gzipSync(Buffer.from(dirty)), 'Content-Type: text/plain\r\nContent-Encoding: gzip\r\n');
    expect(gunzipSync(bodyOf(await lab.raw(get('/packed'), 8000))).toString()).toBe(clean);
  }, 30_000);

  it('that leave are blocked, compressed ones too, and clean ones leave as they are', async () => {
    let arrived = '';
    lab.script = (socket, _head, rest) => {
      arrived = rest;
      socket.on('data', (chunk) => {
        arrived += chunk.toString('latin1');
      });
      setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 1500);
    };
    const packed = 'Content-Encoding: gzip\r\n';
    expect(await lab.raw(post('web.lab.test', Buffer.from(dirty)), 8000)).toContain('guard_blocked');
    expect(await lab.raw(post('web.lab.test', gzipSync(Buffer.from(dirty)), packed), 8000)).toContain('guard_blocked');
    const fine = Buffer.from(body('nothing'));
    expect(await lab.raw(post('web.lab.test', fine), 8000)).toContain('200 OK');
    expect(arrived).toContain(fine.toString().slice(-200));
  }, 60_000);

  const found = async (direction: string) => {
    const { events } = await lab.admin('/v1/audit?type=guard.verdict&limit=1000');
    return (events as { event: { direction: string } }[]).filter(({ event }) => event.direction === direction).length;
  };
  const door = () => {
    const [address = '', port = ''] = lab.appliance.proxyAddress.split(':');
    return connect(Number(port), address).on('error', () => undefined);
  };

  it('that are cut have on record what was found in them until then', async () => {
    const before = await found('result');
    lab.script = (socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
      const event = 'data: then marmalade7 is said\n\n';
      const more = setInterval(() => socket.write(`${event.length.toString(16)}\r\n${event}\r\n`), 20);
      socket.once('close', () => clearInterval(more));
    };
    const client = door();
    let said = '';
    client.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    client.write(get('/events'));
    await expect.poll(() => said, { timeout: 10_000 }).toContain('[REDACTED:FRUIT]');
    await lab.admin('/v1/capabilities/net.read.lab/revoke', { why: 'a test' });
    await expect.poll(() => found('result'), { timeout: 10_000 }).toBe(before + 1);
    await lab.admin('/v1/capabilities/net.read.lab/restore', { why: 'a test' });
  }, 60_000);

  it('that their client leaves have on record what was found in them until then', async () => {
    const before = await found('request');
    lab.script = (socket) => void socket.resume();
    const client = door();
    const part = `${'nothing to see\n'.repeat(20_000)}parsley7 ${'nothing to see\n'.repeat(20_000)}`;
    client.write(
      `POST http://web.lab.test:${lab.plainPort}/in HTTP/1.1\r\nHost: web.lab.test:${lab.plainPort}\r\n${lab.authorization(lab.passes.write)}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 10_000 }).toBe(1);
    const seconds = () =>
      Number(/guard_worker_seconds_total\{work="look"\} ([\d.]+)/.exec(lab.appliance.core.meter.exposition())?.[1]);
    const looked = seconds();
    client.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    await expect.poll(seconds, { timeout: 10_000 }).toBeGreaterThan(looked);
    client.destroy();
    await expect.poll(() => found('request'), { timeout: 10_000 }).toBe(before + 1);
  }, 60_000);

  it('that nobody can look at are refused, and small ones still pass', async () => {
    lab.appliance.core.guardWorkers?.close();
    send(Buffer.from(dirty), 'Content-Type: text/plain\r\n');
    const refused = await lab.raw(get('/late'), 8000);
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused).toContain('guard_unavailable');
    expect(refused).not.toContain('line 1 ');
    send(Buffer.from('a small answer'), 'Content-Type: text/plain\r\n');
    expect(bodyOf(await lab.raw(get('/small'), 8000)).toString()).toBe('a small answer');
  }, 30_000);
});

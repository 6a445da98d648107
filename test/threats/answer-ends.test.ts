/**
 * Answers that end with their connection. Without `close_notify` nobody knows whether such an answer is whole: whoever can
 * write to the connection can end it where he likes (RFC 8446 section 6.1, RFC 9112 section 9.8).
 */

import { once } from 'node:events';
import { connect as connectH2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, openLab } from '../proxy/lab.ts';

const DEV_KEY = 'development-only-key';
let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ 'gateway.dev_key': DEV_KEY, 'isolates.hosts': '1' });
}, 60_000);
afterAll(() => lab.close());

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n';
/** More than the guard holds of an answer before its head goes on. */
const TEXT = 'plain words of an answer. '.repeat(20_000);

/** Such an answer, ended by its origin or, as by an attacker, below it. */
function answering(text: string, isCut: boolean, head = HEAD): void {
  lab.script = (socket) => void (isCut ? socket.write(head + text, () => socket.destroy()) : socket.end(head + text));
}

const target = () => `web.lab.test:${lab.tlsPort}`;
const ask = (fields = '') => `GET / HTTP/1.1\r\nHost: ${target()}\r\n${fields}\r\n`;

/** How the last exchanges were closed. */
async function closes(): Promise<unknown[]> {
  const { events } = await lab.admin('/v1/audit?type=flow.closed&limit=4');
  return (events as { event: { reason: string | null; kind: string } }[]).map(({ event }) => event.reason);
}

describe('T-33 an answer that ends with its connection', () => {
  it('is whole where its origin has ended it', async () => {
    answering(TEXT, false);
    expect(await lab.inspected('web.lab.test', ask())).toMatch(/answer\. \r\n0\r\n\r\n$/);
  });

  it('is not where it was cut off: what came goes on, and does not look whole', async () => {
    answering(TEXT, true);
    const said = await lab.inspected('web.lab.test', ask());
    expect(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*plain words/);
    expect(said).not.toMatch(/\r\n0\r\n/);
    await expect.poll(closes).toContain('upstream_reset');
  });

  it('is a bad gateway where its head still waited', async () => {
    answering('short', true);
    expect(await lab.inspected('web.lab.test', ask())).toMatch(/^HTTP\/1\.1 502 [\s\S]*upstream_reset/);
  });

  it('is an error of its stream to a client of HTTP/2', async () => {
    const { socket } = await lab.tunnel('web.lab.test', { alpn: ['h2'] });
    if (socket === null) throw new Error('no tunnel');
    const session = connectH2(`https://${target()}`, { createConnection: () => socket });
    const end = async () => {
      const stream = session.request({ ':path': '/', ':authority': target() });
      stream.resume();
      return Promise.race([once(stream, 'end').then(() => 'whole'), once(stream, 'error').then(() => 'cut')]).catch(
        () => 'cut',
      );
    };
    answering(TEXT, false);
    expect(await end()).toBe('whole');
    answering(TEXT, true);
    expect(await end()).toBe('cut');
    session.destroy();
  });

  it('is an error of its body to a task in an isolate', async () => {
    const code = `export default async (url) => {
      const response = await fetch(url);
      return response.text().then((text) => text.length, () => 'cut');
    }`;
    const task = async () => {
      const response = await fetch(`http://${lab.appliance.gatewayAddress}/v1/tasks`, {
        method: 'POST',
        headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ class: 'lab-read', code, input: `https://${target()}/` }),
      });
      return ((await response.json()) as { result: unknown }).result;
    };
    answering(TEXT, false);
    expect(await task()).toBe(TEXT.length);
    answering(TEXT, true);
    expect(await task()).toBe('cut');
  }, 60_000);

  it('where a WebSocket was asked for is none that is whole, either', async () => {
    const fields =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const tried = () => lab.inspected('web.lab.test', ask(fields), { pass: lab.passes.write });
    const head = HEAD.replace('200 OK', '403 Forbidden');
    answering(TEXT, false, head);
    expect(await tried()).toMatch(/^HTTP\/1\.1 403 [\s\S]*answer\. \r\n0\r\n\r\n$/);
    answering(TEXT, true, head);
    expect(await tried()).not.toMatch(/\r\n0\r\n/);
  });
});

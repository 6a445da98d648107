/** Denials by the letter of DESIGN section 7, in each form that a client may meet them. */

import { connect as connectH2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Lab, openLab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
}, 60_000);
afterAll(() => lab.close());

const DENIED = 'denied.example';
const plain = (fields = '', method = 'GET', host = DENIED) =>
  lab.raw(
    `${method} http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}${fields}Connection: close\r\n\r\n`,
  );
const field = (said: string, name: string) => new RegExp(`^${name}: (.*)\\r$`, 'im').exec(said)?.[1] ?? null;

const KEYS = ['code', 'message', 'decision', 'capability', 'categories', 'retryable', 'would_allow', 'help'];
const STATUS = /^locktender; error=[a-z_]+; details="[\x20-\x7e]*"$/;

function judge(said: string, status: number, code: string): void {
  expect(said.slice(9, 12)).toBe(String(status));
  expect(field(said, 'proxy-status')).toMatch(STATUS);
  const { error } = JSON.parse(said.slice(said.indexOf('\r\n\r\n') + 4)) as { error: Record<string, unknown> };
  expect(Object.keys(error)).toEqual(KEYS);
  expect(error).toMatchObject({ code, decision: field(said, 'locktender-decision'), retryable: false });
  expect(Number(field(said, 'content-length'))).toBe(said.length - said.indexOf('\r\n\r\n') - 4);
}

describe('a denial', () => {
  it('is JSON that an agent can act on', async () => {
    judge(await plain(), 403, 'default_deny');
    judge(await plain('Accept: application/json, text/plain;q=0.5\r\n'), 403, 'default_deny');
  });

  it('of CONNECT carries the same', async () => {
    judge(
      await lab.raw(`CONNECT ${DENIED}:443 HTTP/1.1\r\nHost: ${DENIED}:443\r\n${lab.authorization()}\r\n`),
      403,
      'default_deny',
    );
  });

  it('is plain text where the client prefers it', async () => {
    const said = await plain('Accept: text/plain\r\n');
    expect(field(said, 'content-type')).toMatch(/^text\/plain/);
    expect(said).toContain('locktender: no capability of this task grants this request (default_deny)');
    expect(said).toContain(`decision: ${field(said, 'locktender-decision')}`);
  });

  it('of an absolute https URL, as some clients send it to a proxy, says how https is reached', async () => {
    const host = `web.lab.test:${lab.tlsPort}`;
    const said = await lab.raw(`GET https://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"target_invalid"[\s\S]*"help":"[^"]*https by CONNECT/);
  });

  it('of HEAD has the fields of the answer to GET and no body', async () => {
    const said = await plain('', 'HEAD');
    expect(said.endsWith('\r\n\r\n')).toBe(true);
    expect(Number(field(said, 'content-length'))).toBeGreaterThan(100);
    expect(field(said, 'proxy-status')).toMatch(STATUS);
  });

  it('without a pass is 407 and says how', async () => {
    const said = await lab.raw(`GET http://${DENIED}/ HTTP/1.1\r\nHost: ${DENIED}\r\nConnection: close\r\n\r\n`);
    judge(said, 407, 'pass_missing');
    expect(field(said, 'proxy-authenticate')).toMatch(/^Basic realm=/);
  });

  it('for a rate is 429 and says when to come again', async () => {
    const slow = await lab.issue('acme', 'lab-slow');
    lab.script = (socket) => void socket.end(answer('ok'));
    const host = `web.lab.test:${lab.plainPort}`;
    const one = `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization(slow)}Connection: close\r\n\r\n`;
    const said = await Promise.all(Array.from({ length: 8 }, () => lab.raw(one)));
    const denied = said.find((text) => text.startsWith('HTTP/1.1 429'));
    expect(denied).toBeDefined();
    expect(field(denied ?? '', 'retry-after')).toBe('1');
    expect(denied).toContain('"retryable":true');
  });

  it('for a name that does not resolve is 502, for an origin with a bad certificate too', async () => {
    const bad = await lab.inspected(
      'bad.lab.test',
      `GET / HTTP/1.1\r\nHost: bad.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`,
    );
    judge(bad, 502, 'upstream_tls_invalid');
  });

  it.each(['GET', 'HEAD'])('over HTTP/2 carries the same (%s)', async (method) => {
    const { socket } = await lab.tunnel('web.lab.test', { alpn: ['h2'] });
    if (socket === null) throw new Error('no tunnel');
    const session = connectH2(`https://web.lab.test:${lab.tlsPort}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    const stream = session.request({ ':path': '/', ':method': method, ':authority': `two.lab.test:${lab.tlsPort}` });
    const head = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve as never));
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    session.destroy();
    expect(head[':status']).toBe(421);
    expect(head['proxy-status']).toMatch(STATUS);
    expect(head['locktender-decision']).toMatch(/^d_/);
    if (method === 'HEAD') expect(body).toBe('');
    else expect(Object.keys((JSON.parse(body) as { error: object }).error)).toEqual(KEYS);
  });

  it("of the origin's own stays the origin's, and cannot pass for ours", async () => {
    lab.script = (socket) =>
      void socket.end(
        'HTTP/1.1 403 Forbidden\r\nLocktender-Decision: d_FORGED\r\nProxy-Status: locktender; error=http_request_denied\r\nContent-Length: 4\r\n\r\nmine',
      );
    const host = `web.lab.test:${lab.plainPort}`;
    const said = await plain('', 'GET', host);
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*mine$/);
    expect(field(said, 'locktender-decision')).toBeNull();
    expect(field(said, 'proxy-status')).toBeNull();
  });
});

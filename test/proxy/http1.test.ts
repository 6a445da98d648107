/** Our own HTTP/1.1, both sides of it: framing, keep-alive and pipelining as clients and origins really do them. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
}, 60_000);
afterAll(() => lab.close());

const host = () => `web.lab.test:${lab.plainPort}`;
const ask = (path: string, fields = '', rest: { method?: string; version?: string; body?: string } = {}) =>
  `${rest.method ?? 'GET'} http://${host()}${path} HTTP/${rest.version ?? '1.1'}\r\nHost: ${host()}\r\n${lab.authorization(lab.passes.write)}${fields}\r\n${rest.body ?? ''}`;
const LAST = 'Connection: close\r\n';
const sized = (body: string, fields = '') =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
const count = (text: string, what: RegExp) => [...text.matchAll(what)].length;

describe('a client', () => {
  it('pipelines: its requests are answered in order, on one connection to the origin', async () => {
    let connections = 0;
    const seen = new Set<unknown>();
    lab.script = (socket, head) => {
      if (!seen.has(socket)) connections += 1;
      seen.add(socket);
      socket.write(sized(/GET (\S+)/.exec(head)?.[1] ?? ''));
    };
    const said = await lab.raw(ask('/a') + ask('/b') + ask('/c', LAST));
    expect(said.match(/\/[abc]/g)).toEqual(['/a', '/b', '/c']);
    expect(count(said, /Connection: keep-alive/g)).toBe(2);
    expect(connections).toBe(1);
  });

  it('says the same fields again and again, and then others: each request is what its own head says', async () => {
    const heads: string[] = [];
    lab.script = (socket, head) => {
      heads.push(head);
      socket.write(sized('ok'));
    };
    const mine = 'X-Mine: one\r\n';
    const again = ask('/a', mine) + ask('/b', mine) + ask('/c', mine, { method: 'HEAD' });
    const other = ask('/d', 'X-Mine: two\r\n');
    const nobody = ask('/e', mine).replace(lab.authorization(lab.passes.write), '');
    const said = await lab.raw(again + other + ask('/f', mine) + nobody);
    expect(heads.map((head) => /^(\S+ \S+)[\s\S]*x-mine: (\w+)/i.exec(head)?.slice(1).join(' '))).toEqual([
      ...['GET /a one', 'GET /b one', 'HEAD /c one', 'GET /d two', 'GET /f one'],
    ]);
    expect(said.match(/HTTP\/1\.1 \d+/g)?.at(-1)).toBe('HTTP/1.1 407');
  });

  it('sends a body in chunks behind another request: it arrives whole, and what follows is a request of its own', async () => {
    const bodies: string[] = [];
    lab.script = (socket, head, rest) => {
      if (head.startsWith('POST')) bodies.push(rest);
      socket.end(sized('ok'));
    };
    const chunked = ask('/up', 'Transfer-Encoding: chunked\r\n', {
      method: 'POST',
      body: '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n',
    });
    const said = await lab.raw(ask('/a') + chunked + ask('/b', LAST));
    expect(count(said, /HTTP\/1\.1 200 /g)).toBe(3);
    expect(bodies.join('')).toContain('hello!');
  });

  it('waits for 100 Continue, and is told to go on once it is allowed', async () => {
    lab.script = (socket) => void socket.end(sized('ok'));
    const head = ask('/up', `Expect: 100-continue\r\nContent-Length: 5\r\n${LAST}`, { method: 'POST', body: 'hello' });
    expect(await lab.raw(head)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('is told nothing of the kind over HTTP/1.0, which does not know it', async () => {
    lab.script = (socket) => void socket.end(sized('ok'));
    const fields = 'Expect: 100-continue\r\nContent-Length: 5\r\n';
    const said = await lab.raw(ask('/up', fields, { method: 'POST', version: '1.0', body: 'hello' }));
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('expects what nobody knows: refused', async () => {
    expect(await lab.raw(ask('/', 'Expect: tea\r\n'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("asks for a head alone: the length is the origin's, no body comes, and the connection goes on", async () => {
    lab.script = (socket, head) =>
      void socket.write(head.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n' : sized('end'));
    const said = await lab.raw(ask('/', '', { method: 'HEAD' }) + ask('/', LAST));
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 99\r\n[\s\S]*?\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*end$/);
  });

  it('a denied HEAD is answered without a body', async () => {
    const said = await lab.raw(ask('/', '', { method: 'HEAD' }).replaceAll('web.lab.test', 'unknown.test'));
    expect(said).toMatch(/^HTTP\/1\.1 403 [\s\S]*\r\n\r\n$/);
  });

  it('speaks HTTP/1.0: no chunks, and the connection ends with the answer', async () => {
    lab.script = (socket) =>
      void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
    const said = await lab.raw(ask('/', '', { version: '1.0' }));
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\nok$/);
    expect(said).not.toMatch(/transfer-encoding/i);
  });

  it('leaves in the middle of its body: one record, and no flow stays', async () => {
    lab.script = () => undefined;
    const before = (await lab.decisions()).length;
    await lab.raw(ask('/up', 'Content-Length: 50\r\n', { method: 'POST', body: 'hello' }), 300);
    expect((await lab.decisions()).length - before).toBe(1);
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

describe('an origin', () => {
  it('T-25 that says more than it was asked: the rest reaches nobody, and the connection is not used again', async () => {
    lab.script = (socket) => void socket.write(sized('one') + sized('two'));
    const said = await lab.raw(ask('/a') + ask('/b', LAST));
    expect(count(said, /one/g)).toBe(2);
    expect(said).not.toContain('two');
  });

  it('T-29 floods interim answers: refused', async () => {
    lab.script = (socket) =>
      void socket.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(50) + sized('late'));
    expect(await lab.raw(ask('/', LAST))).toMatch(/^HTTP\/1\.1 502 /);
    lab.script = (socket) => void socket.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(3) + sized('soon'));
    expect(await lab.raw(ask('/', LAST))).toMatch(/^HTTP\/1\.1 200 [\s\S]*soon$/);
  });

  it('closes each connection without a word about it: requests go on, on connections of their own', async () => {
    lab.script = (socket) => void socket.end(sized('ok'));
    const all = await Promise.all(
      Array.from({ length: 24 }, () => lab.raw(ask('/a') + ask('/b') + ask('/c', LAST), 10_000)),
    );
    for (const said of all) expect(count(said, /HTTP\/1\.1 200 /g)).toBe(3);
  });

  it('sends its body in pieces and a trailer: both arrive', async () => {
    lab.script = (socket) =>
      void socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n',
      );
    const said = await lab.raw(ask('/', LAST));
    expect(said).toMatch(/abcdef|abc\r\n3\r\ndef/);
    expect(said).toMatch(/x-sum: 6/i);
  });

  it('breaks its chunks: the client is not told that it has all', async () => {
    lab.script = (socket) =>
      void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n');
    const said = await lab.raw(ask('/', LAST));
    expect(said.startsWith('HTTP/1.1 502 ') || !said.endsWith('0\r\n\r\n')).toBe(true);
  });

  it("answers before it has read the body: the answer is the client's, and the connection ends", async () => {
    lab.script = (socket) => void socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!');
    const body = 'x'.repeat(3_000_000);
    const said = await lab.raw(ask('/up', `Content-Length: ${body.length}\r\n`, { method: 'POST', body }));
    expect(said).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nConnection: close\r\n[\s\S]*no!$/);
  });
});

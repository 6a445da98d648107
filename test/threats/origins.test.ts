/** Origins that stall, reset, answer garbage or too much: a clear answer and one record each, and the gate goes on. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Lab, type OriginScript, openLab } from '../proxy/lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab({ 'proxy.deadlines.response_ms': '400', 'proxy.deadlines.idle_ms': '600' });
}, 60_000);
afterAll(() => lab.close());

const request = (path = '/', fields = '') =>
  `GET ${path} HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n${fields}\r\n`;

const FAULTS: readonly (readonly [string, OriginScript, RegExp, string])[] = [
  ['stalls before its response', () => undefined, /^HTTP\/1\.1 504 /, 'upstream_timeout'],
  ['ends without a word', (socket) => void socket.end(), /^HTTP\/1\.1 502 /, 'upstream_'],
  [
    'answers garbage',
    (socket) => void socket.end('\x00\x01 not http at all\r\n\r\n'),
    /^HTTP\/1\.1 502 /,
    'upstream_protocol',
  ],
  [
    'T-23 answers with both lengths',
    (socket) =>
      void socket.end(
        'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      ),
    /^HTTP\/1\.1 502 /,
    'upstream_protocol',
  ],
  [
    'T-29 switches protocols unasked',
    (socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    /^HTTP\/1\.1 502 /,
    'upstream_',
  ],
  [
    'T-45 sends a head without end',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = setInterval(() => socket.write(`X-${'a'.repeat(1000)}: ${'b'.repeat(1000)}\r\n`), 1);
      socket.once('close', () => clearInterval(more));
    },
    /^HTTP\/1\.1 50[24] /,
    'upstream_',
  ],
];

describe('an origin that', () => {
  it.each(FAULTS)('%s', async (_, script, status, reason) => {
    lab.script = script;
    const before = await lab.decisions();
    const said = await lab.inspected('web.lab.test', request('/fault'));
    expect(said).toMatch(status);
    expect(said).toMatch(/Proxy-Status: locktender; error=\w+; details="/i);
    expect(said).toMatch(/Locktender-Decision: d_/i);
    expect(said).toContain(`"code":"${reason}`);
    const after = await lab.decisions();
    // One record of the tunnel, one of the request in it.
    expect(after.length - before.length).toBe(2);
  });

  it('resets: 502', async () => {
    lab.script = (socket) => void socket.resetAndDestroy();
    const host = `web.lab.test:${lab.plainPort}`;
    const said = await lab.raw(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 502 /);
    expect(said).toContain('"code":"upstream_reset"');
  });

  it('has a certificate that nobody signed: the denial says so, and nothing is sent to it', async () => {
    const before = lab.heads.length;
    const said = await lab.inspected('bad.lab.test', request('/').replaceAll('web.lab', 'bad.lab'));
    expect(said).toMatch(/^HTTP\/1\.1 502 /);
    expect(said).toContain('upstream_tls_invalid');
    expect(lab.heads.length).toBe(before);
  });

  it('stops in the middle of its body: the client is not told that it was whole', async () => {
    lab.script = (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
    const said = await lab.inspected('web.lab.test', request('/cut'));
    expect(said).toMatch(/^HTTP\/1\.1 (?:200|502) /);
    expect(said.endsWith('0\r\n\r\n') && said.startsWith('HTTP/1.1 200')).toBe(false);
  });

  it('has a 4xx of its own: it is passed on as it is, and is not dressed as ours', async () => {
    lab.script = (socket) => void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\nX-Own: yes\r\n\r\nno way');
    const said = await lab.inspected('web.lab.test', request('/own'));
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    expect(said).toContain('no way');
    expect(said).not.toMatch(/proxy-status|locktender-decision/i);
  });

  it('is healthy after all of that: the gate goes on', async () => {
    lab.script = (socket) => void socket.end(answer('fine'));
    expect(await lab.inspected('web.lab.test', request('/fine'))).toMatch(/fine/);
    await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
  });
});

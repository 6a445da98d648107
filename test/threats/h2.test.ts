/**
 * HTTP/2 inside inspected TLS, as a client would speak it that means harm: heads that HTTP/1.1 behind the gate could read in
 * another way, authorities that are not the tunnel's, and frames that cost the gate more than their sender.
 */

import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLAG, type Frame, frame, framesIn, get, indexed, literal, PREFACE, TYPE } from '../proxy/h2-frames.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  lab.script = (socket) => void socket.write(answer('ok'));
}, 60_000);
afterAll(() => lab.close());

const target = () => `web.lab.test:${lab.tlsPort}`;
const END = FLAG.endHeaders | FLAG.endStream;

interface Client {
  readonly socket: TLSSocket;
  readonly frames: () => Frame[];
  readonly ended: () => boolean;
}

async function h2(pass = lab.passes.write): Promise<Client> {
  const { socket, refused } = await lab.tunnel('web.lab.test', { alpn: ['h2'], pass });
  if (socket === null) throw new Error(refused);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const said: Buffer[] = [];
  let over = false;
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  socket.once('close', () => {
    over = true;
  });
  socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]));
  return { socket, frames: () => framesIn(Buffer.concat(said)), ended: () => over };
}

const GOAWAY = 7;
/** The stream was answered, reset, or the connection given up. */
const settled = ({ frames, ended }: Client, stream = 1) =>
  ended() ||
  frames().some(
    ({ type, stream: of }) => type === GOAWAY || (of === stream && (type === TYPE.headers || type === TYPE.reset)),
  );

const pseudo = (fields: Record<string, string>) =>
  Buffer.concat(
    Object.entries({ ':method': 'GET', ':scheme': 'https', ':path': '/', ':authority': target(), ...fields })
      .filter(([, value]) => value !== '-')
      .map(([name, value]) => literal(name, value)),
  );
const withField = (name: string, value: string) => Buffer.concat([get(target()), literal(name, value)]);
const post = (...fields: readonly [string, string][]) =>
  Buffer.concat([pseudo({ ':method': 'POST' }), ...fields.map(([name, value]) => literal(name, value))]);

/** nghttp2 takes these fields out and lets the rest go on. */
const FIELDS: readonly (readonly [string, () => Buffer])[] = [
  ['T-23 a line end in a value', () => withField('x-a', 'b\r\nx-smuggled: 1')],
  ['T-23 a bare line feed in a value', () => withField('x-a', 'b\nx-smuggled: 1')],
  ['T-23 NUL in a value', () => withField('x-a', 'b\0c')],
  ['T-23 a line end in a name', () => withField('x-a: b\r\nx-smuggled', '1')],
  ['T-23 a colon in a name', () => withField('x-a:b', '1')],
  ['T-23 a blank in a name', () => withField('x a', '1')],
  ['T-23 no name', () => withField('', '1')],
];

const HEADS: readonly (readonly [string, () => Buffer])[] = [
  ['T-23 a name in upper case', () => withField('X-A', '1')],
  ['T-23 Transfer-Encoding', () => withField('transfer-encoding', 'chunked')],
  ['T-32 Connection', () => withField('connection', 'x-a')],
  ['T-32 Keep-Alive', () => withField('keep-alive', 'timeout=5')],
  ['T-32 Proxy-Connection', () => withField('proxy-connection', 'close')],
  ['T-28 Upgrade', () => withField('upgrade', 'websocket')],
  ['T-32 TE that is not trailers', () => withField('te', 'gzip')],
  ['T-23 an expectation that nobody knows', () => withField('expect', 'tea')],
  ['T-23 two lengths', () => post(['content-length', '0'], ['content-length', '5'])],
  ['T-23 a signed length', () => post(['content-length', '+0'])],
  ['T-23 a length without a body', () => post(['content-length', '5'])],
  ['T-23 a line end in the path', () => pseudo({ ':path': '/ HTTP/1.1\r\nx-smuggled: 1\r\nx: ' })],
  ['T-23 a blank in the path', () => pseudo({ ':path': '/ HTTP/1.1' })],
  ['T-23 a fragment in the path', () => pseudo({ ':path': '/a#b' })],
  ['T-23 no path', () => pseudo({ ':path': '-' })],
  ['T-23 an empty path', () => pseudo({ ':path': '' })],
  ['T-23 a path that is no path', () => pseudo({ ':path': 'web' })],
  ['T-23 an asterisk for a GET', () => pseudo({ ':path': '*' })],
  ['T-23 a line end in the method', () => pseudo({ ':method': 'GET / HTTP/1.1\r\nx: ' })],
  ['T-23 a blank in the method', () => pseudo({ ':method': 'GET /x' })],
  ['T-23 two paths', () => Buffer.concat([get(target()), literal(':path', '/b')])],
  ['T-23 a pseudo field behind a field', () => Buffer.concat([indexed(2), literal('x', '1'), pseudo({})])],
  ['T-23 an unknown pseudo field', () => pseudo({ ':x': '1' })],
  ['T-23 a pseudo field of answers', () => pseudo({ ':status': '200' })],
  ['T-15 another scheme', () => pseudo({ ':scheme': 'http' })],
  ['T-15 no scheme', () => pseudo({ ':scheme': '-' })],
  ['T-28 an extended CONNECT', () => pseudo({ ':method': 'CONNECT', ':protocol': 'websocket' })],
  ['T-26 a CONNECT', () => pseudo({ ':method': 'CONNECT', ':scheme': '-', ':path': '-' })],
  ['T-25 another authority', () => pseudo({ ':authority': `two.lab.test:${lab.tlsPort}` })],
  ['T-25 another port', () => pseudo({ ':authority': `web.lab.test:${lab.plainPort}` })],
  ['T-25 the port of the scheme', () => pseudo({ ':authority': 'web.lab.test' })],
  ['T-25 two authorities', () => Buffer.concat([get(target()), literal(':authority', `two.lab.test:${lab.tlsPort}`)])],
  ['T-25 a Host that differs', () => withField('host', `two.lab.test:${lab.tlsPort}`)],
  [
    'T-25 a Host that differs, without an authority',
    () => Buffer.concat([pseudo({ ':authority': '-' }), literal('host', `two.lab.test:${lab.tlsPort}`)]),
  ],
  [
    'T-25 two Hosts',
    () =>
      Buffer.concat([
        pseudo({ ':authority': '-' }),
        literal('host', target()),
        literal('host', `two.lab.test:${lab.tlsPort}`),
      ]),
  ],
  ['T-25 no authority at all', () => pseudo({ ':authority': '-' })],
  ['T-25 an empty authority', () => pseudo({ ':authority': '' })],
  ['T-25 an absolute path elsewhere', () => pseudo({ ':path': `https://two.lab.test:${lab.tlsPort}/` })],
  ['T-15 user information in the authority', () => pseudo({ ':authority': `a@${target()}` })],
  ['T-10 a percent sign in the authority', () => pseudo({ ':authority': `web%2elab.test:${lab.tlsPort}` })],
  ['T-10 a list of authorities', () => pseudo({ ':authority': `${target()},two.lab.test` })],
  ['T-30 TRACE', () => pseudo({ ':method': 'TRACE' })],
  ['T-30 a method of our own making', () => pseudo({ ':method': 'XYZZY' })],
];

describe('a head over HTTP/2 with', () => {
  it.each(HEADS)('%s reaches no origin', async (_, head) => {
    const before = lab.heads.length;
    const client = await h2();
    client.socket.write(frame(TYPE.headers, END, 1, head()));
    await expect.poll(() => settled(client), { timeout: 5000, interval: 10 }).toBe(true);
    client.socket.destroy();
    // On a connection of its own, an honest one gets through: whatever came before it would have come by now.
    const honest = await h2();
    honest.socket.write(frame(TYPE.headers, END, 1, get(target())));
    await expect.poll(() => settled(honest), { timeout: 5000, interval: 10 }).toBe(true);
    honest.socket.destroy();
    expect(lab.heads.length).toBe(before + 1);
  });
});

describe('a field over HTTP/2 with', () => {
  it.each(FIELDS)('%s goes no further', async (_, head) => {
    const client = await h2();
    client.socket.write(frame(TYPE.headers, END, 1, head()));
    await expect.poll(() => settled(client), { timeout: 5000, interval: 10 }).toBe(true);
    client.socket.destroy();
    const heard = lab.heads.at(-1) ?? '';
    expect(heard).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
    expect(heard).not.toMatch(/smuggled|^x|: 1\r|\n\n|\0/im);
  });
});

const repeat = (times: number, piece: Buffer) => Buffer.alloc(times * piece.length, piece);
const FLOODS: readonly (readonly [string, () => Buffer])[] = [
  ['empty data (CVE-2019-9518)', () => repeat(100_000, frame(TYPE.data, 0, 1))],
  ['data of one byte each', () => repeat(30_000, frame(TYPE.data, 0, 1, Buffer.of(120)))],
  ['priorities (CVE-2019-9513)', () => repeat(100_000, frame(TYPE.priority, 0, 3, Buffer.of(0, 0, 0, 0, 1)))],
  ['frames of no known type', () => repeat(100_000, frame(0x77, 0, 0))],
];

describe('a session that', () => {
  it.each(FLOODS)('T-45 floods with %s ends, and leaves no flow', async (_, flood) => {
    // More than fits any window.
    lab.script = (socket) => void socket.write(answer('x'.repeat(200_000)));
    const client = await h2();
    client.socket.write(frame(TYPE.headers, FLAG.endHeaders, 1, pseudo({ ':method': 'POST' })));
    client.socket.write(flood());
    await expect.poll(() => client.ended(), { timeout: 10_000, interval: 20 }).toBe(true);
    await expect.poll(() => lab.appliance.core.leases.live().length, { timeout: 5000, interval: 20 }).toBe(0);
    lab.script = (socket) => void socket.write(answer('ok'));
  });

  it('sends a body in some small pieces is served', async () => {
    let heard = '';
    lab.script = (socket, _head, rest) => {
      heard = rest;
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
      });
      socket.write(answer('ok'));
    };
    const client = await h2();
    client.socket.write(frame(TYPE.headers, FLAG.endHeaders, 1, pseudo({ ':method': 'POST' })));
    client.socket.write(repeat(900, frame(TYPE.data, 0, 1, Buffer.of(120))));
    client.socket.write(frame(TYPE.data, FLAG.endStream, 1, Buffer.from('end')));
    await expect.poll(() => heard, { timeout: 5000, interval: 20 }).toBe(`${'x'.repeat(900)}end`);
    client.socket.destroy();
    lab.script = (socket) => void socket.write(answer('ok'));
  });
});

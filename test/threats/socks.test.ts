/** The SOCKS5 door, as a client speaks to it that means harm: cut, hurried, slow, in disguise. */

import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
let login: Buffer;
beforeAll(async () => {
  lab = await openLab({ 'proxy.deadlines.head_ms': '1500' });
  const issued = await lab.admin('/v1/passes', { tenant: 'acme', class: 'lab-read' });
  const { username, password } = new URL(String(issued['socks_url']));
  login = Buffer.of(1, username.length, ...Buffer.from(username), password.length, ...Buffer.from(password));
}, 60_000);
afterAll(() => lab.close());

const GREETING = Buffer.of(5, 1, 2);
const u16 = (n: number) => [n >> 8, n & 255];
const named = (name: string, port = lab.tlsPort) =>
  Buffer.of(5, 1, 0, 3, name.length, ...Buffer.from(name, 'latin1'), ...u16(port));
const v4 = (...bytes: number[]) => Buffer.of(5, 1, 0, 1, ...bytes, ...u16(lab.tlsPort));
const v6 = (hex: string) =>
  Buffer.concat([Buffer.of(5, 1, 0, 4), Buffer.from(hex, 'hex'), Buffer.of(...u16(lab.tlsPort))]);

function door(): Socket {
  const { address } = lab.appliance.doors.find(({ name }) => name === 'socks5') ?? { address: '' };
  const [host = '', port = ''] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on('error', () => undefined);
  return socket;
}

/** Sends pieces one after the other without waiting for answers; all that came back as hexadecimal. */
async function said(pieces: Iterable<Buffer>, pauseMs = 0): Promise<string> {
  const socket = door();
  const back = everything(socket, 3000);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => (pauseMs === 0 ? setImmediate(resolve) : setTimeout(resolve, pauseMs)));
  }
  return Buffer.from(await back, 'latin1').toString('hex');
}

function* bytewise(bytes: Buffer): Generator<Buffer> {
  for (const byte of bytes) yield Buffer.of(byte);
}

const CHOSEN = '0502';
const TAKEN = '0100';
const reply = (code: number) => `${CHOSEN}${TAKEN}050${code}000100000000000000`.slice(0, 28);
/** What no server of TLS answers to, so that the gate closes behind its reply. */
const NO_TLS = Buffer.from('GET / HTTP/1.1\r\n\r\n');

describe('a handshake', () => {
  const whole = () => Buffer.concat([GREETING, login, named('web.lab.test'), NO_TLS]);

  it('T-03 is the same byte by byte and at once, with bytes behind it', async () => {
    expect(await said(bytewise(whole()))).toBe(reply(0));
    expect(await said([whole()])).toBe(reply(0));
  });

  it('T-24 of which the request is refused ends there, whatever stands behind it', async () => {
    const more = named('web.lab.test');
    expect(
      await said([Buffer.concat([GREETING, login, named('elsewhere.example'), more, GREETING, login, more])]),
    ).toBe(reply(2));
  });

  it('T-45 that never ends is closed by its deadline, however often a byte comes', async () => {
    function* drip(): Generator<Buffer> {
      yield Buffer.concat([GREETING, Buffer.of(1, 255)]);
      for (let i = 0; i < 40; i += 1) yield Buffer.of(97);
    }
    const since = (await lab.decisions()).length;
    expect(await said(drip(), 50)).toBe(CHOSEN);
    expect((await lab.decisions()).slice(0, -since).map(({ reason }) => reason)).toContain('request_timeout');
  });

  it.each([
    ['SOCKS4', () => Buffer.of(4, 1, 0, 80, 127, 0, 0, 1, 0), ''],
    ['a version of its own', () => Buffer.of(6, 1, 2), ''],
    ['HTTP', () => NO_TLS, ''],
    ['no methods', () => Buffer.of(5, 0), '05ff'],
    [
      'every method but the password',
      () => Buffer.of(5, 254, ...Array.from({ length: 254 }, (_, i) => (i < 2 ? i : i + 1))),
      '05ff',
    ],
    ['a request in place of the login', () => Buffer.concat([GREETING, named('web.lab.test')]), `${CHOSEN}0101`],
    ['an empty login', () => Buffer.concat([GREETING, Buffer.of(1, 0, 0)]), `${CHOSEN}0101`],
    ['BIND', () => Buffer.concat([GREETING, login, Buffer.of(5, 2, 0, 1, 127, 0, 0, 1, 0, 80)]), reply(7)],
    ['T-44 UDP ASSOCIATE', () => Buffer.concat([GREETING, login, Buffer.of(5, 3, 0, 1, 0, 0, 0, 0, 0, 0)]), reply(7)],
    ['a command of its own', () => Buffer.concat([GREETING, login, Buffer.of(5, 0xf0)]), reply(7)],
    ['a byte where none may be', () => Buffer.concat([GREETING, login, Buffer.of(5, 1, 1)]), reply(1)],
    ['a kind of address of its own', () => Buffer.concat([GREETING, login, Buffer.of(5, 1, 0, 2)]), reply(8)],
  ])('with %s opens nothing, and is on record', async (_, bytes, answer) => {
    const since = (await lab.decisions()).length;
    expect(await said([bytes()])).toBe(answer);
    expect((await lab.decisions()).length).toBe(since + 1);
  });
});

describe('an address', () => {
  it.each([
    ['T-16 in decimal', () => named('2130706433')],
    ['T-16 in hexadecimal', () => named('0x7f.1')],
    ['T-16 in octal', () => named('0177.0.0.1')],
    ['T-16 in a short form', () => named('127.1')],
    ['T-16 as a name with a dot behind it', () => named('127.0.0.1.')],
    ['T-16 of no bits', () => v4(0, 0, 0, 0)],
    ['T-16 of no bits in IPv6', () => v6('00'.repeat(16))],
    ['T-17 mapped', () => v6('00000000000000000000ffff7f000001')],
    ['T-17 compatible', () => v6('0000000000000000000000007f000001')],
    ['T-17 as a name without brackets', () => named('::1')],
    ['T-17 as a name in brackets', () => named('[::ffff:127.0.0.1]')],
    ['T-17 with a zone', () => named('fe80::1%lo')],
    ['T-18 behind NAT64', () => v6('0064ff9b0000000000000000a9fea9fe')],
    ['T-18 behind 6to4', () => v6('2002a9fea9fe00000000000000000001')],
    ['T-19 of metadata', () => v4(169, 254, 169, 254)],
    ['T-19 of metadata, mapped', () => v6('00000000000000000000ffffa9fea9fe')],
    ['T-19 of metadata by its name', () => named('metadata.google.internal')],
    ['T-46 in a wildcard name', () => named('127-0-0-1.nip.io')],
    ['T-47 of loopback by its name', () => named('localhost')],
    ['T-20 that is private, by a granted name', () => named('ten.lab.test')],
    ['T-10 with a percent sign', () => named('web%2elab.test')],
    ['T-10 with a line end', () => named('web.lab.test\r\n')],
    ['T-10 with a port in it', () => named('web.lab.test:443')],
    ['T-10 of 255 bytes', () => named(`${'a.'.repeat(121)}web.lab.test.`)],
    ['T-12 with two dots behind it', () => named('web.lab.test..')],
    ['T-12 with a dot before it', () => named('.web.lab.test')],
    ['T-14 beyond ASCII', () => named('web\xe9.lab.test')],
    ['T-15 with a user', () => named('a@web.lab.test')],
    ['T-09 with another port', () => named('web.lab.test', 22)],
    ['T-09 with no port', () => named('web.lab.test', 0)],
  ])('%s is refused', async (_, request) => {
    expect(await said([GREETING, login, request()])).toBe(reply(2));
  });

  it('T-12 in upper case with one dot behind it is the same host', async () => {
    expect(await said([GREETING, login, named('WEB.lab.TEST.'), NO_TLS])).toBe(reply(0));
  });
});

/** Names and addresses: what must never be dialled, in every disguise, and what TLS says beside what CONNECT said. */

import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { everything, type Lab, openLab } from '../proxy/lab.ts';

const u16 = (n: number) => [(n >> 8) & 255, n & 255];
const vector16 = (bytes: readonly number[]) => [...u16(bytes.length), ...bytes];
const extension = (type: number, bytes: readonly number[]) => [...u16(type), ...vector16(bytes)];
const record = (type: number, bytes: readonly number[]) => [type, 3, 3, ...vector16(bytes)];
const CCS = record(20, [1]);
const X25519 = [0, 29];

/** TLS 1.3 alone; without a key share the server must ask for one. */
function hello(name: string, share: boolean): number[] {
  const host = vector16([0, ...vector16([...name].map((c) => c.charCodeAt(0)))]);
  const extensions = [
    ...extension(0, host),
    ...extension(43, [2, 3, 4]),
    ...extension(10, vector16(X25519)),
    ...extension(13, vector16([4, 3, 8, 4])),
    ...extension(51, vector16(share ? [...X25519, ...vector16(Array.from({ length: 32 }, (_, i) => i + 1))] : [])),
  ];
  const body = [3, 3, ...Array(32).fill(7), 0, ...vector16([0x13, 1]), 1, 0, ...vector16(extensions)];
  return [1, 0, ...vector16(body)];
}

/** All that reached the origin, which asks for another key share. */
let heard = Buffer.alloc(0);
const origin = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    if (heard.length === 0) socket.write(Uint8Array.from([...record(22, Array(80).fill(2)), ...CCS]));
    heard = Buffer.concat([heard, chunk]);
  });
});
const portOf = () => (origin.address() as AddressInfo).port;

let lab: Lab;
beforeAll(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  lab = await openLab({}, [portOf()]);
}, 60_000);
afterAll(async () => {
  await lab.close();
  origin.close();
});

const connect = (target: string) =>
  lab.raw(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization()}\r\n`);
const plain = (url: string, host: string) =>
  lab.raw(`GET ${url} HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}\r\n`);

describe('a name that resolves to', () => {
  it.each([
    ['T-19 the metadata address', 'meta'],
    ['T-19 the metadata address of Azure', 'azure'],
    ['T-19 the metadata address in IPv6', 'ula'],
    ['T-18 a private network', 'ten'],
    ['T-17 a private network, mapped into IPv6', 'mapped'],
    ['T-18 a private network behind NAT64', 'nat64'],
    ['T-18 a private network behind 6to4', 'sixtofour'],
    ['T-18 a private network behind Teredo', 'teredo'],
    ['T-18 carrier-grade NAT', 'cgnat'],
    ['T-18 a link-local address', 'linklocal'],
    ['T-16 the unspecified address', 'zero'],
    ['T-18 broadcast', 'broadcast'],
    ['T-18 multicast', 'multicast'],
    ['T-20 a good and a forbidden address at once', 'mixed'],
  ])('%s is refused, and nothing is dialled', async (_, name) => {
    const before = lab.heads.length;
    const host = `${name}.lab.test:${lab.plainPort}`;
    const said = await plain(`http://${host}/`, host);
    expect(said).toMatch(/^HTTP\/1\.1 403 /);
    expect(said).toContain('"code":"address_forbidden"');
    expect(lab.heads.length).toBe(before);
  });
});

describe('a destination written as', () => {
  it.each([
    ['T-16 decimal', '2130706433'],
    ['T-16 octal', '0177.0.0.1'],
    ['T-16 hexadecimal', '0x7f000001'],
    ['T-16 a short form', '127.1'],
    ['T-16 zero', '0'],
    ['T-17 a mapped IPv6 address', '[::ffff:127.0.0.1]'],
    ['T-17 an IPv6 address with a zone', '[fe80::1%25eth0]'],
    ['T-19 the metadata address', '169.254.169.254'],
    ['T-19 the metadata name', 'metadata.google.internal'],
    ['T-13 stray brackets', '[[127.0.0.1]]'],
    ['T-10 a name with a NUL', 'web.lab.test\x00.example.org'],
    ['T-10 a name with a blank', 'web.lab test'],
    ['T-10 a label of 64 letters', `${'a'.repeat(64)}.lab.test`],
    ['T-15 a name with user information', 'someone@web.lab.test'],
    ['T-14 an underscored name beside a good one', 'web_.lab.test'],
    ['T-46 a wildcard name for loopback', '127.0.0.1.nip.io'],
    ['T-10 a name in percent', 'web%2elab.test'],
    ['T-10 a name with a percent-encoded NUL', 'web.lab.test%00.example.org'],
    ['T-12 a name with two dots in it', 'web..lab.test'],
    ['T-12 a name with a dot before it', '.web.lab.test'],
    ['T-13 half a bracket', '[::1'],
    ['T-16 an address in percent', '127%2e0%2e0%2e1'],
    ['T-16 an address of five parts', '127.0.0.1.1'],
    ['T-17 an IPv6 address without brackets', '::1'],
  ])('%s is refused', async (_, host) => {
    const said = await connect(`${host}:${lab.tlsPort}`);
    expect(said).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it.each([
    '0PORT',
    '+PORT',
    '-PORT',
    ' PORT',
    'PORT ',
    '0xPORT',
    'PORT:22',
    'PORT/',
    'PORT#',
    '',
    '0',
    '65536',
    '1e2',
  ])('T-09 the right host with its port written as `%s` is refused', async (port) => {
    const said = await connect(`web.lab.test:${port.replace('PORT', String(lab.tlsPort))}`);
    expect(said).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it('T-12 upper case with a trailing dot is the same host', async () => {
    const said = await lab.inspected(
      'WEB.lab.test.',
      `GET / HTTP/1.1\r\nHost: web.lab.test:${lab.tlsPort}\r\nConnection: close\r\n\r\n`,
      {
        servername: 'web.lab.test',
      },
    );
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('T-22 a resolver over HTTPS is in a category that is blocked', async () => {
    expect(await connect('dns.google:443')).toContain('"code":"category_blocked"');
  });

  it.each([
    ['T-09 another port', () => `web.lab.test:${lab.tlsPort + 1}`],
    ['T-47 the admin door', () => lab.appliance.adminAddress],
    ['T-47 the gateway', () => lab.appliance.gatewayAddress],
    ['T-47 the proxy itself', () => lab.appliance.proxyAddress],
    ['T-11 a host that no list names', () => `other.test:${lab.tlsPort}`],
  ])('%s is refused', async (_, target) => {
    expect(await connect(target())).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('inside a tunnel', () => {
  const ask = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

  it('T-01 a server name that is not the host of CONNECT is refused', async () => {
    const { socket } = await lab.tunnel('web.lab.test', { servername: 'two.lab.test' });
    if (socket === null) throw new Error('no tunnel');
    socket.write(ask(`web.lab.test:${lab.tlsPort}`));
    await everything(socket);
    expect((await lab.decisions()).map((d) => d.reason)).toContain('sni_mismatch');
  });

  it('T-02 no server name is refused', async () => {
    const { socket } = await lab.tunnel('web.lab.test', { servername: '' });
    if (socket === null) throw new Error('no tunnel');
    await everything(socket);
    expect((await lab.decisions()).map((d) => d.reason)).toContain('sni_missing');
  });

  it('T-06 a Host that is not the host of the tunnel: 421', async () => {
    const before = lab.heads.length;
    const said = await lab.inspected('web.lab.test', ask(`two.lab.test:${lab.tlsPort}`));
    expect(said).toMatch(/^HTTP\/1\.1 421 /);
    expect(lab.heads.length).toBe(before);
  });

  it('T-08 anything but TLS is refused at its first byte', async () => {
    const target = `web.lab.test:${lab.tlsPort}`;
    const said = await lab.raw(
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization()}\r\nSSH-2.0-x\r\n`,
    );
    expect(said).not.toContain('SSH-2.0-OpenSSH');
    expect((await lab.decisions()).map((d) => d.reason)).toContain('tunnel_not_tls');
  });
});

describe('TLS that is ended at the gate', () => {
  it('T-45 takes no second handshake on a connection', async () => {
    const { socket } = await lab.tunnel('web.lab.test', { tls: { maxVersion: 'TLSv1.2' } });
    if (socket === null) throw new Error('no tunnel');
    await once(socket, 'secureConnect');
    const again = new Promise((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, resolve);
    });
    expect(await again).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    socket.destroy();
  });

  it('is TLS 1.2 at least, and the record says who was refused', async () => {
    const before = await lab.decisions();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    const { socket } = await lab.tunnel('web.lab.test', { tls: old });
    if (socket === null) throw new Error('no tunnel');
    await everything(socket);
    const decided = async () => {
      const after = await lab.decisions();
      return after.slice(0, after.length - before.length).map(({ reason }) => reason);
    };
    await expect.poll(decided).toContain('client_tls_failed');
  });
});

/** Through the gate, once the way is open. */
async function tunnel(): Promise<Socket> {
  const [host = '', at = ''] = lab.appliance.proxyAddress.split(':');
  const socket = connectTcp(Number(at), host);
  socket.on('error', () => undefined);
  const target = `web.lab.test:${portOf()}`;
  socket.write(
    `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lab.authorization(await lab.issue('acme', 'lab-opaque'))}\r\n`,
  );
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
}

const FIRST = Buffer.from(record(22, hello('web.lab.test', false)));
const secondOf = (name: string) => Buffer.from([...CCS, ...record(22, hello(name, true))]);

type How = 'in turn' | 'at once' | 'byte by byte';

async function send(second: Buffer, how: How): Promise<void> {
  const socket = await tunnel();
  if (how === 'at once') socket.write(Buffer.concat([FIRST, second]));
  else {
    socket.write(FIRST);
    await once(socket, 'data');
    if (how === 'in turn') socket.write(second);
    else for (const byte of second) socket.write(Uint8Array.of(byte));
  }
  await everything(socket, 300);
}

const reasons = async () => (await lab.decisions()).slice(0, 2).map((d) => d.reason);

/**
 * A server that asks for another key share is sent a second ClientHello, in clear. Clients must not change the name in it
 * (RFC 8446 section 4.1.2), and servers need not look; in an opaque tunnel both are held against the host of CONNECT.
 */
describe('a second ClientHello', () => {
  beforeEach(() => {
    heard = Buffer.alloc(0);
  });

  it.each(['in turn', 'at once', 'byte by byte'] as const)(
    'T-01 with another name is refused, sent %s',
    async (how) => {
      await send(secondOf('two.lab.test'), how);
      await expect.poll(reasons).toContain('sni_mismatch');
      // Of what comes together nothing goes on.
      const before = how === 'at once' ? Buffer.alloc(0) : FIRST;
      expect(heard.subarray(0, FIRST.length).equals(before)).toBe(true);
      expect(heard.includes('two.lab.test')).toBe(false);
      await expect.poll(() => lab.appliance.core.leases.live().length).toBe(0);
    },
  );

  it.each(['in turn', 'at once', 'byte by byte'] as const)('with the same name it goes on, sent %s', async (how) => {
    const second = Buffer.concat([secondOf('web.lab.test'), Buffer.from(record(23, [1, 2, 3]))]);
    await send(second, how);
    expect(heard.equals(Buffer.concat([FIRST, second]))).toBe(true);
  });
});

/** Names and addresses: what must never be dialled, in every disguise, and what TLS says beside what CONNECT said. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything, type Lab, openLab } from '../proxy/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
}, 60_000);
afterAll(() => lab.close());

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
  ])('%s is refused', async (_, host) => {
    const said = await connect(`${host}:${lab.tlsPort}`);
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

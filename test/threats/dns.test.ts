/** A name server that is the attacker's own: chains, mixtures, floods and answers that change. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, dnsServer, type Zone } from '../proxy/dns-server.ts';
import { answer, type Lab, openLab } from '../proxy/lab.ts';

const OPEN = '127.0.0.1';
/** Aliases in a row, `a0` to `a<n>`, the last with these addresses. */
const chain = (name: string, length: number, end: readonly string[]): Zone =>
  Object.fromEntries(
    Array.from({ length: length + 1 }, (_, i) => [
      `${name}${i}.example.org`,
      i < length ? `${name}${i + 1}.example.org` : end,
    ]),
  );

const zone: Record<string, string | readonly string[]> = {
  ...chain('far', 5, ['169.254.169.254']),
  ...chain('long', 12, [OPEN]),
  'loop0.example.org': 'loop1.example.org',
  'loop1.example.org': 'loop0.example.org',
  'self0.example.org': 'self0.example.org',
  'case0.example.org': 'PasteBin.COM',
  'PasteBin.COM': [OPEN],
  'mid0.example.org': 'pastebin.com',
  'pastebin.com': 'mid2.example.org',
  'mid2.example.org': [OPEN],
  'mixed0.example.org': ['198.41.0.4', '10.1.2.3'],
  'huge0.example.org': [...Array.from({ length: 60 }, (_, i) => `198.41.0.${i + 1}`), '10.1.2.3'],
  'turn0.example.org': [OPEN],
  'none0.example.org': [],
};

const READING = (port: number) => `version: 1
name: net.read.lab
owner: tests
description: One host of the attacker's, where it may be private.
risk: low
inspect: auto
grants:
  - methods: read
    hosts: [turn0.example.org]
    ports: [${port}]
private_destinations: [127.0.0.1/32]
`;

let lab: Lab;
let dns: DnsServer;
let reached = 0;
const origin = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', () => {
    reached += 1;
    socket.write(answer('ok'));
  });
});
const portOf = () => (origin.address() as AddressInfo).port;
beforeAll(async () => {
  dns = await dnsServer(zone, 0);
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  lab = await openLab({ 'proxy.resolver.servers': dns.address }, [], {
    'capabilities/net.read.lab.yaml': READING(portOf()),
  });
  for (const name of ['far', 'long', 'loop', 'self', 'case', 'mid', 'mixed', 'huge', 'none', 'missing'])
    await lab.admin(`/v1/hosts/${name}0.example.org/allow`, { why: 'test' });
}, 60_000);
afterAll(async () => {
  await lab.close();
  dns.close();
  origin.close();
});

const connect = (host: string) =>
  lab.raw(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${lab.authorization()}\r\n`);

describe('a name that is allowed', () => {
  it.each([
    ['T-42 and leads over five aliases to metadata', 'far', 'address_forbidden'],
    ['T-42 and leads over more aliases than are followed', 'long', 'resolve_failed'],
    ['T-42 and is an alias of its alias', 'loop', 'resolve_failed'],
    ['T-42 and is an alias of itself', 'self', 'resolve_failed'],
    ['T-42 and is an alias of a blocked host, in capitals', 'case', 'category_blocked'],
    ['T-42 and passes a blocked host on its way', 'mid', 'category_blocked'],
    ['T-20 and has a public and a private address', 'mixed', 'address_forbidden'],
    ['T-20 and has sixty public addresses before a private one', 'huge', 'address_forbidden'],
    ['and has no address', 'none', 'resolve_failed'],
    ['and does not exist', 'missing', 'resolve_failed'],
  ])('%s is refused', async (_, name, reason) => {
    const said = await connect(`${name}0.example.org`);
    expect(said).toMatch(/^HTTP\/1\.1 (?:403|502|504) /);
    expect(said).toContain(`"code":"${reason}"`);
  });
});

it('T-20 a name that is good for one request and private for the next is dialled once', async () => {
  const host = `turn0.example.org:${portOf()}`;
  const ask = () => lab.raw(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n${lab.authorization()}\r\n`);
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 /);
  zone['turn0.example.org'] = ['10.1.2.3'];
  // Its TTL is zero; no answer is believed for less than a second.
  await expect.poll(ask, { timeout: 10_000, interval: 300 }).toContain('"code":"address_forbidden"');
  const before = reached;
  expect(await ask()).toContain('"code":"address_forbidden"');
  expect(reached).toBe(before);
});

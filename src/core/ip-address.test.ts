import { describe, expect, it } from 'vitest';
import { parseHost } from './host.ts';
import { classifyAddress, parseIp } from './ip-address.ts';

const kindOf = (text: string) => {
  const ip = parseIp(text);
  if (ip === null) throw new Error(text);
  return classifyAddress(ip);
};

/** First and last address of each block that IANA's IPv4 special-purpose registry does not call globally reachable. */
const IPV4: readonly (readonly [string, string, string])[] = [
  ['this network, RFC 791', '0.0.0.0', '0.255.255.255'],
  ['private use, RFC 1918', '10.0.0.0', '10.255.255.255'],
  ['shared address space, RFC 6598', '100.64.0.0', '100.127.255.255'],
  ['loopback, RFC 1122', '127.0.0.0', '127.255.255.255'],
  ['link local, RFC 3927', '169.254.0.0', '169.254.255.255'],
  ['private use, RFC 1918', '172.16.0.0', '172.31.255.255'],
  ['IETF protocol assignments, RFC 6890', '192.0.0.0', '192.0.0.8'],
  ['documentation, RFC 5737', '192.0.2.0', '192.0.2.255'],
  ['6to4 relay, RFC 7526', '192.88.99.0', '192.88.99.255'],
  ['private use, RFC 1918', '192.168.0.0', '192.168.255.255'],
  ['benchmarking, RFC 2544', '198.18.0.0', '198.19.255.255'],
  ['documentation, RFC 5737', '198.51.100.0', '198.51.100.255'],
  ['documentation, RFC 5737', '203.0.113.0', '203.0.113.255'],
  ['multicast, RFC 5771', '224.0.0.0', '239.255.255.255'],
  ['reserved, RFC 1112', '240.0.0.0', '255.255.255.254'],
  ['limited broadcast, RFC 8190', '255.255.255.255', '255.255.255.255'],
  ['Azure wire server', '168.63.129.16', '168.63.129.16'],
];

/** The same of the IPv6 registry, and what deprecated registries left behind. */
const IPV6: readonly (readonly [string, string, string])[] = [
  ['unspecified, RFC 4291', '::', '::'],
  ['loopback, RFC 4291', '::1', '::1'],
  ['NAT64 for local use, RFC 8215', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['discard only, RFC 6666', '100::', '100::ffff:ffff:ffff:ffff'],
  ['dummy prefix, RFC 9780', '100:0:0:1::', '100:0:0:1:ffff:ffff:ffff:ffff'],
  ['benchmarking, RFC 5180', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
  ['ORCHID, RFC 4843', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['documentation, RFC 3849', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['documentation, RFC 9637', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['segment routing, RFC 9602', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['unique local, RFC 4193', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['link local, RFC 4291', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['site local, RFC 3879', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['multicast, RFC 4291', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

const octets = (v4: string) => v4.split('.').map(Number);
const hex = (v4: string) => octets(v4).map((n) => n.toString(16).padStart(2, '0'));
const groups = (v4: string) => `${hex(v4).slice(0, 2).join('')}:${hex(v4).slice(2).join('')}`;

/** Ways to write one IPv4 address: as inet_aton reads it, and inside IPv6. */
const DISGUISES: Readonly<Record<string, (v4: string) => string>> = {
  decimal: (v4) => String(octets(v4).reduce((sum, n) => sum * 256 + n, 0)),
  hexadecimal: (v4) => `0x${hex(v4).join('')}`,
  octal: (v4) =>
    octets(v4)
      .map((n) => `0${n.toString(8)}`)
      .join('.'),
  'three parts': (v4) => `${octets(v4)[0]}.${octets(v4)[1]}.${(octets(v4)[2] ?? 0) * 256 + (octets(v4)[3] ?? 0)}`,
  'a trailing dot': (v4) => `${v4}.`,
  'full-width digits': (v4) => v4.replace(/[0-9]/g, (d) => String.fromCharCode(0xff10 + Number(d))),
  mapped: (v4) => `[::ffff:${v4}]`,
  'mapped, in groups': (v4) => `[::ffff:${groups(v4)}]`,
  compatible: (v4) => `[::${groups(v4)}]`,
  NAT64: (v4) => `[64:ff9b::${groups(v4)}]`,
  '6to4': (v4) => `[2002:${groups(v4)}::1]`,
  Teredo: (v4) => `[2001:0:${groups(v4)}::1]`,
};

describe('T-18 special-purpose addresses', () => {
  it.each([...IPV4, ...IPV6])('%s (%s to %s) is not public', (_, first, last) => {
    expect(kindOf(first)).not.toBe('public');
    expect(kindOf(last)).not.toBe('public');
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '2a00::1',
  ])('%s is public', (text) => {
    expect(kindOf(text)).toBe('public');
  });
});

describe.each(Object.entries(DISGUISES))('T-16 T-17 written as %s', (_, disguise) => {
  it.each(IPV4.filter(([, first]) => first !== '0.0.0.0'))('%s stays what it is', (_name, first, last) => {
    for (const v4 of [first, last]) {
      const host = parseHost(disguise(v4));
      // Refused is as good; a name it must never be.
      if (!host.ok) continue;
      expect(host.value.ip).not.toBeNull();
      if (host.value.ip) expect(classifyAddress(host.value.ip)).not.toBe('public');
    }
  });
});

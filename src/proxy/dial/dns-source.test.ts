/** Name servers that do not answer, or not all that they are asked. */

import { afterEach, describe, expect, it } from 'vitest';
import { type DnsServer, dnsServer, type Mishaps } from '../../../test/proxy/dns-server.ts';
import { dnsSource } from './dns-source.ts';

let server: DnsServer | null = null;
afterEach(() => {
  server?.close();
  server = null;
});

const TIMEOUT_MS = 4_000;
const [SERVFAIL, NXDOMAIN, NOTIMP, REFUSED] = [2, 3, 4, 5];
const zone = { 'a.lab.test': ['198.41.0.4'], 'alias.lab.test': 'a.lab.test' };

async function asked(name: string, mishaps: Mishaps) {
  server = await dnsServer(zone, 600, mishaps);
  return dnsSource({ servers: [server.address], timeoutMs: TIMEOUT_MS })(name);
}

describe('a name server that fails on one family', () => {
  it.each([
    ['fails', SERVFAIL],
    ['knows no such type', NOTIMP],
    ['refuses', REFUSED],
    // Each try would be half of the time of a resolution: who waited for it would have no answer.
    ['keeps silent', 'silent'],
  ] as const)('and %s, gives the addresses of the other, and is asked again sooner', async (_, mishap) => {
    const answer = await asked('a.lab.test', { 'a.lab.test/AAAA': mishap });
    expect(answer).toEqual({ addresses: ['198.41.0.4'], cnames: [], ttlMs: 30_000 });
  });

  it('and says that there is nothing, has said all', async () => {
    const answer = await asked('a.lab.test', { 'a.lab.test/AAAA': NXDOMAIN });
    expect(answer).toEqual({ addresses: ['198.41.0.4'], cnames: [], ttlMs: 600_000 });
  });

  it('and has nothing of the other, has failed', async () => {
    await expect(asked('a.lab.test', { 'a.lab.test/A': SERVFAIL })).rejects.toMatchObject({ reason: 'resolve_failed' });
  });

  it('T-42 is not believed where it hides the aliases', async () => {
    await expect(asked('alias.lab.test', { 'alias.lab.test/CNAME': SERVFAIL })).rejects.toMatchObject({
      reason: 'resolve_failed',
    });
  });
});

describe('a name server that keeps silent', () => {
  it('is a timeout, and one that fails is not', async () => {
    const all = (what: 'silent' | number) => ({
      'a.lab.test/A': what,
      'a.lab.test/AAAA': what,
      'a.lab.test/CNAME': what,
    });
    server = await dnsServer(zone, 600, all('silent'));
    const late = dnsSource({ servers: [server.address], timeoutMs: 400 })('a.lab.test');
    await expect(late).rejects.toMatchObject({ reason: 'resolve_timeout' });
    server.close();
    await expect(asked('a.lab.test', all(SERVFAIL))).rejects.toMatchObject({ reason: 'resolve_failed' });
  });
});

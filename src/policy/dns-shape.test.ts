import { describe, expect, it } from 'vitest';
import { request, snapshot } from '../../test/policy/fixture.ts';
import { decide } from './decide.ts';
import { createDecider } from './decider.ts';
import { LeaseIndex } from './lease-index.ts';

const at = snapshot();
const asked = (method: string, url: string, contentType = '') =>
  decide(request(method, url, { contentType }), snapshot());

describe('T-22 a resolver is one on any host', () => {
  it.each([
    ['GET', 'https://docs.example.org/?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB', ''],
    ['GET', 'https://docs.example.org/x?a=1&dns=q80BAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB%3D', ''],
    ['GET', 'https://docs.example.org/dns-query?name=secret.evil.example&type=TXT', ''],
    ['POST', 'https://docs.example.org/anything', 'application/dns-message'],
    ['POST', 'https://docs.example.org/anything', 'application/oblivious-dns-message'],
    ['CONNECT', 'docs.example.org:853', ''],
  ])('%s %s %s', (method, url, type) => {
    expect(asked(method, url, type)).toMatchObject({ effect: 'deny', reason: 'category_blocked' });
    expect(asked(method, url, type).categories).toContain('doh-resolvers');
  });

  it('is told apart where the decision before it is remembered', () => {
    const plain = request('GET', 'https://docs.example.org/x?a=1');
    const source = { current: () => at };
    const decider = createDecider({ source, leases: new LeaseIndex({ source, now: () => plain.now }) });
    const dns = { ...plain, query: 'dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB' };
    expect([plain, dns, plain].map((one) => decider.decide(one).effect)).toEqual(['allow', 'deny', 'allow']);
    expect(decider.counts).toEqual({ hits: 1, misses: 2 });
  });

  it.each([
    'https://docs.example.org/?dns=cloudflare',
    'https://docs.example.org/?dns=AAAAAAAAAAAAAAAAAAAA',
    'https://docs.example.org/?q=dns',
    'https://docs.example.org/dns-query',
    'https://docs.example.org/help?dns=primary-and-secondary',
  ])('%s is none', (url) => {
    expect(asked('GET', url).effect).toBe('allow');
  });
});

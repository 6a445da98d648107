import { describe, expect, it } from 'vitest';
import { FieldLeaks } from './field-leaks.ts';
import { hostLeak, urlLeak } from './leak.ts';

const DATA = 'q7Zk29XvLm4Tp0Rs8Yc3Wd6Nb1Jf5Hg2';

describe('T-37 what looks like carried data', () => {
  it.each([
    ['words', '/repos/acme/project/contents/readme', 'q=a+natural+question&page=2', 0],
    ['one random piece', `/x/${DATA}`, '', DATA.length],
    ['a random value', '/x', `d=${DATA}`, DATA.length],
    ['many pieces, each too short to count', `/${'ab12cd34/'.repeat(200)}`, '', 1801 - 512],
    ['many short values', '/', Array.from({ length: 100 }, (_, i) => `a${i}=x7k2m9`).join('&'), 'length'],
  ])('in a URL: %s', (_, path, query, bytes) => {
    expect(urlLeak(path, query)).toBe(bytes === 'length' ? path.length + query.length - 512 : bytes);
  });

  it.each([
    ['a name of people', 'objects.eu-west-1.example.com', 0],
    ['a random label', `${DATA}.example.com`, DATA.length],
    ['short labels without end', `${'ab12cd34.'.repeat(20)}example.com`, 14 * 8],
  ])('in a host: %s', (_, host, bytes) => expect(hostLeak(host)).toBe(bytes));
});

describe('T-37 fields of what may only read', () => {
  const ask = (headers: readonly [string, string][], host = 'a.test', task = 't') => ({
    tenant: 'acme',
    task,
    host,
    headers,
  });
  const random = (n: number, seed = 0) =>
    Array.from({ length: n }, (_, i) => ((i * 7919 + seed * 104_729 + 13) % 46_656).toString(36).padStart(3, 'k')).join(
      '',
    );

  it('count for what they say for the first time, and not for what they said before', () => {
    const leaks = new FieldLeaks();
    const token = ask([['Authorization', `Bearer ${random(200)}`]]);
    const first = leaks.of(token);
    expect(first.bytes).toBe(600 - 128);
    first.keep();
    expect(leaks.of(token).bytes).toBe(0);
    expect(leaks.of(ask([['authorization', `Bearer ${random(200)}`]])).bytes).toBe(0);
    expect(leaks.of(ask([['Authorization', `Bearer ${random(200, 1)}`]])).bytes).toBe(472);
    expect(leaks.of(ask(token.headers, 'b.test')).bytes).toBe(472);
    expect(leaks.of(ask(token.headers, 'a.test', 'u')).bytes).toBe(472);
  });

  it('are not forgiven by a denial', () => {
    const leaks = new FieldLeaks();
    const data = ask([['X-Data', random(200)]]);
    expect([leaks.of(data).bytes, leaks.of(data).bytes]).toEqual([472, 472]);
  });

  it('of every request cost nothing: words, an entity tag, a trace, cookies in crumbs', () => {
    const leaks = new FieldLeaks();
    const usual = ask([
      [
        'user-agent',
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      ],
      ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
      ['accept-language', 'en-GB,en;q=0.9,de-AT;q=0.8'],
      ['if-none-match', '"5f2b7c0d9e8a4b1c6d3e2f1a0b9c8d7e"'],
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ]);
    expect(leaks.of(usual).bytes).toBe(0);
    const crumbs = ask([
      ['cookie', `a=${random(60)}`],
      ['cookie', `b=${random(60, 2)}`],
    ]);
    const first = leaks.of(crumbs);
    expect(first.bytes).toBe(360 - 128);
    first.keep();
    expect(leaks.of(crumbs).bytes).toBe(0);
  });
});

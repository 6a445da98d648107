import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPattern, readPatternInput } from '../host/url-patterns.ts';
import { bridge } from './bridge.ts';
import { URLPattern as Ours } from './url-pattern.ts';

const before = bridge.current;
beforeAll(() => {
  const serve = (op: string, json: unknown) => {
    try {
      return op === 'pattern' ? readPattern(String(json)) : readPatternInput(String(json));
    } catch {
      return null;
    }
  };
  bridge.current = { serve, hear: () => undefined };
});
afterAll(() => {
  bridge.current = before;
});

const COMPONENTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
type Kind = new (
  ...args: never[]
) => Record<(typeof COMPONENTS)[number], string> & {
  readonly hasRegExpGroups: boolean;
  exec(...input: unknown[]): Record<string, { input: string; groups: Record<string, string | undefined> }> | null;
};

/** All that can be seen of a pattern: its components and what it makes of these inputs; or the name of its error. */
function seen(kind: Kind, args: readonly unknown[], inputs: readonly unknown[]): unknown {
  try {
    const pattern = new kind(...(args as never[]));
    const results = inputs.map((input) => {
      const found = pattern.exec(input);
      return found && COMPONENTS.map((name) => [found[name]?.input, Object.entries(found[name]?.groups ?? {}).sort()]);
    });
    return [COMPONENTS.map((name) => pattern[name]), pattern.hasRegExpGroups, results];
  } catch (error) {
    return (error as Error).name;
  }
}

const INPUTS = [
  ...['https://example.com/foo/bar', 'https://www.example.com/a/b?x#y', 'http://a.b:8080/foo', 'data:foo', 'bad'],
  ...['https://example.com/12/a/b/', 'https://u:p@x.y/é', 'javascript:var%20x', 'https://EXAMPLE.com/FOO', {}],
  ...[{ pathname: '/foo/bar' }, { pathname: 'foo', baseURL: 'https://example.com/x/' }, { protocol: 'b ad' }],
  ...[{ protocol: 'https', hostname: 'bücher.de', port: '443' }, { hostname: '[::1]' }, { search: '?x', hash: 'a' }],
];

const piece = fc.constantFrom(
  ...['/', 'a', 'b', 'foo', ':id', ':x', '*', '(\\d+)', '([a-z]+)', '{', '}', '{/b}?', '{/:y}*', '{a:z}+', '{:q.}?'],
  ...['?', '+', '.', 'ä', '%20', '\\:', '-', '(?:a|b)', '([a-z&&[aeiou]])', '{(\\d)x}*', ':__proto__', '..', ' '],
);
const text = fc.array(piece, { maxLength: 5 }).map((all) => all.join(''));
const init = fc.record(
  {
    protocol: fc.constantFrom('http{s}?', 'https', '*', ':p', '(data|foo)', 'data', 'HTTPS'),
    hostname: fc.constantFrom('*.example.com', '{*.}?example.com', 'example.com', '[\\:\\:1]', 'bücher.de', ':a.:b'),
    port: fc.constantFrom('80', '443', ':p', '(\\d+)', '{8}0', ''),
    pathname: text.map((path) => `/${path}`),
    search: text,
    hash: text,
    baseURL: fc.constantFrom('https://example.com/x/y?q#h', 'http://a.b:8080', 'data:foo', 'bad'),
  },
  { requiredKeys: [] },
);
const whole = fc
  .tuple(fc.constantFrom('https://', 'http{s}?://', 'data:', ':p://', ''), fc.constantFrom('a.b', '*.b', ''), text)
  .map(([scheme, host, path]) => `${scheme}${host}/${path}`);
const given = fc.oneof(
  fc.tuple(init),
  fc.tuple(init, fc.constant({ ignoreCase: true })),
  fc.tuple(whole),
  fc.tuple(whole, fc.constantFrom('https://example.com/base/', 'data:x')),
);

describe('URLPattern', () => {
  it('sees what the engine of the host sees, whatever the pattern', () => {
    fc.assert(
      fc.property(given, (args) => {
        expect(seen(Ours as unknown as Kind, args, INPUTS)).toEqual(seen(URLPattern as unknown as Kind, args, INPUTS));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['a path', [{ pathname: '/books/:id(\\d+)' }], 'https://a.b/books/12', { id: '12' }],
    ['repeated segments', [{ pathname: '/a/:rest*' }], 'https://a.b/a/b/c', { rest: 'b/c' }],
    ['a group that took no part', [{ pathname: '/a{/:more}?' }], 'https://a.b/a', { more: undefined }],
    ['a wildcard', ['https://a.b/*'], 'https://a.b/x/y', { 0: 'x/y' }],
    ['an opaque path, which has no segments', ['data\\:x/:all'], 'data:x/y/z', { all: 'y/z' }],
  ])('matches %s', (_what, args, url, groups) => {
    const found = new (Ours as unknown as Kind)(...(args as never[])).exec(url);
    expect(found?.['pathname']?.groups).toEqual(groups);
  });

  it('reads its arguments as Web IDL has them', () => {
    const make = (...args: unknown[]) => new (Ours as unknown as new (...all: unknown[]) => Ours)(...args);
    const name = (run: () => unknown) => {
      try {
        return run();
      } catch (error) {
        return (error as Error).name;
      }
    };
    expect(make().pathname).toBe('*');
    expect(make(null).pathname).toBe('*');
    expect(make('/a', 'https://x.y', { ignoreCase: true }).test('https://x.y/A')).toBe(true);
    expect(make({ pathname: '/a' }, { ignoreCase: true }).test({ pathname: '/A' })).toBe(true);
    expect(name(() => make({}, 'https://x.y'))).toBe('TypeError');
    expect(name(() => make('/a'))).toBe('TypeError');
    expect(name(() => make({ pathname: '(' }))).toBe('TypeError');
    expect(name(() => make().test({}, 'https://x.y'))).toBe('TypeError');
    expect(make('/a', 'https://x.y').exec('/a', 'https://x.y')).toMatchObject({ inputs: ['/a', 'https://x.y'] });
    expect(Object.keys(make().exec({}) as object)).toEqual([
      'hash',
      'hostname',
      'inputs',
      'password',
      'pathname',
      'port',
      'protocol',
      'search',
      'username',
    ]);
    expect(make({ pathname: '/:__proto__' }).exec({ pathname: '/x' })).toMatchObject({ pathname: { input: '/x' } });
  });

  it('takes no pattern that the host would read for long', () => {
    expect(() => new Ours({ pathname: '*/'.repeat(1500) })).not.toThrow();
    expect(() => new Ours({ pathname: '*/'.repeat(3000) })).toThrow('too long');
  });
});

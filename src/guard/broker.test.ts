import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyFilter } from './body-filter.ts';
import { createBroker, type Exchanged, scrubs, scrubText, type Written } from './broker.ts';
import { scrubFilter } from './scrub-filter.ts';
import { Vault } from './vault.ts';

const SECRET = Buffer.from('s3cr3t/"value"+é');
const owner = { tenant: 'acme', task: 't1' };
const at = (host: string, over: Partial<typeof owner> = {}) => ({ ...owner, ...over, host });

function scene() {
  let now = 1000;
  const vault = new Vault({ now: () => now, ttlMs: 500, most: 3 });
  const stored = {
    name: 'github',
    value: Buffer.from('ghp_real'),
    hosts: ['api.github.com'],
    tenants: ['acme'],
    own: 'refuse' as const,
  };
  const broker = createBroker(vault, () => [stored]);
  const put = (text: string, to = at('api.test'), written: Written = 'plain') => {
    const exchanged: Exchanged[] = [];
    return { text: broker.exchange(text, to, { written, exchanged }), exchanged };
  };
  const token = vault.put(owner, { infoType: 'API_KEY', value: SECRET, hosts: ['api.test', '*.deep.test'] });
  const pass = (ms: number) => {
    now += ms;
  };
  return { vault, broker, put, token, pass };
}

describe('tokens', () => {
  it('are the same for the same value of a task, and another for any other', () => {
    const { vault, token } = scene();
    const again = { infoType: 'API_KEY', value: SECRET, hosts: [] };
    expect(token).toMatch(/^\[TOKEN:API_KEY:[0-9a-f]{20}\]$/);
    expect(vault.put(owner, again)).toBe(token);
    expect(vault.put({ ...owner, task: 't2' }, again)).not.toBe(token);
    expect(vault.put({ ...owner, tenant: 'globex' }, again)).not.toBe(token);
  });

  it.each([
    ['the host that was named', at('api.test'), true],
    ['below a name', at('x.deep.test'), true],
    ['the name itself, where what is below was named', at('deep.test'), false],
    ['another host', at('evil.test'), false],
    ['a host that ends alike', at('evilapi.test'), false],
    ['another task (T-50)', at('api.test', { task: 't2' }), false],
    ['another tenant', at('api.test', { tenant: 'globex' }), false],
  ])('go back only where they may: %s', (_, to, may) => {
    const { put, token } = scene();
    const { text, exchanged } = put(`a ${token} b`, to);
    expect(text).toBe(may ? `a ${SECRET} b` : `a ${token} b`);
    expect(exchanged).toEqual(may ? [{ placeholder: token, value: SECRET }] : []);
  });

  it('end with their time, and the oldest with the room', () => {
    const { vault, put, token, pass } = scene();
    pass(499);
    expect(put(token).text).toBe(SECRET.toString());
    pass(1);
    expect(put(token).text).toBe(token);
    expect(vault.holds(owner)).toBe(false);
    const many = [1, 2, 3, 4].map((n) =>
      vault.put(owner, { infoType: 'X', value: Buffer.from(`value-${n}`), hosts: ['api.test'] }),
    );
    expect(many.map((one) => put(one).text)).toEqual([many[0], 'value-2', 'value-3', 'value-4']);
  });

  it.each([
    ['json', '"s3cr3t/\\"value\\"+é"'],
    ['url', 's3cr3t%2F%22value%22%2B%C3%A9'],
    ['field', 's3cr3t/"value"+é'],
  ] as const)('are written as %s needs it', (written, expected) => {
    const { put, token } = scene();
    expect(put(written === 'json' ? `"${token}"` : token, at('api.test'), written).text).toBe(expected);
    expect(put(encodeURIComponent(token), at('api.test'), 'url').text).toBe('s3cr3t%2F%22value%22%2B%C3%A9');
  });

  it('never make a second field out of one (T-32)', () => {
    const { vault, put } = scene();
    const token = vault.put(owner, { infoType: 'KEY', value: Buffer.from('a\r\nx: y'), hosts: ['api.test'] });
    expect(put(token, at('api.test'), 'field').text).toBe(token);
  });
});

describe('placeholders of stored credentials', () => {
  it('become the credential for its tenants towards its hosts, in Basic as well', () => {
    const { put, broker } = scene();
    const github = at('api.github.com');
    expect(put('Bearer lt_credential_github', github, 'field').text).toBe('Bearer ghp_real');
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(put(basic('me:lt_credential_github'), github, 'field').text).toBe(basic('me:ghp_real'));
    expect(put(basic('me:other'), github, 'field').text).toBe(basic('me:other'));
    for (const to of [at('evil.test'), at('api.github.com', { tenant: 'globex' })])
      expect(put('lt_credential_github', to).text).toBe('lt_credential_github');
    expect(put('lt_credential_gitlab', github).text).toBe('lt_credential_gitlab');
    expect([broker.serves(github), broker.serves(at('evil.test', { task: 'none' }))]).toEqual([true, false]);
  });
});

describe('placeholders under the guard', () => {
  it.each([
    ['lt_credential_github', true],
    [Buffer.from('me:lt_credential_github').toString('base64'), true],
    ['Bearer lt_credential_github', true],
    ['lt_credential_unknown', false],
    ['lt_credential_github0123456789abcdef', false],
    [Buffer.from('me:ghp_real').toString('base64'), false],
  ])('knows its own and nothing else: %s (T-36)', (text, ours) => {
    expect(scene().broker.isPlaceholder(Buffer.from(text))).toBe(ours);
  });
});

describe('what comes back', () => {
  const found = scrubs([{ placeholder: '[T]', value: SECRET }]);

  it('is scrubbed in every usual writing', () => {
    const forms = [SECRET.toString(), JSON.stringify(SECRET.toString()), encodeURIComponent(SECRET.toString())];
    const text = [...forms, SECRET.toString('base64')].join(' ');
    expect(scrubText(text, found)).toMatch(/^\[T\] "\[T\]" \[T\] \[T\]=*$/);
  });

  it.each(['', ':', 'a:', 'me:', 'you:'])(
    'T-41 is scrubbed in base64 behind `%s`, with and without more behind it',
    (user) => {
      for (const rest of ['', '\n', '--']) {
        for (const coding of ['base64', 'base64url'] as const) {
          const said = scrubText(Buffer.from(`${user}${SECRET}${rest}`).toString(coding), found);
          expect(said).toContain('[T]');
          // What is left tells no more than the bits of a letter at either end.
          const left = said.split('[T]').map((part) => Buffer.from(part, coding).toString('latin1'));
          for (const part of left) expect(part).not.toMatch(/3c|cr|"v/);
        }
      }
    },
  );

  it('is scrubbed the same however it is cut', () => {
    const inner = (): BodyFilter => ({
      push: (chunk) => [chunk],
      idle: () => [],
      end: () => [],
      verdict: () => ({ action: 'pass', findings: [], more: 0 }),
      blocked: false,
    });
    const part = fc.constantFrom(SECRET.toString(), 's3cr', 's3cr3t/', 'é', 'x', ' ');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(150)), (parts, cuts) => {
        const body = Buffer.from(parts.join(''));
        const filter = scrubFilter(inner(), { scrubs: found }) as BodyFilter;
        const out: Uint8Array[] = [];
        let from = 0;
        for (const cut of [...cuts].sort((a, b) => a - b)) {
          out.push(...filter.push(body.subarray(from, Math.max(from, cut))), ...filter.idle());
          from = Math.max(from, cut);
        }
        out.push(...filter.push(body.subarray(from)), ...filter.end());
        expect(Buffer.concat(out).toString()).toBe(scrubText(body.toString(), found));
      }),
      { numRuns: 200 },
    );
  });
});

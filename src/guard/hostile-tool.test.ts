/** What a tool may do to a secret to get it past the guard, and what is done about it. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';
import type { GuardContext } from './guard-context.ts';

const RULES = `version: 1
rules:
  - id: key
    description: A key
    info_type: KEY
    kind: secret
    regex: '\\b(key_[0-9A-Za-z]{24})\\b'
    secret_group: 1
    likelihood: LIKELY
    severity: high
    actions: { result: redact, request: block }
    tests: { match: ['key_abcdefghijklmnopqrstuvwx'], no_match: ['key_short'] }
`;
const rules = ruleSet(RULES);
const guard = createGuard({ rules, fingerprintKey: Buffer.alloc(32, 1) });
const KEY = 'key_Ab3Cd5Ef7Gh9Jk1Lm3Np5Qr7';
const MARK = '[REDACTED:KEY]';

function through(body: Uint8Array | string, over: Partial<GuardContext> = {}) {
  const filter = guard.filter(contextOf({ task: 'k', ...over }));
  const bytes = Buffer.from(body as Uint8Array);
  const out = [...filter.push(bytes.subarray(0, 9)), ...filter.push(bytes.subarray(9)), ...filter.end()];
  return { text: Buffer.concat(out).toString('utf8'), action: filter.verdict().action };
}

const numbers = (text: string) => [...Buffer.from(text)];
const octal = (text: string) =>
  numbers(text)
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');

describe('a secret that a tool hides (T-35)', () => {
  it.each([
    ['bytes as decimal numbers', `[${numbers(KEY).join(', ')}]`, `[${numbers(MARK).join(', ')}]`],
    ['the same over lines', numbers(KEY).join(',\n    '), numbers(MARK).join(',\n    ')],
    ['a buffer as JSON writes it', JSON.stringify(Buffer.from(KEY)), JSON.stringify(Buffer.from(MARK))],
    ['octal escapes', octal(KEY), MARK],
    ['references with many zeroes', KEY.replace('_', '&#0000000095;'), MARK],
    ['named references', KEY.replace('_', '&lowbar;'), MARK],
    ['variation selectors', KEY.replace('_', '_\ufe0f'), MARK],
    ['selectors beyond the first plane', KEY.replace('_', '_\u{e0101}'), MARK],
    ['fillers', KEY.replace('_', '_\u3164\u115f'), MARK],
  ])('%s', (_what, text, expected) => {
    expect(through(`a ${text} b`)).toEqual({ text: `a ${expected} b`, action: 'redact' });
    expect(through(`a ${text} b`, { direction: 'request' }).action).toBe('block');
  });

  it('leaves numbers that are none of it as they are', () => {
    const text = JSON.stringify({
      heights: Array.from({ length: 400 }, (_, i) => 32 + ((i * 37) % 90)),
      to: '\\1\\2\\177',
    });
    expect(through(text)).toEqual({ text, action: 'pass' });
  });
});

describe('a compressed body of more than one part (T-34)', () => {
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
  it.each([
    ['members of gzip', 'gzip', Buffer.concat([gzipSync('one '), gzipSync(KEY)])],
    ['a secret over two members of gzip', 'gzip', Buffer.concat([gzipSync(KEY.slice(0, 9)), gzipSync(KEY.slice(9))])],
    ['frames of zstd', 'zstd', Buffer.concat([zstdCompressSync('one '), zstdCompressSync(KEY)])],
    ['a frame of zstd behind one that is skipped', 'zstd', Buffer.concat([skipped, zstdCompressSync(KEY)])],
  ])('is read to its end: %s', (_what, contentEncoding, body) => {
    expect(through(body, { contentEncoding, direction: 'request' }).action).toBe('block');
    expect(through(body, { contentEncoding }).action).toBe('redact');
  });

  it.each([
    ['gzip', gzipSync('one')],
    ['deflate', deflateSync('one')],
    ['br', brotliCompressSync('one')],
    ['zstd', zstdCompressSync('one')],
  ])('does not pass with something else behind it: %s', (contentEncoding, body) => {
    const behind = Buffer.concat([body, Buffer.from(`\0\0${KEY}`)]);
    expect(through(behind, { contentEncoding })).toEqual({ text: '', action: 'block' });
  });

  it('may be padded', () => {
    expect(through(Buffer.concat([gzipSync('one'), Buffer.alloc(512)]), { contentEncoding: 'gzip' }).action).toBe(
      'pass',
    );
  });

  it('of more frames than anybody makes does not pass', () => {
    const body = Buffer.concat([...Array.from({ length: 5000 }, () => skipped), zstdCompressSync('one')]);
    expect(through(body, { contentEncoding: 'zstd' }).action).toBe('block');
  });
});

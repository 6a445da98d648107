import { expect, test } from 'vitest';
import { authority } from '../core/target.ts';
import { parseAbsoluteTarget, parseConnectTarget, sameAuthority } from './request-target.ts';

test.each([
  ['T-15 userinfo', 'a@b.test:443', 'userinfo'],
  ['no port', 'a.test', 'missing_port'],
  ['signed port', 'a.test:+443', 'bad_port'],
  ['port beyond range', 'a.test:65536', 'bad_port'],
  ['T-13 stray brackets', '[[::1]]:443', 'bad_brackets'],
  ['T-17 zone', '[fe80::1%25eth0]:443', 'bad_address'],
  ['T-10 percent', 'a%2etest:443', 'bad_character'],
])('CONNECT refused: %s', (_name, text, error) => {
  expect(parseConnectTarget(text)).toEqual({ ok: false, error });
});

test.each([
  ['T-12 upper case and trailing dot', 'A.Test.:443', 'a.test:443'],
  ['T-16 hex address', '0x7f.1:80', '127.0.0.1:80'],
  ['T-16 octal address', '0177.0.0.1:80', '127.0.0.1:80'],
])('CONNECT read: %s', (_name, text, expected) => {
  const read = parseConnectTarget(text);
  expect(read.ok && authority(read.value)).toBe(expected);
});

test.each([
  ['T-15 userinfo', 'http://a.test@b.test/', 'userinfo'],
  ['another scheme', 'ftp://a.test/', 'bad_scheme'],
])('absolute form refused: %s', (_name, text, error) => {
  expect(parseAbsoluteTarget(text)).toEqual({ ok: false, error });
});

test('T-06 Host names the target only with the same host and port', () => {
  const read = parseAbsoluteTarget('http://a.test/x?y');
  if (!read.ok) throw new Error(read.error);
  const same = (field: string) => sameAuthority(field, read.value.target);
  expect(['a.test', 'A.test:80', 'a.test:81', 'b.test', 'a.test@b.test'].map(same)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

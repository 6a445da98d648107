import fc from 'fast-check';
import { expect, test } from 'vitest';
import { authority } from '../core/target.ts';
import { readGreeting, readLogin, readSocksRequest } from './socks5.ts';

const bytes = (...parts: (number | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])));

const named = (name: string, port = 443): Uint8Array => bytes(5, 1, 0, 3, name.length, name, port >> 8, port & 255);

test.each([
  ['password among others', bytes(5, 3, 0, 1, 2), { password: true, length: 5 }],
  ['no password', bytes(5, 1, 0), { password: false, length: 3 }],
  ['what follows is left alone', bytes(5, 1, 2, 1, 1), { password: true, length: 3 }],
])('greeting: %s', (_name, input, value) => {
  expect(readGreeting(input)).toEqual({ ok: true, value });
});

test.each([
  ['SOCKS4', bytes(4, 1), 'not_socks5'],
  ['HTTP', bytes('G'), 'not_socks5'],
  ['no methods', bytes(5, 0), 'no_methods'],
])('T-08 greeting refused: %s', (_name, input, error) => {
  expect(readGreeting(input)).toEqual({ ok: false, error });
});

test('login: user name and password', () => {
  expect(readLogin(bytes(1, 2, 't1', 3, 'abc', 5))).toEqual({
    ok: true,
    value: { user: 't1', password: 'abc', length: 8 },
  });
});

test.each([
  ['another version', bytes(5, 2)],
  ['empty user name', bytes(1, 0, 1, 'a')],
  ['empty password', bytes(1, 1, 'a', 0)],
  ['not UTF-8', bytes(1, 1, 'a', 1, 0xff)],
])('login refused: %s', (_name, input) => {
  expect(readLogin(input)).toEqual({ ok: false, error: 'bad_login' });
});

test.each([
  ['a name', named('docs.example.com'), 'docs.example.com:443'],
  ['T-12 upper case and trailing dot', named('DOCS.example.com.'), 'docs.example.com:443'],
  ['T-16 an address written as a name', named('0x7f.1', 80), '127.0.0.1:80'],
  ['IPv4', bytes(5, 1, 0, 1, 127, 0, 0, 1, 0, 80), '127.0.0.1:80'],
  ['IPv6', bytes(5, 1, 0, 4, ...new Array<number>(15).fill(0), 1, 1, 187), '[::1]:443'],
])('request: %s', (_name, input, expected) => {
  const read = readSocksRequest(input);
  expect(read?.ok ? authority(read.value.target) : read).toBe(expected);
});

test.each([
  ['T-10 NUL in the name', named('a\0.example.com'), 'bad_character'],
  ['T-10 space in the name', named('a .example.com'), 'bad_character'],
  ['T-10 beyond ASCII', named('b\xfccher.example'), 'bad_character'],
  ['T-10 over-long label', named(`${'a'.repeat(64)}.example`), 'bad_label'],
  ['T-10 empty name', named(''), 'empty'],
  ['T-13 stray brackets', named('[[::1]]'), 'bad_brackets'],
  ['T-17 zone', named('[fe80::1%eth0]'), 'bad_address'],
  ['port 0', named('a.example', 0), 'bad_port'],
  ['BIND', bytes(5, 2), 'bad_command'],
  ['T-44 UDP ASSOCIATE', bytes(5, 3), 'bad_command'],
  ['unknown address type', bytes(5, 1, 0, 2), 'bad_address_type'],
  ['reserved byte', bytes(5, 1, 1), 'bad_request'],
  ['SOCKS4', bytes(4, 1), 'bad_request'],
])('request refused: %s', (_name, input, error) => {
  expect(readSocksRequest(input)).toEqual({ ok: false, error });
});

test('any prefix of a good message asks for more, and what follows changes nothing', () => {
  const label = fc.stringMatching(/^[a-z]{1,20}$/);
  fc.assert(
    fc.property(label, fc.integer({ min: 1, max: 65535 }), fc.uint8Array({ maxLength: 40 }), (name, port, rest) => {
      const whole = named(`${name}.example`, port);
      for (let cut = 0; cut < whole.length; cut += 1) expect(readSocksRequest(whole.subarray(0, cut))).toBeNull();
      const read = readSocksRequest(Uint8Array.from([...whole, ...rest]));
      expect(read).toEqual(readSocksRequest(whole));
      expect(read?.ok && authority(read.value.target)).toBe(`${name}.example:${port}`);
    }),
  );
});

test('T-45 no bytes make a reader throw, or wait for more than 520', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 520, maxLength: 600 }), (input) => {
      for (const read of [readGreeting, readLogin, readSocksRequest]) expect(read(input)).not.toBeNull();
    }),
  );
});

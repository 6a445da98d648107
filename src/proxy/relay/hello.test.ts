import { expect, it } from 'vitest';
import { parseHost } from '../../core/host.ts';
import type { ClientHello } from '../../wire/client-hello.ts';
import { checkHello } from './hello.ts';

function refusalOf(sni: string | null, host: string, over: Partial<ClientHello> = {}): string | null {
  const parsed = parseHost(host);
  if (!parsed.ok) throw new Error(host);
  const hello: ClientHello = { sni, alpn: [], ech: false, earlyData: false, ...over };
  try {
    checkHello(
      hello,
      { host: parsed.value, port: 443, scheme: 'tcp' },
      { settings: { ech: 'refuse', sniOptional: [] }, opaque: true },
    );
    return null;
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

it.each([
  ['the host', 'a.example', 'a.example', null],
  ['its upper case', 'A.Example', 'a.example', null],
  ['its last dot', 'a.example.', 'a.example', null],
  ['two last dots', 'a.example..', 'a.example', 'sni_mismatch'],
  ['an underscore where there is one', '_x.a.example', '_x.a.example', null],
  ['an underscore for a hyphen', 'a_b.example', 'a-b.example', 'sni_mismatch'],
  ['nothing at all', '', 'a.example', 'sni_mismatch'],
  ['another host', 'b.example', 'a.example', 'sni_mismatch'],
  ['the host behind a NUL', 'a.example\0b.example', 'a.example', 'sni_mismatch'],
  ['the name that an A-label stands for', 'b\u00fccher.example', 'xn--bcher-kva.example', 'sni_mismatch'],
  ['an A-label', 'XN--bcher-kva.example', 'xn--bcher-kva.example', null],
  ['a soft hyphen in it', 'a\u00ad.example', 'a.example', 'sni_mismatch'],
  ['the address', '192.0.2.1', '192.0.2.1', null],
  ['the address in hexadecimal', '0xc0000201', '192.0.2.1', 'sni_mismatch'],
  ['a short form of the address', '192.0.513', '192.0.2.1', 'sni_mismatch'],
  ['a name, where an address was asked for', 'a.example', '192.0.2.1', 'sni_mismatch'],
  ['no name, where an address was asked for', null, '192.0.2.1', null],
  ['no name', null, 'a.example', 'sni_missing'],
])('T-01 a server name that is %s', (_, sni, host, reason) => {
  expect(refusalOf(sni, host)).toBe(reason);
});

it('T-05 T-07 an encrypted name or early data is refused, whatever name stands beside it', () => {
  expect(refusalOf('a.example', 'a.example', { ech: true })).toBe('ech_refused');
  expect(refusalOf('a.example', 'a.example', { earlyData: true })).toBe('client_hello_invalid');
});

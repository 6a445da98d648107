import { toASCII } from 'node:punycode';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heapInUse } from '../../test/collected.ts';
import { parseHost } from './host.ts';
import { decodePunycode } from './punycode.ts';

const nameOf = (text: string) => {
  const host = parseHost(text);
  return host.ok ? host.value.name : host.error;
};

describe('parseHost', () => {
  it.each([
    ['T-12', 'Example.COM.', 'example.com'],
    ['T-12', 'example.com..', 'bad_label'],
    ['T-13', '[[::1]]', 'bad_brackets'],
    ['T-13', '[::1]evil.test', 'bad_brackets'],
    ['T-14', 'faß.de', 'xn--fa-hia.de'],
    ['T-14', 'xn--fa-hia.de', 'xn--fa-hia.de'],
    ['T-14', 'аррӏе.com', 'xn--80ak6aa92e.com'],
    ['T-14', 'example。com', 'example.com'],
    ['T-14', 'exa\u200bmple.com', 'example.com'],
    ['T-14', 'xn--', 'bad_idna'],
    ['T-14', 'xn--a', 'bad_idna'],
    ['T-14', 'xn--zn7c.com', 'bad_idna'],
    ['T-14', 'xn--example-.com', 'bad_idna'],
    ['T-14', 'XN--80AK6AA92E.com', 'xn--80ak6aa92e.com'],
    ['T-16', '0x7f.1', '127.0.0.1'],
    ['T-16', '017700000001', '127.0.0.1'],
    ['T-16', '①②⑦.⓪.⓪.①', '127.0.0.1'],
    ['T-16', '1.2.3.4.5', 'bad_address'],
    ['T-16', '09.1.1.1', 'bad_address'],
    ['T-17', '[fe80::1%eth0]', 'bad_address'],
    ['T-10', 'a b', 'bad_character'],
    ['T-10', 'a\u0000b', 'bad_character'],
    ['T-10', 'exa%6dple.com', 'bad_character'],
  ])('%s: %j is %s', (_threat, text, expected) => expect(nameOf(text)).toBe(expected));

  it('is done once: what it made parses to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string(), fc.ipV4Extended()), (text) => {
        const host = parseHost(text);
        if (host.ok && host.value.kind !== 'ipv6') expect(nameOf(host.value.name)).toBe(host.value.name);
      }),
    );
  });
});

describe('decodePunycode', () => {
  it('undoes what another implementation encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        const encoded = toASCII(text);
        fc.pre(encoded.startsWith('xn--') && !encoded.includes('.') && encoded === encoded.toLowerCase());
        expect(decodePunycode(encoded.slice(4))).toBe(text);
      }),
    );
  });

  it.each(['-', 'a!', '999999999999', 'é', '-a'])('%j is none', (text) => expect(decodePunycode(text)).toBeNull());
});

it('T-48 the name of a host keeps nothing of the text that it stands in', () => {
  for (const of of ['name', 'Name']) {
    const before = heapInUse();
    const kept = Array.from({ length: 200 }, (_, i) =>
      nameOf(`${'x'.repeat(20_000)} host-${i}.${of}-of-a-zone.test`.slice(20_001)),
    );
    expect(heapInUse() - before).toBeLessThan(1e6);
    expect(new Set(kept).size).toBe(200);
  }
});

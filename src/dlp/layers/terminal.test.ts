import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shippedRules } from '../../../test/dlp/shipped-rules.ts';
import { scanLayers } from '../scan-layers.ts';
import { nearChanges } from './splices.ts';
import { terminalLayer } from './terminal.ts';

const KEY = 'AKIAUJZDEGXDNCF32EPF';
const set = shippedRules();
const found = (text: string) => {
  const bytes = Buffer.from(text);
  return scanLayers(bytes, set).map(({ rule, start, end }) => [
    rule.spec.id,
    bytes.subarray(start, end).toString('utf8'),
  ]);
};
const decoded = (text: string) => {
  const undone = terminalLayer(Buffer.from(text, 'latin1'));
  return undone === null ? text : [...nearChanges(undone)].map((layer) => layer.decoded.toString('latin1')).join('');
};

describe('orders to a terminal', () => {
  it.each([
    ['a colour', `\x1b[32m${KEY}\x1b[0m`],
    ['several, and one that clears', `\x1b[1;38;5;214m\x1b[K${KEY}\x1b[m\x1b[K`],
    ['in JSON', `{"log":"\\u001b[32m${KEY}\\u001b[0m"}`],
    ['as source code writes them', `echo -e "\\033[31m${KEY}\\033[0m"`],
    ['likewise in hexadecimal', `printf '\\x1b[31m${KEY}\\x1b[0m'`],
    ['the address of a link', `\x1b]8;;https://example.com\x1b\\${KEY}\x1b]8;;\x1b\\`],
  ])('hide no secret behind them, and are no part of it: %s', (_, text) => {
    expect(found(text)).toContainEqual(['aws-access-key-id', KEY]);
  });

  it('hide none that they cut in two', () => {
    const cut = `${KEY.slice(0, 7)}\x1b[0m${KEY.slice(7)}`;
    expect(found(`key ${cut} end`)).toContainEqual(['aws-access-key-id', cut]);
  });

  it.each([
    ['a sequence with intermediate bytes', 'a\x1b[0 qb', 'ab'],
    ['a title up to a bell', 'a\x1b]0;title\x07b', 'ab'],
    ['a title without an end', 'a\x1b]0;title', 'a\x1b]0;title'],
    ['a choice of letters', 'a\x1b(Bb', 'ab'],
    ['a sequence that is cut off', 'a\x1b[31', 'a\x1b[31'],
    ['a byte that is no sign', 'a\x1b\x01b', 'a\x1b\x01b'],
  ])('are taken as ECMA-48 has them: %s', (_, text, expected) => {
    expect(decoded(text)).toBe(expected);
  });

  it('leave every other byte where it is, in any bytes', () => {
    const part = fc.oneof(
      fc.constantFrom('\x1b', '\x1b[', '\x1b[0m', '\x1b]8;;', '\x07', '[', 'm', '\\', 'ab'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = Buffer.from(parts.join(''));
        const undone = terminalLayer(text);
        if (undone === null) return;
        for (const layer of nearChanges(undone)) {
          for (let i = 0; i < layer.decoded.length; i += 1) {
            const [start, end] = layer.outer(i, i + 1);
            expect(end - start).toBe(1);
            expect(text[start]).toBe(layer.decoded[i]);
          }
        }
      }),
    );
  });

  it('cost no more than their length', () => {
    expect(terminalLayer(Buffer.from('\x1b]'.repeat(200_000)))).toBeNull();
  });
});

describe('line ends that are escaped', () => {
  it.each(['\\n', '\\r\\n', '\\t', '\\\\n'])('stand before a secret, not in it: %s', (ending) => {
    expect(found(`{"content":"keys:${ending}${KEY}${ending}end"}`)).toContainEqual(['aws-access-key-id', KEY]);
    expect(found(`{"content":"see:${ending}IBAN DE89370400440532013000 ok"}`)).toContainEqual([
      'iban-code',
      'DE89370400440532013000',
    ]);
  });
});

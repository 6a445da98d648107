import { expect, it } from 'vitest';
import { MultiByte } from './multi-byte.ts';

const CASES: readonly (readonly [what: string, encoding: string, bytes: readonly number[], text: string])[] = [
  [
    'ASCII stays, whatever a converter makes of control characters',
    'shift_jis',
    [0x1a, 0x1c, 0x7f, 0x5c],
    '\x1a\x1c\x7f\\',
  ],
  [
    'Katakana of one byte, Kanji, and what is for own use',
    'shift_jis',
    [0xb1, 0x88, 0x9f, 0xf0, 0x40],
    '\uff71\u4e9c\ue000',
  ],
  ['Hangul that KS X 1001 has not', 'euc-kr', [0x81, 0x41, 0xa2, 0xe6, 0xb0, 0xa1], '\uac02\u20ac\uac00'],
  [
    'JIS X 0212, and no row that it has not',
    'euc-jp',
    [0x8f, 0xb0, 0xa1, 0x8f, 0xf3, 0xa1, 0x8e, 0xb1],
    '\u4e02\ufffd\uff71',
  ],
  [
    'what fits no lead is read again where it is ASCII',
    'big5',
    [0xa4, 0x40, 0xa4, 0x3c, 0x62, 0x3e],
    '\u4e00\ufffd<b>',
  ],
  ['no private use', 'big5', [0x81, 0x40], '\ufffd@'],
  ['the euro sign of one byte', 'gbk', [0x80, 0xc4, 0xe3], '\u20ac\u4f60'],
  [
    'four bytes',
    'gb18030',
    [0x81, 0x30, 0x81, 0x30, 0x94, 0x39, 0xda, 0x33, 0x84, 0x31, 0xa4, 0x37],
    '\u0080\u{1f4a9}\ufffd',
  ],
  ['four that are none are one fault', 'gb18030', [0xfe, 0x39, 0xfe, 0x39, 0x41], '\ufffdA'],
  ['digits behind a lead are read again', 'gb18030', [0x81, 0x30, 0x42], '\ufffd0B'],
  ['half a character at the end', 'gb18030', [0x41, 0x81, 0x30, 0x81], 'A\ufffd'],
];

it.each(CASES)('%s (%s), in one piece and byte by byte', (_what, encoding, bytes, text) => {
  expect(new MultiByte(encoding, false).decode(Uint8Array.from(bytes))).toBe(text);
  const decoder = new MultiByte(encoding, false);
  const parts = bytes.map((byte) => decoder.decode(Uint8Array.of(byte), { stream: true }));
  expect(parts.join('') + decoder.decode()).toBe(text);
});

it('throws on what is not valid where it is to be fatal, and not on half a character that goes on', () => {
  const decoder = new MultiByte('gbk', true);
  expect(decoder.decode(Uint8Array.of(0xc4), { stream: true })).toBe('');
  expect(decoder.decode(Uint8Array.of(0xe3))).toBe('\u4f60');
  expect(() => new MultiByte('gbk', true).decode(Uint8Array.of(0xc4))).toThrow(TypeError);
  expect(() => new MultiByte('big5', true).decode(Uint8Array.of(0xff))).toThrow(TypeError);
});

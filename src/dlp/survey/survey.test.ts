/** Both ways of telling what a text holds tell the same, wherever the text is cut into chunks. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENCODINGS, SHAPES } from './kernel.ts';
import { encodingsIn, shapesOf } from './survey.ts';

const telling = fc.constantFrom(
  ...[
    '%4',
    '%',
    '\\u',
    '\\/',
    '\\x',
    '\\0',
    '\\1',
    '\\n',
    '\\r',
    '\\t',
    '\\',
    '&#',
    '&lo',
    '&e',
    '&eq',
    '=\n',
    '=\r\n',
    '=\r',
    '=3D',
    '=3',
  ],
  ...[
    '\u00ad',
    '\u200b',
    '\u2019',
    'é',
    'А',
    'α',
    'Ａ',
    '，',
    '\u2060',
    '\u3164',
    '\u{1d458}',
    '\u{e0001}',
    '中',
    '\0',
    '\x1b',
    '\x1f',
  ],
  ...[
    '000: ',
    '1000 ',
    ' 00  ',
    'a00  ',
    '    ',
    'a    ',
    '\t\t',
    'a\t\t',
    ' \t\t',
    ': |',
    ': >',
    '*',
    '**',
    '**n',
    '*é',
    '</',
    '</t',
    '</S',
    '/>',
    '<![',
  ],
  ...[
    '<th',
    'value',
    'value ',
    'value:',
    'values',
    'VALUES',
    'stdin;',
    '#def',
    '@"',
    '\n',
    '\r',
    '\r\n',
    '\n--',
    '{',
    'data:',
    'a:',
    '\x1e{',
    '\ufeff{',
    'K\x03',
    '(',
  ],
);
const bytes = fc.oneof(
  telling.map((text) => Buffer.from(text)),
  fc.constantFrom([0x1f, 0x8b], [0x28, 0xb5], [0xe2, 0x80], [0xef], [0x8b]).map((raw) => Buffer.from(raw)),
  fc.uint8Array({ maxLength: 3 }).map((raw) => Buffer.from(raw)),
  fc.nat(20).map((n) => Buffer.from('words of text, and '.slice(0, n))),
);
const texts = fc.array(bytes, { maxLength: 12 }).map((parts) => Buffer.concat(parts));
const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1500) };

const expectSame = (text: Buffer) => {
  expect(encodingsIn(text)).toBe(encodingsIn(text, 'typescript'));
  expect(shapesOf(text)).toEqual(shapesOf(text, 'typescript'));
};

it('by vectors and byte by byte', () => {
  fc.assert(fc.property(texts, expectSame), runs);
});

it('at the border of two chunks as within one', () => {
  const beside = fc.tuple(texts, fc.nat(40), texts);
  fc.assert(
    fc.property(beside, ([text, back, behind]) => {
      const filled = Buffer.concat([Buffer.alloc(Math.max(0, 65_536 - back), 'x'), text, behind]);
      expectSame(filled);
      const [far, near] = [shapesOf(filled), shapesOf(Buffer.concat([Buffer.from('x'.repeat(32)), text, behind]))];
      expect(far.signs).toBe(near.signs);
      expect(far.eventLines).toEqual(near.eventLines?.map((at) => at + Math.max(0, 65_536 - back) - 32));
    }),
    { numRuns: 40 },
  );
});

it('every sign, alone', () => {
  const all = (flags: Readonly<Record<string, number>>) => Object.values(flags).reduce((sum, flag) => sum | flag, 0);
  const one = (text: string) => [encodingsIn(Buffer.from(text, 'latin1')), shapesOf(Buffer.from(text, 'latin1')).signs];
  const signs = ['%4', '\\u', '\\x', '\\n', '&#', '=3D', '\xc2\xad', '\0', '\x1b', '\x1f\x8b', 'a00  '].map(
    (text) => one(text)[0],
  );
  const shapes = ['a    ', 'a\t\t', ': |', '*a', '</t', 'alue:', '#de', '@"', '<th', 'alues', '/>', '--'].map(
    (text) => one(text)[1],
  );
  expect(signs.reduce((sum, flag) => (sum as number) | (flag as number), 0)).toBe(all(ENCODINGS));
  expect(shapes.reduce((sum, flag) => (sum as number) | (flag as number), 0)).toBe(all(SHAPES));
  expect(one('words of text, and 12 more.')).toEqual([0, 0]);
});

it('events by where their lines begin, unless there are too many', () => {
  expect(shapesOf(Buffer.from('a\n{"b":1}\ndata: x\rq:"z"\n')).eventLines).toEqual([2, 10, 18]);
  expect(shapesOf(Buffer.from('{\n'.repeat(65))).eventLines).toBeNull();
});

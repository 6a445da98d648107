/** Escapes are found by the bytes that begin them; that is held against the expressions that say what an escape is. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entityLayer, jsonLayer, quotedPrintableLayer, sourceLayer } from './escapes.ts';
import type { Undone } from './splices.ts';

const NAMED: Readonly<Record<string, string>> = {
  ...{ lowbar: '_', UnderBar: '_', period: '.', colon: ':', equals: '=' },
  ...{ sol: '/', plus: '+', commat: '@', dollar: '$' },
};
const ENTITY = new RegExp(
  `&(?:#(?:[xX]0{0,12}([0-9A-Fa-f]{2})|0{0,12}([0-9]{2,3}));?|(${Object.keys(NAMED).join('|')});)`,
  'g',
);
const code = (digits: string, base: number) => String.fromCharCode(Number.parseInt(digits, base));

/** Each match as its place and what it stands for. */
const EXPRESSIONS: Readonly<Record<string, (text: string) => [number, number, string][]>> = {
  json: (text) =>
    [...text.matchAll(/\\+u([0-9A-Fa-f]{4})|\\\//g)].map((m) => [
      m.index,
      m.index + m[0].length,
      m[1] === undefined ? '/' : code(m[1], 16).toWellFormed(),
    ]),
  source: (text) =>
    [
      ...text.matchAll(
        /\\+(?:x(1[bB]|[2-7][0-9A-Fa-f])|u\{0{0,4}(1[bB]|[2-7][0-9A-Fa-f])\}|(033|0[4-7][0-7]|1[0-7]{2}))/g,
      ),
    ].map((m) => [m.index, m.index + m[0].length, m[3] === undefined ? code(m[1] ?? m[2] ?? '', 16) : code(m[3], 8)]),
  entity: (text) =>
    [...text.matchAll(ENTITY)].map((m) => [
      m.index,
      m.index + m[0].length,
      m[3] === undefined ? code(m[1] ?? m[2] ?? '', m[1] === undefined ? 10 : 16) : (NAMED[m[3]] ?? ''),
    ]),
  quoted: (text) => {
    const found = [...text.matchAll(/=(?:\r?\n|([0-9A-F]{2}))/g)].filter(
      (m) => m[1] !== undefined || !isPadded(text.slice(0, m.index + 1)),
    );
    return found.some((m) => m[1] === undefined || m[1] === '3D')
      ? found.map((m) => [
          m.index,
          m.index + m[0].length,
          m[1] === undefined ? '' : Buffer.from([Number.parseInt(m[1], 16)]).toString('latin1'),
        ])
      : [];
  },
};
/** A text that ends with a value in base64 of a setting. */
function isPadded(text: string): boolean {
  const [, sign, value = '', padding = ''] = /(^|[^\w+/-])([\w+/-]*?)(={1,2})$/.exec(text) ?? [];
  const isWhole = value.length >= 8 && (value.length + padding.length) % 4 === 0;
  return isWhole && (padding === '==' || (sign === '=' && !/^[0-9A-F]{2}/.test(value)));
}

const UNDO: Readonly<Record<string, (text: Buffer) => Undone | null>> = {
  json: jsonLayer,
  source: sourceLayer,
  entity: entityLayer,
  quoted: quotedPrintableLayer,
};

function told(undone: Undone | null, encoding: BufferEncoding): [number, number, string][] {
  if (undone === null) return [];
  const { starts, ends, values, valueEnds } = undone.splices;
  return starts.map((start, i) => [
    start,
    ends[i] as number,
    Buffer.from(values.slice(i === 0 ? 0 : valueEnds[i - 1], valueEnds[i])).toString(encoding),
  ]);
}

const sign = fc.constantFrom(
  ...[
    '\\',
    '\\\\',
    '\\u',
    '\\u00',
    '\\/',
    '/',
    'u',
    'u{',
    '{',
    '\\n',
    'n',
    't',
    '\\x1b',
    '\\x41',
    '\\u{0041}',
    '\\141',
    '\\057',
    '}',
    '\\x',
    'x',
    '0',
    '1',
    '2',
    '4',
    '7',
    '41',
    'd83d',
    '003d',
    'F',
  ],
  ...['&', '&#', '&#x', '&#x00', '&#0000000', '#', ';', 'equals', '&equals;', '&lowbar', '&amp;'],
  ...['=', '=3D', '=\n', '=\r\n', '=\r', '\n', 'AB', '=C3', 'abcdefgh', 'ijk'],
);

describe.each(Object.keys(UNDO))('%s', (kind) => {
  it('finds what its expression says', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(sign, { minLength: 2, maxLength: 24 }), (signs) => {
        const text = signs.join('');
        const expected = EXPRESSIONS[kind]?.(text) ?? [];
        found += expected.length;
        const undone = UNDO[kind]?.(Buffer.from(text)) ?? null;
        expect(told(undone, kind === 'quoted' ? 'latin1' : 'utf8')).toEqual(expected);
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 2000) },
    );
    expect(found).toBeGreaterThan(100);
  });
});

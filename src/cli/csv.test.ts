import fc from 'fast-check';
import { expect, it } from 'vitest';
import { columnsOf } from './csv.ts';

it.each([
  ['commas', 'a,b\n1,2\n3,4\n', { a: ['1', '3'], b: ['2', '4'] }],
  ['semicolons and a byte order mark', '\uFEFFa;b\r\n1;2\r\n', { a: ['1'], b: ['2'] }],
  ['tabs', 'a\tb\n1\t2', { a: ['1'], b: ['2'] }],
  ['quotes', 'a,b\n"x, ""y""\nz",2\n', { a: ['x, "y"\nz'], b: ['2'] }],
  ['lines that are short', 'a,b\n1\n\n2,3,4\n', { a: ['1', '2'], b: ['', '3'] }],
  ['a field left empty at the end', 'a,b\n1,\n', { a: ['1'], b: [''] }],
])('reads %s', (_what, text, expected) => {
  expect(Object.fromEntries(columnsOf(text).map(({ title, values }) => [title, values]))).toEqual(expected);
});

it('reads back what was quoted', () => {
  const quote = (value: string) => `"${value.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1 }), (rows) => {
      const text = ['"a","b"', ...rows.map((row) => row.map(quote).join(','))].join('\n');
      expect(columnsOf(text).map(({ values }) => values)).toEqual([rows.map(([a]) => a), rows.map(([, b]) => b)]);
    }),
  );
});

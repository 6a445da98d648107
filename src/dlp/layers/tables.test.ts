import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tablesOf } from './tables.ts';

/** The tables of a text as texts. */
function shown(text: string): string[][][] {
  const bytes = Buffer.from(text);
  const told = ({ start, end }: { start: number; end: number }) => bytes.toString('utf8', start, end);
  return tablesOf(bytes).map(({ names, rows }) => [names.map(told), ...rows.map((row) => row.map(told))]);
}

const PEOPLE = [
  ['name', 'tax number'],
  ['Ann', '12'],
  ['Bob', '34'],
];

describe('tables', () => {
  it.each([
    ['CSV', 'name,tax number\nAnn,12\nBob,34\n'],
    ['CSV of Windows', 'name,tax number\r\nAnn,12\r\nBob,34\r\n'],
    ['quoted cells', '"name","tax number"\n"Ann","12"\n"Bob","34"'],
    ['semicolons', 'name;tax number\nAnn;12\nBob;34'],
    ['tabs', 'name\ttax number\nAnn\t12\nBob\t34'],
    ['Markdown', 'People:\n| name | tax number |\n|:---|---:|\n| Ann | 12 |\n| Bob | 34 |\n\nThat is all.'],
    ['Markdown without outer pipes', 'name | tax number\n--- | ---\nAnn | 12\nBob | 34'],
    ['what a database prints', ' name | tax number \n------+------------\n Ann  | 12\n Bob  | 34\n(2 rows)'],
    ['CSV behind a paragraph', 'Here they are:\n\nname,tax number\nAnn,12\nBob,34\n\nDone.'],
    ['CSV in a block of code', 'Here:\n```csv\nname,tax number\nAnn,12\nBob,34\n```\n'],
    ['CSV in a string of JSON', '{"content":"name,tax number\\nAnn,12\\nBob,34","more":"x"}'],
    ['Markdown in a string of JSON', '["| name | tax number |\\n|---|---|\\n| Ann | 12 |\\n| Bob | 34 |\\n"]'],
  ])('are read from %s', (_what, text) => {
    expect(shown(text)).toEqual([PEOPLE]);
  });

  it('keep a comma that stands in quotes, and cells that are empty', () => {
    expect(shown('name,note,id\n"Lee, Ann",,7\n')).toEqual([
      [
        ['name', 'note', 'id'],
        ['Lee, Ann', '', '7'],
      ],
    ]);
  });

  it.each([
    ['prose', 'First, second, and third.\nThen, at last, it ended.\n'],
    ['numbers without names', '1,2,3\n4,5,6\n'],
    ['names alone', 'name,tax number\n'],
    ['rows of another length', 'name,tax number\nAnn\n'],
    ['code', 'call(a, b)\nother(c, d)\n'],
  ])('are not read from %s', (_what, text) => {
    expect(shown(text)).toEqual([]);
  });

  it('have cells that lie in the text, in order, whatever the text', () => {
    const sign = fc.constantFrom('a', 'B', '1', ',', '|', '-', '\n', '\\n', '"', ' ', ';', '\t', '{', '`');
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 120 }), (signs) => {
        const text = Buffer.from(signs.join(''));
        let at = 0;
        for (const { names, rows } of tablesOf(text)) {
          for (const { start, end } of [...names, ...rows.flat()]) {
            expect(start).toBeGreaterThanOrEqual(at);
            expect(end).toBeGreaterThanOrEqual(start);
            at = end;
          }
          expect(at).toBeLessThanOrEqual(text.length);
          for (const row of rows) expect(row.length).toBe(names.length);
        }
      }),
    );
  });
});

import { expect, it } from 'vitest';
import { entriesOf } from './prefilter/entries.ts';
import { mayMatchIn } from './surroundings.ts';

it('anchors close together, each with a long way to read, are left to RE2 once that costs more than RE2 does', () => {
  const { around, texts } = entriesOf('key=[^#]*!', false);
  const extent = texts[0]?.extent;
  if (around === null || extent === undefined) throw new Error('not looked for');
  const text = Buffer.from(`${'key='.repeat(20_000)}#`);
  const mayMatch = (of: Buffer) => mayMatchIn(of, around);
  const hostile = mayMatch(text);
  const near = text.length - 2000;
  expect(hostile(near, extent)).toBe(false);
  let asked = 1;
  while (!hostile(near, extent)) asked += 1;
  // 80 KB, of which each anchor has 2,000 bytes to read: five bytes for each, not a thousand.
  expect(asked).toBeGreaterThan(20);
  expect(asked).toBeLessThan(400);
  // The next text is read anew.
  expect(mayMatch(Buffer.from('key=?'))(0, extent)).toBe(false);
});

it('what one side refuses at little cost is not read on the other, and neither side is believed alone', () => {
  const { around, texts } = entriesOf('[0-9]key=[^#]*!', false);
  const extent = texts[0]?.extent;
  if (around === null || extent === undefined) throw new Error('not looked for');
  const text = Buffer.from(`1key=! ${'akey='.repeat(20_000)} 1key=#`);
  const mayMatch = mayMatchIn(text, around);
  const places = [...text.toString().matchAll(/key=/g)].map(({ index }) => index);
  // 100 KB, and as much to read behind each: once for all would be more than is read of one text.
  expect(places.filter((at) => mayMatch(at, extent))).toEqual([1]);
});

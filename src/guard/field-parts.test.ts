import { expect, it } from 'vitest';
import { buffersInUse } from '../../test/collected.ts';
import { FieldParts } from './field-parts.ts';

const FIELDS = [
  { name: 'x-word', text: 'one-word' },
  { name: 'x-list', text: 'A1b2,C3d4,E5f6' },
];

it('hold the words of their fields, and those of lists', () => {
  const { words, listed } = new FieldParts(FIELDS).values;
  expect([words, listed].map((all) => all.map(({ value }) => value.toString()))).toEqual([
    ['one-word'],
    ['A1b2', 'C3d4', 'E5f6'],
  ]);
});

it('T-48 hold no more memory than they are long: not the pool that was given out beside them', async () => {
  const before = await buffersInUse();
  const kept = Array.from({ length: 300 }, () => {
    const parts = new FieldParts(FIELDS);
    expect(parts.values.words).toHaveLength(1);
    // The pool moves on.
    for (let i = 0; i < 20; i += 1) Buffer.from('y'.repeat(4000));
    return parts;
  });
  // 300 pools would be 19 MB.
  expect((await buffersInUse()) - before).toBeLessThan(4e6);
  expect(kept).toHaveLength(300);
});

import { expect, it } from 'vitest';
import { addAll, leastOf, mostOf } from './large-lists.ts';

it('takes more than a call takes arguments', () => {
  const many = Array.from({ length: 300_000 }, (_, i) => i);
  const to = [-1];
  addAll(to, many);
  expect([to.length, to.at(-1), mostOf(many), leastOf(many)]).toEqual([300_001, 299_999, 299_999, 0]);
  expect([mostOf([]), leastOf([])]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

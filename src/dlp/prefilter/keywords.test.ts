/** A keyword is found wherever it stands, in any case, whole. */

import { expect, it } from 'vitest';
import type { CompiledRule } from '../compiled-rule.ts';
import { keywordsOf } from './keywords.ts';

const LONG = 'a-name-that-is-longer-than-what-is-compared';

const asking = (...keywords: readonly string[]) =>
  ({ keywords: keywords.map((word) => Buffer.from(word)) }) as unknown as CompiledRule;
const keywords = keywordsOf([asking('swedish', 'pnr'), null, asking(LONG), asking('pnr', 'größe')]);

const opened = (text: string) => [0, 1, 2, 3].filter(keywords.in(Buffer.from(text)));

it('lets those rules run of which it is one', () => {
  expect(opened('a Swedish number')).toEqual([0]);
  expect(opened('PNR: 1')).toEqual([0, 3]);
  expect(opened('die Größe')).toEqual([3]);
  expect(opened('a swede, and nothing else')).toEqual([]);
});

it('is compared to its end', () => {
  expect(opened(`x ${LONG.toUpperCase()} y`)).toEqual([2]);
  expect(opened(`x ${LONG.slice(0, -1)}D y`)).toEqual([2]);
  expect(opened(`x ${LONG.slice(0, -1)}x y`)).toEqual([]);
  expect(opened(`x ${LONG.slice(0, -1)}`)).toEqual([]);
});

it('is found at every place of a text that is read in pieces', () => {
  const text = Buffer.alloc(65_536 + 200, '.');
  for (let at = 65_536 - LONG.length - 1; at <= 65_537; at += 1) {
    text.fill('.').write(LONG, at);
    expect(keywords.in(text)(2)).toBe(true);
  }
});

import { expect, it } from 'vitest';
import { heapInUse } from '../../test/collected.ts';
import { ownText } from './own-text.ts';

/** Files before this one in the process may have left what only a second collection takes. */
function settledHeap(): number {
  let last = heapInUse();
  for (let tries = 0; tries < 10; tries += 1) {
    const now = heapInUse();
    if (Math.abs(now - last) < 10_000) return now;
    last = now;
  }
  return last;
}

/** Bytes that stay in use for each of the pieces that are kept of long texts. */
function keptOf(keep: (piece: string) => string): number {
  const before = settledHeap();
  const kept = Array.from({ length: 200 }, (_, i) =>
    keep(Buffer.alloc(20_000, `piece ${i} `).toString('latin1').slice(5_000, 5_030)),
  );
  const each = (heapInUse() - before) / kept.length;
  expect(new Set(kept).size).toBeGreaterThan(1);
  return each;
}

it('T-48 a piece of a text keeps nothing of the rest', () => {
  // What it is for: should a piece ever be its own, this is needed no more.
  expect(keptOf((piece) => piece)).toBeGreaterThan(10_000);
  expect(keptOf(ownText)).toBeLessThan(1_000);
});

it('is the same text', () => {
  for (const text of ['', 'a', 'a host name.test', 'ÿ and \u{1f600}, \ud800']) expect(ownText(text)).toBe(text);
});

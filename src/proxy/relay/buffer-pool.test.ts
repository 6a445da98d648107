import { expect, it } from 'vitest';
import { bufferAfter, buffersOut, giveBack, SHARED_SMALL } from './buffer-pool.ts';

const KIB = 1024;

it.each([
  ['a short read', 100, 4 * KIB, 4 * KIB],
  ['a small buffer filled', 4 * KIB, 4 * KIB, 64 * KIB],
  ['a little more than the small one', 5 * KIB, 64 * KIB, 64 * KIB],
  ['64 KiB filled', 64 * KIB, 64 * KIB, 256 * KIB],
  ['256 KiB filled', 256 * KIB, 256 * KIB, 1024 * KIB],
  ['a megabyte filled', 1024 * KIB, 1024 * KIB, 1024 * KIB],
  ['a megabyte filled by a third', 300 * KIB, 1024 * KIB, 1024 * KIB],
  ['a megabyte filled by a tenth', 100 * KIB, 1024 * KIB, 256 * KIB],
  ['a megabyte hardly used', 3 * KIB, 1024 * KIB, 4 * KIB],
])('after %s the next read has room for what may come', (_, bytes, size, next) => {
  const buffer = bufferAfter(bytes, size);
  expect(buffer.length).toBe(next);
  if (buffer !== SHARED_SMALL) giveBack(buffer);
});

it('T-45 slow readers hold no more of the large buffers than there are: the next gets smaller ones', () => {
  const before = buffersOut();
  const out = Array.from({ length: 200 }, () => bufferAfter(1024 * KIB, 1024 * KIB));
  const sizes = out.map(({ length }) => length / KIB);
  expect(sizes.filter((size) => size === 1024).length).toBe(32);
  expect(sizes.filter((size) => size === 256).length).toBe(64);
  expect(sizes.filter((size) => size === 64).length).toBe(104);
  for (const buffer of out) giveBack(buffer);
  expect(buffersOut()).toEqual(before);
  const again = bufferAfter(1024 * KIB, 1024 * KIB);
  expect(again.length).toBe(1024 * KIB);
  giveBack(again);
});

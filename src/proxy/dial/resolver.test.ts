import { expect, test } from 'vitest';
import type { Clock } from '../../core/ports.ts';
import { createResolver } from './resolver.ts';

const clock: Clock = { now: () => 0, monotonic: () => 0 } as Clock;
const resolverOf = (addresses: readonly string[]) =>
  createResolver({ lookup: () => null } as never, async () => ({ addresses, cnames: [], ttlMs: 0 }), clock);
const good = (count: number) => Array.from({ length: count }, (_, i) => `198.41.${i >> 8}.${i & 255}`);

test('T-20 a bad address at the end of a very long answer is among those that are looked at', async () => {
  for (const bad of ['10.1.2.3', '::ffff:169.254.169.254', 'nonsense']) {
    const { addresses } = await resolverOf([...good(300), bad]).resolve('long.example');
    expect(addresses[0]).toBe(bad);
    expect(addresses.length).toBe(32);
  }
});

test('an answer of usual length keeps its order', async () => {
  const all = [...good(20), '10.1.2.3'];
  expect((await resolverOf(all).resolve('usual.example')).addresses).toEqual(all);
});

test('T-45 names that do not resolve are asked for once in a while, however often they are wanted', async () => {
  let asked = 0;
  const resolver = createResolver(
    { lookup: () => null } as never,
    async () => {
      asked += 1;
      return { addresses: [], cnames: [], ttlMs: 0 };
    },
    clock,
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, async () => resolver.resolve('none.example')));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  await expect(async () => resolver.resolve('none.example')).rejects.toThrow();
  expect(asked).toBe(1);
});

test('T-48 no more answers are kept than the bound says', async () => {
  const asked: string[] = [];
  const resolver = createResolver(
    { lookup: () => null } as never,
    async (name) => {
      asked.push(name);
      return { addresses: good(1), cnames: [], ttlMs: 60_000 };
    },
    clock,
  );
  for (let n = 0; n <= 20_000; n += 1) await resolver.resolve(`h${n}.example`);
  await resolver.resolve('h20000.example');
  await resolver.resolve('h0.example');
  expect(asked.slice(20_000)).toEqual(['h20000.example', 'h0.example']);
});

import { expect, test } from 'vitest';
import { PoolFigures } from './pool-figures.ts';

const NOTHING = {
  wall: 'process',
  memory_wall: 'watchdog',
  hosts: 0,
  spares: 0,
  running: 0,
  queued: 0,
  recycled: {},
} as const;

test('boots are counted, spread, and rated over the last minute', () => {
  const counted: number[] = [];
  const figures = new PoolFigures({
    count: (name, _labels, by = 1) => void (name === 'locktender_isolates_booted_total' && counted.push(by)),
    observe: () => undefined,
    set: () => undefined,
  });
  figures.booted([4, 2], 1000, 1_000_000);
  figures.booted([], 1500);
  figures.booted([3], 1900);
  figures.booted([9], 30_000);
  const at = (now: number) => figures.stats(now, NOTHING);
  expect(at(31_000)).toMatchObject({
    refill: { booted: 4, per_second: 4 / 60, p50: 4, max: 9 },
    isolate_bytes: 1_000_000,
  });
  expect(at(61_000).refill.per_second).toBe(1 / 60);
  expect(at(600_000).refill).toMatchObject({ booted: 4, per_second: 0 });
  expect(counted).toEqual([2, 1, 1]);
});

test('what tasks waited for an isolate is told apart from what booting one takes', () => {
  const figures = new PoolFigures(undefined);
  for (let ms = 1; ms <= 100; ms += 1) figures.taken(ms, ms > 10);
  figures.booted([7], 0);
  const { hits, misses, boot, refill } = figures.stats(0, NOTHING);
  expect({ hits, misses, boot }).toEqual({ hits: 90, misses: 10, boot: { p50: 51, p95: 96, p99: 100, max: 100 } });
  expect(refill).toMatchObject({ p50: 7, max: 7 });
});

import { expect, it, vi } from 'vitest';
import { createIsolatePool, type IsolatePool, type PoolSettings } from './pool.ts';

let skippedMs = 0;
const clock = { now: () => Date.now(), monotonic: () => performance.now() + skippedMs };
const limits = { wall_ms: 5000, cpu_ms: 2000, memory_mb: 32, output_bytes: 100_000 };

async function withPool(
  spares: number,
  use: (pool: IsolatePool) => Promise<void>,
  settings: PoolSettings = {},
): Promise<void> {
  const pool = createIsolatePool({ clock, settings: { hosts: 3, spares, ahead: 1, memoryMb: 32, ...settings } });
  await use(pool).finally(() => pool.close());
}

async function oneTask(pool: IsolatePool, tenant = 'acme'): Promise<void> {
  const code = 'export default () => 1;';
  const order = { task: 't', tenant, language: 'js', input: 'null', limits, bindings: null, code } as const;
  expect((await pool.run(order)).status).toBe('completed');
}

/** Hosts that serve the tenant. */
const serving = (pool: IsolatePool): number => pool.stats().hosts - pool.stats().spares;

it('lets two hosts of a tenant take turns where tasks follow each other closely, and takes one back for a spare', () =>
  withPool(2, async (pool) => {
    while (serving(pool) < 2) await oneTask(pool);
    for (let i = 0; i < 5; i += 1) await oneTask(pool);
    expect(pool.stats()).toMatchObject({ hosts: 3, spares: 1 });
    skippedMs += 6000;
    await vi.waitFor(() => expect(serving(pool)).toBe(1), { timeout: 20_000 });
    expect(pool.stats().recycled).toEqual({ tenant: 1 });
    await oneTask(pool);
  }));

it('lends a tenant no second host where that would leave no spare', () =>
  withPool(1, async (pool) => {
    for (let i = 0; i < 10; i += 1) await oneTask(pool);
    expect(serving(pool)).toBe(1);
  }));

it('takes back what a tenant has beside its first host before anybody is left without one', () =>
  withPool(
    2,
    async (pool) => {
      await oneTask(pool, 'quiet');
      while (serving(pool) < 3) await oneTask(pool);
      await oneTask(pool, 'third');
      await oneTask(pool, 'fourth');
      expect(pool.stats()).toMatchObject({ hosts: 4, spares: 0, recycled: { tenant: 1 } });
      await oneTask(pool, 'quiet');
      expect(pool.stats().recycled).toEqual({ tenant: 1 });
    },
    { hosts: 4 },
  ));

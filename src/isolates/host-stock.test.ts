import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { HostProcess } from './host-process.ts';
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

const orderOf = (code: string) =>
  ({ task: 't', tenant: 'acme', language: 'js', input: 'null', limits, bindings: null, code }) as const;

async function oneTask(pool: IsolatePool, tenant = 'acme', answered?: Promise<void>): Promise<void> {
  const order = { ...orderOf('export default () => 1;'), tenant, ...(answered && { answered }) };
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

it('tells a host when the answer of a task has gone that came a while after the last, and of no other', () =>
  withPool(1, async (pool) => {
    const told = vi.spyOn(HostProcess.prototype, 'answered');
    try {
      const first = Promise.withResolvers<void>();
      await oneTask(pool, 'acme', first.promise);
      expect(told).not.toHaveBeenCalled();
      first.resolve();
      await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1));
      skippedMs -= 1000;
      await oneTask(pool, 'acme', Promise.resolve());
      skippedMs += 2000;
      await oneTask(pool);
      skippedMs += 1000;
      await oneTask(pool, 'acme', Promise.reject(new Error('whoever asked has gone')));
      await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(2));
      expect(pool.stats().ended).toEqual({ completed: 4 });
    } finally {
      told.mockRestore();
    }
  }));

it('boots the next isolate though no answer is ever told', () =>
  withPool(
    1,
    async (pool) => {
      const never = new Promise<void>(() => undefined);
      // What was booted is told with the next task; fewer tasks than there are isolates to begin with.
      for (let i = 0; i < 6 && pool.stats().refill.booted <= 8; i += 1) {
        await oneTask(pool, 'acme', never);
        await setTimeout(200);
        skippedMs += 1000;
      }
      expect(pool.stats().refill.booted).toBeGreaterThan(8);
      expect(pool.stats().misses).toBe(0);
    },
    { ahead: 8, hosts: 1 },
  ));

/** Nothing interrupts it, and it goes on for days. */
const STUCK = 'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);';
const REJECTS = `let end; const ended = new Promise((resolve) => { end = resolve; });
  export default () => { Promise.reject(1); return ended; };
  addEventListener('unhandledrejection', () => { `;

it.each([
  ['in a listener of rejections', 'cpu_exceeded', `${REJECTS}${STUCK} });`],
  [
    'in what follows its result there',
    'completed',
    `${REJECTS}end(1); let turn = Promise.resolve(); for (let i = 0; i < 30; i++) turn = turn.then(() => 0);
      turn.then(() => { ${STUCK} }); });`,
  ],
  [
    'in a finalizer',
    'cpu_exceeded',
    `const seen = new FinalizationRegistry(() => { ${STUCK} });
      export default () => { for (let i = 0; i < 1e4; i++) seen.register({ a: new Array(1000) }, 1); return new Promise(() => {}); };`,
  ],
  [
    'in a finalizer that ended it',
    'completed',
    `let first = true; let end; const ended = new Promise((resolve) => { end = resolve; });
      const seen = new FinalizationRegistry(() => { if (!first) return; first = false;
        end(1); let turn = Promise.resolve(); for (let i = 0; i < 30; i++) turn = turn.then(() => 0);
        turn.then(() => { ${STUCK} }); });
      export default () => { for (let i = 0; i < 1e4; i++) seen.register({ a: new Array(1000) }, 1); return ended; };`,
  ],
])('T-60 leaves no host to others in which a task is stuck %s', (_where, status, code) =>
  withPool(1, async (pool) => {
    const outcome = await pool.run({ ...orderOf(code), limits: { ...limits, cpu_ms: 1000 } });
    expect(outcome.status).toBe(status);
    await vi.waitFor(() => expect(pool.stats().recycled).toEqual({ forced: 1 }));
  }),
);

it('T-60 runs no finalizer once the result was told, when nobody would see that it does not come back', () =>
  withPool(1, async (pool) => {
    const began = vi.spyOn(HostProcess.prototype, 'run');
    const code = `const seen = new FinalizationRegistry(() => { ${STUCK} });
      export default () => { for (let i = 0; i < 1e4; i++) seen.register({ a: new Array(500) }, 1); return 1; };`;
    try {
      await pool.run({ ...orderOf(code), answered: new Promise(() => undefined) });
      const [host] = began.mock.contexts as HostProcess[];
      // What follows a task, a boot and the reading of the parser, is over by then.
      await setTimeout(400);
      const before = host?.cpuMs() ?? 0;
      await setTimeout(600);
      expect(before).toBeGreaterThan(0);
      expect((host?.cpuMs() ?? 0) - before).toBeLessThan(100);
    } finally {
      began.mockRestore();
    }
  }));

/** Thousands of tasks, good and bad: no growth of memory, handles or processes. `LOCKTENDER_SOAK_TASKS` says how many. */

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createIsolatePool } from '../../src/isolates/pool.ts';

const COUNT = Number(process.env['LOCKTENDER_SOAK_TASKS'] ?? 10_000);
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const limits = { wall_ms: 2000, cpu_ms: 300, memory_mb: 32, output_bytes: 10_000 };
const CODES = [
  ...Array.from({ length: 18 }, () => 'export default (n) => n;'),
  "export default () => { throw new Error('x'); };",
  'export default () => { for (;;); };',
];

const openFiles = () => readdirSync('/proc/self/fd').length;

test('ten thousand tasks leave nothing behind', { timeout: 600_000 }, async () => {
  const pool = createIsolatePool({ clock, settings: { hosts: 4, spares: 1 } });
  await pool.ready(20_000);
  const run = async (count: number) => {
    let next = 0;
    const lane = async () => {
      while (next < count) {
        next += 1;
        const [task, tenant] = [`t${next}`, `t${next % 3}`];
        const code = CODES[next % 200 === 0 ? CODES.length - 1 : next % (CODES.length - 1)] as string;
        await pool.run({ task, tenant, language: 'js', input: '1', limits, bindings: null, code });
      }
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    return { files: openFiles(), rss: process.memoryUsage().rss };
  };
  const before = await run(500);
  const after = await run(COUNT);
  const { running, queued, ended } = pool.stats();
  expect({ running, queued }).toEqual({ running: 0, queued: 0 });
  expect(Object.values(ended).reduce((a, b) => a + b, 0)).toBe(COUNT + 500);
  expect(ended.host_lost ?? 0).toBeLessThan(COUNT / 100);
  // A host more or less is a few descriptors.
  expect(after.files).toBeLessThan(before.files + 20);
  expect(after.rss).toBeLessThan(before.rss + 128 * 1024 * 1024);
  await pool.close();
});

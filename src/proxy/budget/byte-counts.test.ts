import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ByteCounts } from './byte-counts.ts';

describe('byte counts', () => {
  it('are kept by task and direction, and begin at nought when a slot is used again', () => {
    const counts = new ByteCounts();
    const [a, b] = [counts.take() ?? -1, counts.take() ?? -1];
    expect(counts.add(a, 'up', 5)).toBe(5);
    expect(counts.add(a, 'up', 2 ** 40)).toBe(2 ** 40 + 5);
    expect([counts.total(a, 'down'), counts.total(b, 'up')]).toEqual([0, 0]);
    counts.free(a);
    expect(counts.take()).toBe(a);
    expect(counts.total(a, 'up')).toBe(0);
  });

  it('grow with the tasks, up to a bound, and a view of before sees what was added', () => {
    const counts = new ByteCounts(new SharedArrayBuffer(24, { maxByteLength: 72 }));
    const view = new ByteCounts(counts.buffer);
    expect([counts.take(), counts.take(), counts.take(), counts.take()]).toEqual([0, 1, 2, null]);
    counts.add(2, 'down', 7);
    expect(view.total(2, 'down')).toBe(7);
  });

  it('begin anew once their time is over, and once only', () => {
    const counts = new ByteCounts();
    const slot = counts.take() ?? -1;
    counts.renew(slot, 1000, 2000);
    counts.add(slot, 'up', 5);
    counts.renew(slot, 1999, 2999);
    expect([counts.total(slot, 'up'), counts.until(slot)]).toEqual([5, 2000]);
    counts.renew(slot, 2000, 3000);
    counts.add(slot, 'up', 1);
    counts.renew(slot, 2000, 3000);
    expect([counts.total(slot, 'up'), counts.until(slot)]).toEqual([1, 3000]);
    counts.free(slot);
    expect(counts.until(counts.take() ?? -1)).toBe(0);
  });

  it('begin anew when the clock was set back, not when another thread reads it a little later', () => {
    const counts = new ByteCounts();
    const slot = counts.take() ?? -1;
    counts.renew(slot, 3_600_000, 3_700_000);
    counts.add(slot, 'up', 5);
    counts.renew(slot, 3_599_000, 3_699_000);
    expect(counts.total(slot, 'up')).toBe(5);
    counts.renew(slot, 0, 100_000);
    expect([counts.total(slot, 'up'), counts.until(slot)]).toEqual([0, 100_000]);
  });

  it('lose nothing when threads count at once', async () => {
    const counts = new ByteCounts();
    const slot = counts.take() ?? -1;
    const code = `
      const { workerData } = require('node:worker_threads');
      import(workerData.module).then(({ ByteCounts }) => {
        const counts = new ByteCounts(workerData.buffer);
        for (let i = 0; i < 20000; i += 1) counts.add(workerData.slot, 'down', 3);
      });`;
    const module = new URL('./byte-counts.ts', import.meta.url).href;
    const workerData = { buffer: counts.buffer, slot, module };
    const threads = [1, 2].map(() => new Worker(code, { eval: true, workerData }));
    for (let i = 0; i < 20_000; i += 1) counts.add(slot, 'down', 3);
    await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))));
    expect(counts.total(slot, 'down')).toBe(180_000);
  });
});

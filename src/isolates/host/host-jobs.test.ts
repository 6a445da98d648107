import { expect, it } from 'vitest';
import { HostJobs } from './host-jobs.ts';

const reply = { json: '', bytes: new Uint8Array(0), mostMs: 0 };

it('does one after the other, takes no more than it can hold, and forgets what waits when its task ends', async () => {
  const jobs = new HostJobs();
  const order: string[] = [];
  const ask = (at: number, size = 0) =>
    jobs.add({
      size,
      run: async () => {
        order.push(`run ${at}`);
        await new Promise(setImmediate);
        return reply;
      },
      answer: () => order.push(`answer ${at}`),
    });
  expect([ask(1), ask(2), ask(3, 33 * 1024 * 1024)]).toEqual([true, true, false]);
  let at = 3;
  while (ask(at)) at += 1;
  expect(at).toBe(2002);
  await expect.poll(() => order.length).toBeGreaterThan(3);
  await jobs.end();
  expect(ask(1)).toBe(false);
  expect(jobs.end()).toBeNull();
  expect(order.slice(0, 4)).toEqual(['run 1', 'answer 1', 'run 2', 'answer 2']);
  const soFar = order.length;
  await new Promise((resolve) => setImmediate(resolve));
  expect(order.length).toBe(soFar);
});

it('counts by the clock, at most what a job can have taken, and that which still runs', async () => {
  const jobs = new HostJobs();
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = (mostMs: number) =>
    new Promise<void>((answer) => {
      const run = async () => {
        await promise;
        return { ...reply, mostMs };
      };
      jobs.add({ size: 0, run, answer: () => answer() });
    });
  const first = slow(0.25);
  await expect.poll(() => jobs.spentMs()).toBeGreaterThan(5);
  resolve();
  await first;
  expect(jobs.spentMs()).toBe(0.25);
});

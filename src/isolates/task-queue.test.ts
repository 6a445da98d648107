import { expect, it } from 'vitest';
import { TaskQueue } from './task-queue.ts';

const item = (tenant: string, n: number) => ({ tenant, n });

it('takes tenants in turn, each in its own order', () => {
  const queue = new TaskQueue<ReturnType<typeof item>>(10);
  for (const n of [1, 2, 3]) queue.push(item('flood', n));
  queue.push(item('quiet', 1));
  const taken: string[] = [];
  queue.offer(({ tenant, n }) => taken.push(`${tenant}${n}`) > 0);
  expect(taken).toEqual(['flood1', 'quiet1', 'flood2', 'flood3']);
  expect(queue.size).toBe(0);
});

it('goes past a tenant that cannot be served now', () => {
  const queue = new TaskQueue<ReturnType<typeof item>>(10);
  for (const tenant of ['full', 'full', 'free']) queue.push(item(tenant, 1));
  const taken: string[] = [];
  queue.offer(({ tenant }) => tenant === 'free' && taken.push(tenant) > 0);
  expect(taken).toEqual(['free']);
  expect(queue.size).toBe(2);
});

it('bounds each tenant by itself, and forgets what is removed', () => {
  const queue = new TaskQueue<ReturnType<typeof item>>(2);
  const first = item('a', 1);
  expect([queue.push(first), queue.push(item('a', 2)), queue.push(item('a', 3)), queue.push(item('b', 1))]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([queue.remove(first), queue.remove(first)]).toEqual([true, false]);
  expect(queue.drain().map(({ tenant, n }) => `${tenant}${n}`)).toEqual(['a2', 'b1']);
});

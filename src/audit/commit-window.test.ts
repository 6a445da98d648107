import { expect, it, vi } from 'vitest';
import { CommitWindow } from './commit-window.ts';

it.each([
  ['is ahead', 105, 5],
  ['is past, on a busy machine', 62, 0],
])('waits until the instant that %s', async (_what, dueAt, waitMs) => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await new Promise<void>((resolve) => new CommitWindow({ monotonic: () => 100 }, resolve).until(dueAt));
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([waitMs]);
  timers.mockRestore();
});

it('ends at the earliest of what it was told, once', async () => {
  let ends = 0;
  const window = new CommitWindow({ monotonic: () => 0 }, () => {
    ends += 1;
  });
  for (const dueAt of [50, 1, 40]) window.until(dueAt);
  await vi.waitFor(() => expect(ends).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(ends).toBe(1);
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CommitWindow } from './commit-window.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  // In this order: what a spy stood before is the fake timer, which no later file of this process may be left with.
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it.each([
  ['is ahead', 105, 5],
  ['is past, on a busy machine', 62, 0],
])('waits until the instant that %s', (_what, dueAt, waitMs) => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const over = vi.fn();
  new CommitWindow({ monotonic: () => 100 }, over).until(dueAt);
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([waitMs]);
  vi.runAllTimers();
  expect(over).toHaveBeenCalledOnce();
});

it('ends at the earliest of what it was told, once', () => {
  const over = vi.fn();
  const window = new CommitWindow({ monotonic: () => 0 }, over);
  for (const dueAt of [50, 10, 40]) window.until(dueAt);
  vi.advanceTimersByTime(9);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(over).toHaveBeenCalledOnce();
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AnswerWait } from './answer-wait.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function waiting(...names: readonly string[]) {
  const said: string[] = [];
  const wait = new AnswerWait(() => said.push('over'));
  for (const name of names) wait.hold({ end: () => said.push(name) });
  return { wait, said };
}

it('ends what is held when the answer has gone, and says so once', () => {
  const { wait, said } = waiting('a', 'b');
  expect([wait.waits, said]).toEqual([true, []]);
  wait.answered();
  expect([wait.waits, said]).toEqual([false, ['a', 'b', 'over']]);
  vi.runAllTimers();
  expect(said).toEqual(['a', 'b', 'over']);
});

it('waits no longer than 8 ms for an answer, counted from the first that is held', () => {
  const { wait, said } = waiting('a');
  vi.advanceTimersByTime(7);
  wait.hold({ end: () => said.push('b') });
  expect(said).toEqual([]);
  vi.advanceTimersByTime(1);
  expect([wait.waits, said]).toEqual([false, ['a', 'b', 'over']]);
});

it('waits anew for the next', () => {
  const { wait, said } = waiting('a');
  wait.answered();
  wait.hold({ end: () => said.push('b') });
  expect(said).toEqual(['a', 'over']);
  vi.runAllTimers();
  expect(said).toEqual(['a', 'over', 'b', 'over']);
});

import { expect, test } from 'vitest';
import { ok } from '../core/result.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { TaskReport } from './contract.ts';
import { firstReport } from './task-book.ts';

const REPORT: TaskReport = firstReport({ task: 't', tenant: 'acme', class: 'strict', profile: 'strict' });

test('an order that several wait for is given up when the last of them leaves', async () => {
  const memory = new AnswerMemory();
  const [first, second] = [new AbortController(), new AbortController()];
  let runs = 0;
  let nobody = new AbortController().signal;
  let end = () => {};
  const run = async (signal: AbortSignal) => {
    runs += 1;
    nobody = signal;
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    return ok(REPORT);
  };
  const asked = { key: 'k', body: '{}' };
  const answers = [first, second].map(({ signal }) => memory.once({ ...asked, gone: signal }, run));
  first.abort();
  expect([runs, nobody.aborted]).toEqual([1, false]);
  second.abort();
  expect(nobody.aborted).toBe(true);
  end();
  expect(await Promise.all(answers)).toEqual([ok(REPORT), ok(REPORT)]);
});

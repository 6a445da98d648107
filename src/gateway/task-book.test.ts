import { expect, it } from 'vitest';
import { firstReport, TaskBook, type TaskEntry } from './task-book.ts';

const entry = (task: string, tenant = 'acme'): TaskEntry => ({
  tenant,
  kind: 'isolate',
  report: { ...firstReport({ task, tenant, class: 'c', profile: 'p' }), status: 'completed' },
  until: null,
});

it('remembers reports up to a bound of what they hold, the last ones', () => {
  const book = new TaskBook();
  for (let i = 0; i < 200; i += 1) book.set(`t${i}`, entry(`t${i}`), 1024 * 1024);
  const kept = Array.from({ length: 200 }, (_, i) => book.get(`t${i}`, 'acme')).filter((one) => one !== null);
  expect(kept.length).toBeGreaterThan(55);
  expect(kept.length).toBeLessThanOrEqual(64);
  expect(book.get('t199', 'acme')).not.toBeNull();
});

it('counts what a report lists as well: decisions and findings', () => {
  const book = new TaskBook();
  const decisions = Array.from({ length: 20_000 }, (_, i) => `d_${String(i).padStart(26, '0')}`);
  for (let i = 0; i < 200; i += 1) {
    const one = entry(`t${i}`);
    book.set(`t${i}`, { ...one, report: { ...one.report, decisions } });
  }
  expect(book.get('t0', 'acme')).toBeNull();
  expect(book.get('t199', 'acme')).not.toBeNull();
});

it('keeps tenants apart: each has its own tasks of an id', () => {
  const book = new TaskBook();
  book.set('t', entry('t', 'acme'));
  book.set('t', entry('t', 'other'));
  expect(book.named('t')).toHaveLength(2);
  expect(book.get('t', 'third')).toBeNull();
});

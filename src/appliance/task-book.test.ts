import { expect, test } from 'vitest';
import type { AuditEvent } from '../core/event.ts';
import { TaskBook } from './task-book.ts';

const clock = { now: () => Date.parse('2026-01-01T00:00:10Z'), monotonic: () => 0 };
const about = (tenant: string, more: object) =>
  ({ task: 'nightly', tenant, time: '2026-01-01T00:00:00.000Z', class: 'c', profile: 'p', ...more }) as AuditEvent;

test('lists both of two tenants’ tasks that have one id, and leaves the one when the other ends', () => {
  const book = new TaskBook(clock, 60_000);
  for (const tenant of ['acme', 'globex', 'globex']) {
    book.see(about(tenant, { type: 'task.admitted', admitted: true, kind: 'isolate' }));
  }
  expect(book.named('nightly').map(({ tenant }) => tenant)).toEqual(['acme', 'globex']);
  expect(book.named('daily')).toEqual([]);
  expect(book.live().map(({ tenant }) => tenant)).toEqual(['acme', 'globex']);
  book.see(about('acme', { type: 'task.finished' }));
  expect(book.live().map(({ tenant }) => tenant)).toEqual(['globex']);
  expect(book.named('nightly').map(({ tenant }) => tenant)).toEqual(['globex']);
});

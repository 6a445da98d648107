import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../core/event.ts';
import { bucketOf, figuresOf, percentile } from './level-figures.ts';

const event = (body: object): AuditEvent => ({ v: 1, time: '2026-11-23T00:00:00.000Z', ...body }) as AuditEvent;
const usage = { boot_ms: 0.4, cpu_ms: 1, wall_ms: 2, peak_memory_bytes: 3, requests: 0, bytes: 0 };

describe('figures of an event', () => {
  it.each([
    [
      'a denied decision',
      { type: 'decision', effect: 'deny', input: { profile: 'reader' } },
      ['decisions_deny reader'],
    ],
    ['a refusal without a pass', { type: 'decision', effect: 'deny', input: { profile: null } }, ['decisions_deny -']],
    ['a task', { type: 'task.finished', status: 'timeout', usage }, ['tasks timeout', `boot_ms ${bucketOf(0.4)}`]],
    [
      'a task that never booted',
      { type: 'task.finished', status: 'denied', usage: { ...usage, boot_ms: 0 } },
      ['tasks denied'],
    ],
    ['a change that nothing hung on', { type: 'control.changed', receipt: { dependants: 0, cut: 0 } }, []],
    [
      'a change that missed one flow',
      { type: 'control.changed', receipt: { dependants: 3, cut: 2, slowest_ms: 8 } },
      [`cut_ms ${bucketOf(8)}`, 'flows_cut ', 'flows_missed '],
    ],
    [
      'a verdict',
      { type: 'guard.verdict', findings: [{ rule: 'a' }, { rule: 'b' }], bytes: 7 },
      ['findings a', 'findings b', 'guard_bytes '],
    ],
    ['any other', { type: 'admin.access' }, []],
  ])('of %s', (_, body, expected) => {
    expect(figuresOf(event(body)).map(({ name, label }) => `${name} ${label}`)).toEqual(expected);
  });

  it('give percentiles that are never below the true one and at most 8 % above', () => {
    const times = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.95, 0.99), (ms, share) => {
        const buckets = new Map<string, number>();
        for (const one of ms) buckets.set(bucketOf(one), (buckets.get(bucketOf(one)) ?? 0) + 1);
        const sorted = [...ms].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(sorted.length * share) - 1] as number;
        const read = percentile(buckets, share) as number;
        expect(read).toBeGreaterThanOrEqual(exact * 0.999_999);
        expect(read).toBeLessThanOrEqual(exact * 1.081);
      }),
    );
  });
});

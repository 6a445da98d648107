import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('are shown in the Prometheus text format', () => {
    const metrics = createMetrics();
    metrics.count('locktender_decisions_total', { effect: 'deny', reason: 'default_deny', profile: 'a"b\\c\nd' });
    metrics.count('locktender_decisions_total', { profile: 'a"b\\c\nd', reason: 'default_deny', effect: 'deny' }, 2);
    metrics.set('locktender_log_writable', 1);
    metrics.observe('locktender_log_batch_entries', 1);
    metrics.observe('locktender_log_batch_entries', 3);
    metrics.observe('locktender_log_batch_entries', 1e6);
    const lines = metrics.exposition().split('\n');
    expect(lines).toContain('# TYPE locktender_decisions_total counter');
    expect(lines).toContain(
      'locktender_decisions_total{effect="deny",profile="a\\"b\\\\c\\nd",reason="default_deny"} 3',
    );
    expect(lines).toContain('locktender_log_writable 1');
    expect(lines).toContain('locktender_log_batch_entries_bucket{le="1"} 1');
    expect(lines).toContain('locktender_log_batch_entries_bucket{le="4"} 2');
    expect(lines).toContain('locktender_log_batch_entries_bucket{le="4096"} 2');
    expect(lines).toContain('locktender_log_batch_entries_bucket{le="+Inf"} 3');
    expect(lines).toContain('locktender_log_batch_entries_count 3');
    expect(lines).toContain('locktender_log_batch_entries_sum 1000004');
    expect(metrics.exposition().endsWith('\n')).toBe(true);
  });

  it('count in one series whether the labels are frozen, and so found again by themselves, or not', () => {
    const [one, other] = [createMetrics(), createMetrics()];
    const up = Object.freeze({ direction: 'up' });
    for (let n = 0; n < 3; n += 1) one.count('locktender_flow_bytes_total', up, 2);
    one.count('locktender_flow_bytes_total', { direction: 'up' });
    one.count('locktender_guard_bytes_total', up, 5);
    other.count('locktender_flow_bytes_total', up, 100);
    expect(one.samples('locktender_flow_bytes_total')).toEqual([{ labels: up, value: 7 }]);
    expect(one.samples('locktender_guard_bytes_total')).toEqual([{ labels: up, value: 5 }]);
  });

  it('bound the series that an attacker can make', () => {
    const metrics = createMetrics({ maxSeries: 10 });
    for (let i = 0; i < 1000; i += 1) metrics.count('locktender_unclassified_total', { capability: `c${i}` });
    expect(metrics.samples('locktender_unclassified_total')).toHaveLength(11);
    expect(metrics.samples('locktender_unclassified_total').at(-1)).toEqual({
      labels: { capability: 'other' },
      value: 990,
    });
    expect(metrics.samples('locktender_metric_series_dropped_total')).toEqual([
      { labels: { metric: 'locktender_unclassified_total' }, value: 990 },
    ]);
  });

  it('refuse a name that Prometheus would not read', () => {
    expect(() => createMetrics().count('no spaces')).toThrow(/not a metric name/);
  });

  it('read gauges at the moment they are shown', () => {
    const metrics = createMetrics();
    let flows = 1;
    metrics.onCollect(() => metrics.set('locktender_flows', flows));
    flows = 7;
    expect(metrics.exposition()).toContain('locktender_flows 7\n');
  });
});

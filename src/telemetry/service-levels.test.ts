import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import { serviceLevels } from './service-levels.ts';

function levels(sums: Record<string, Record<string, number>>, metrics = createMetrics()) {
  const record = new Map(Object.entries(sums).map(([name, of]) => [name, new Map(Object.entries(of))]));
  const percentile = (of: ReadonlyMap<string, number> | undefined) =>
    of === undefined ? null : Number([...of][0]?.[0]);
  const all = serviceLevels({ sums: record, percentile }, metrics);
  return (name: string, of: string | null = null) => all.find((level) => level.name === name && level.of === of);
}

describe('service levels', () => {
  it.each([
    ['kept', { completed: 995, timeout: 5 }, 0.005, true],
    ['missed', { completed: 90, timeout: 10 }, 0.1, false],
    ['not judged on few samples', { completed: 2, timeout: 1 }, 0.3333, null],
    ['without data', {}, null, null],
  ])('say of tool calls that time out: %s', (_, tasks, measured, met) => {
    expect(levels({ tasks })('tool_call_timeout_ratio')).toMatchObject({ measured, met });
  });

  it('count every way of ending by force', () => {
    const of = levels({ tasks: { completed: 94, killed: 1, host_lost: 2, memory_exceeded: 3 } });
    expect(of('forced_termination_ratio')).toMatchObject({ measured: 0.06, met: false });
    expect(of('forced_terminations', 'host_lost')?.measured).toBe(2);
  });

  it('tell denials by profile', () => {
    const of = levels({ decisions_allow: { reader: 3 }, decisions_deny: { reader: 1, '-': 4 } });
    expect(of('denied_ratio')).toMatchObject({ measured: 0.625, samples: 8 });
    expect(of('denied_ratio', 'reader')?.measured).toBe(0.25);
    expect(of('denied_ratio', '-')?.measured).toBe(1);
  });

  it('miss as soon as one flow was not cut, or one undefined capability was asked for', () => {
    const metrics = createMetrics();
    metrics.count('locktender_unclassified_total', { capability: 'tool.invoke.x' });
    const of = levels({ cut_ms: { 12: 1 }, flows_cut: { '': 9 }, flows_missed: { '': 1 } }, metrics);
    expect(of('flows_missed')).toMatchObject({ measured: 1, samples: 10, met: false });
    expect(of('cut_latency_p99')).toMatchObject({ measured: 12, met: true });
    expect(of('unclassified_capability_requests')).toMatchObject({ measured: 1, met: false });
  });

  it('read percentiles of decisions from the histogram, as Prometheus does', () => {
    const metrics = createMetrics();
    for (let i = 0; i < 99; i += 1) metrics.observe('locktender_decision_seconds', 4e-6, { cached: 'yes' });
    metrics.observe('locktender_decision_seconds', 0.05, { cached: 'no' });
    const of = levels({}, metrics);
    expect(of('decision_latency_p50')?.measured).toBeCloseTo(3.5, 1);
    expect(of('decision_latency_p99')).toMatchObject({ measured: 5, samples: 100, met: true });
  });
});

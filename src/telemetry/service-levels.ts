/**
 * Service levels: what was promised, what was measured, and whether it was kept. Some are folded from the record over a
 * window, the others read from this process's metrics since it started; each says which.
 *
 * A level is judged only on enough samples: one slow boot out of three says nothing about a 99th percentile.
 */

import type { HistogramSample, MetricRegistry } from './metrics.ts';

export interface ServiceLevel {
  readonly name: string;
  /** What it is about, where there are several: a profile, a rule, a status. */
  readonly of: string | null;
  readonly objective: string;
  readonly measured: number | null;
  readonly unit: 'ms' | 'ratio' | 'count' | 'MB/s' | 's' | 'us';
  /** Null: no objective, nothing measured, or too few samples to judge. */
  readonly met: boolean | null;
  readonly samples: number;
  /** `record`: over the window, from the log. `process`: since this process started. */
  readonly source: 'record' | 'process';
}

/** Sums by name and label over a window, and how to read a percentile from buckets. */
export interface RecordFigures {
  readonly sums: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly percentile: (buckets: ReadonlyMap<string, number> | undefined, share: number) => number | null;
}

type Judged = Omit<ServiceLevel, 'of' | 'met' | 'objective'> & {
  readonly of?: string | null;
  /** Largest that keeps the promise; `atLeast` turns it round; null promises nothing. */
  readonly limit: number | null;
  readonly atLeast?: boolean;
  /** Samples needed to judge; 1 unless given. */
  readonly enough?: number;
};

/** Ends that somebody or something else forced. */
const FORCED = ['timeout', 'cpu_exceeded', 'memory_exceeded', 'output_exceeded', 'killed', 'host_lost'] as const;

export function serviceLevels(record: RecordFigures, metrics: MetricRegistry): ServiceLevel[] {
  return [
    ...bootLevels(record),
    ...taskLevels(record),
    ...deniedLevels(record),
    unclassified(metrics),
    ...decisionLevels(metrics),
    ...cutLevels(record),
    ...guardLevels(record, metrics),
    ...logLevels(metrics),
  ];
}

function judge({ of = null, limit, atLeast = false, enough = 1, ...level }: Judged): ServiceLevel {
  const { measured, samples, unit } = level;
  const sign = atLeast ? '>=' : '<=';
  const objective = limit === null ? '-' : `${sign} ${limit} ${unit}`;
  const judged = limit !== null && measured !== null && samples >= enough;
  const met = judged ? (atLeast ? measured >= limit : measured <= limit) : null;
  const { name, source } = level;
  return { name, of, objective, measured: measured === null ? null : rounded(measured), unit, met, samples, source };
}

function bootLevels({ sums, percentile }: RecordFigures): ServiceLevel[] {
  const boots = sums.get('boot_ms');
  const samples = total(boots);
  const level = { unit: 'ms', source: 'record', samples } as const;
  return [
    judge({ ...level, name: 'isolate_boot_p95', measured: percentile(boots, 0.95), limit: 5, enough: 20 }),
    judge({ ...level, name: 'isolate_boot_p99', measured: percentile(boots, 0.99), limit: 25, enough: 100 }),
  ];
}

function taskLevels({ sums }: RecordFigures): ServiceLevel[] {
  const tasks = sums.get('tasks');
  const samples = total(tasks);
  const count = (status: string) => tasks?.get(status) ?? 0;
  const forced = FORCED.reduce((sum, status) => sum + count(status), 0);
  const level = { unit: 'ratio', source: 'record', samples, limit: 0.01, enough: 100 } as const;
  return [
    judge({ ...level, name: 'tool_call_timeout_ratio', measured: ratio(count('timeout'), samples) }),
    judge({ ...level, name: 'forced_termination_ratio', measured: ratio(forced, samples) }),
    ...FORCED.filter((status) => count(status) > 0).map((of) =>
      judge({ ...level, name: 'forced_terminations', of, unit: 'count', limit: null, measured: count(of) }),
    ),
  ];
}

function deniedLevels({ sums }: RecordFigures): ServiceLevel[] {
  const allowed = sums.get('decisions_allow');
  const denied = sums.get('decisions_deny');
  const level = { name: 'denied_ratio', unit: 'ratio', source: 'record', limit: null } as const;
  const of = (samples: number, n: number, profile: string | null) =>
    judge({ ...level, of: profile, measured: ratio(n, samples), samples });
  const profiles = [...new Set([...(allowed?.keys() ?? []), ...(denied?.keys() ?? [])])].sort();
  const each = profiles.map((profile) => {
    const no = denied?.get(profile) ?? 0;
    return of(no + (allowed?.get(profile) ?? 0), no, profile);
  });
  return [of(total(allowed) + total(denied), total(denied), null), ...each];
}

function unclassified(metrics: MetricRegistry): ServiceLevel {
  const asked = metrics.samples('locktender_unclassified_total').reduce((sum, { value }) => sum + value, 0);
  const name = 'unclassified_capability_requests';
  return judge({ name, unit: 'count', source: 'process', measured: asked, samples: asked, limit: 0 });
}

function decisionLevels(metrics: MetricRegistry): ServiceLevel[] {
  const times = together(metrics.histograms('locktender_decision_seconds'));
  const level = { unit: 'us', source: 'process', samples: times.count } as const;
  const at = (share: number) => quantile(times, share, 1e6);
  return [
    judge({ ...level, name: 'decision_latency_p50', measured: at(0.5), limit: null }),
    judge({ ...level, name: 'decision_latency_p99', measured: at(0.99), limit: 1000, enough: 100 }),
  ];
}

function cutLevels({ sums, percentile }: RecordFigures): ServiceLevel[] {
  const cuts = sums.get('cut_ms');
  const samples = total(cuts);
  const missed = total(sums.get('flows_missed'));
  const flows = total(sums.get('flows_cut')) + missed;
  const level = { source: 'record' } as const;
  return [
    judge({ ...level, name: 'cut_latency_p99', unit: 'ms', measured: percentile(cuts, 0.99), samples, limit: 100 }),
    judge({ ...level, name: 'flows_missed', unit: 'count', measured: missed, samples: flows, limit: 0 }),
  ];
}

function guardLevels({ sums }: RecordFigures, metrics: MetricRegistry): ServiceLevel[] {
  const sum = (name: string) => metrics.samples(name).reduce((all, { value }) => all + value, 0);
  const bytes = sum('locktender_guard_bytes_total');
  const seconds = sum('locktender_guard_seconds_total');
  const findings = sums.get('findings') ?? new Map<string, number>();
  const byRule = [...findings].sort((a, b) => b[1] - a[1]);
  const speed = seconds > 0 ? bytes / 1e6 / seconds : null;
  const unit = 'MB/s';
  return [
    judge({ name: 'guard_throughput', unit, source: 'process', measured: speed, samples: bytes, limit: null }),
    ...byRule.map(([of, n]) =>
      judge({ name: 'guard_findings', of, unit: 'count', source: 'record', measured: n, samples: n, limit: null }),
    ),
  ];
}

function logLevels(metrics: MetricRegistry): ServiceLevel[] {
  const commits = together(metrics.histograms('locktender_log_commit_seconds'));
  const lag = metrics.samples('locktender_log_lag_seconds')[0]?.value ?? null;
  const rejected = metrics.samples('locktender_log_rejected_total').reduce((sum, { value }) => sum + value, 0);
  const level = { source: 'process', samples: commits.count } as const;
  const wait = quantile(commits, 0.99, 1000);
  return [
    judge({ ...level, name: 'log_commit_p99', unit: 'ms', measured: wait, limit: 25, enough: 100 }),
    judge({ ...level, name: 'log_lag', unit: 's', measured: lag, limit: 10 }),
    judge({ ...level, name: 'log_rejected', unit: 'count', measured: rejected, limit: 0 }),
  ];
}

interface Times {
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
  readonly count: number;
}

/** All series of one histogram as one. */
function together(samples: readonly HistogramSample[]): Times {
  const [first] = samples;
  if (first === undefined) return { bounds: [], cumulative: [], count: 0 };
  const cumulative = first.cumulative.map((_, i) => samples.reduce((sum, one) => sum + (one.cumulative[i] ?? 0), 0));
  return { bounds: first.bounds, cumulative, count: samples.reduce((sum, { count }) => sum + count, 0) };
}

/** As Prometheus reads it: interpolated within the bucket; what lies beyond the last bound is that bound. */
function quantile({ bounds, cumulative, count }: Times, share: number, scale: number): number | null {
  if (count === 0) return null;
  const rank = count * share;
  const at = cumulative.findIndex((sum) => sum >= rank);
  if (at >= bounds.length) return (bounds.at(-1) ?? 0) * scale;
  const from = at === 0 ? 0 : (bounds[at - 1] ?? 0);
  const before = at === 0 ? 0 : (cumulative[at - 1] ?? 0);
  const inside = (cumulative[at] ?? 0) - before;
  return (from + ((bounds[at] ?? 0) - from) * (inside === 0 ? 1 : (rank - before) / inside)) * scale;
}

function total(labels: ReadonlyMap<string, number> | undefined): number {
  let sum = 0;
  for (const n of labels?.values() ?? []) sum += n;
  return sum;
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

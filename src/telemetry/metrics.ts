/**
 * Metrics: the core `Meter`, kept in memory and shown in the Prometheus text format 0.0.4.
 *
 * The number of series of a metric is bounded: a label that a caller of ours can choose (a host, a tenant) must never
 * be able to fill the memory. Beyond the bound, everything goes to one series whose labels are all `other`.
 */

import type { Meter } from '../core/ports.ts';
import { bucketsFor, helpFor, METRICS } from './metric-catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

/** One series, as the service levels read it. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: Labels;
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Observations at or below each bound; one more for +Inf. Cumulative. */
  readonly cumulative: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export interface MetricRegistry extends Meter {
  /** Prometheus text exposition 0.0.4. */
  exposition(): string;
  samples(name: string): readonly Sample[];
  histograms(name: string): readonly HistogramSample[];
  /** Runs before every exposition: for gauges that are read, not pushed. */
  onCollect(collect: () => void): void;
}

const NO_LABELS: Labels = Object.freeze({});
const OVERFLOW = 'locktender_metric_series_dropped_total';
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

interface Histogram {
  readonly buckets: number[];
  sum: number;
  count: number;
}

interface Series<T> {
  readonly labels: Labels;
  state: T;
}

interface Family<T> {
  readonly series: Map<string, Series<T>>;
  /** The same by labels as callers write them, neither sorted nor escaped: quick to make. Bounded like the series. */
  readonly written: Map<string, Series<T>>;
  /** The same by the labels themselves, where they are frozen: a caller that counts often has them made once. */
  readonly fixed: WeakMap<Labels, Series<T>>;
}

/** `maxSeries` bounds the series of each metric. */
export function createMetrics(options: { readonly maxSeries?: number } = {}): MetricRegistry {
  const maxSeries = options.maxSeries ?? 500;
  const counters = new Map<string, Family<number>>();
  const gauges = new Map<string, Family<number>>();
  const distributions = new Map<string, Family<Histogram>>();
  const collectors: (() => void)[] = [];

  const seriesOf = <T>(families: Map<string, Family<T>>, name: string, labels: Labels, fresh: () => T) => {
    const family = families.get(name) ?? newFamily(families, name);
    const fixed = family.fixed.get(labels);
    if (fixed !== undefined) return fixed;
    const written = asWritten(labels);
    const known = family.written.get(written);
    if (known !== undefined) {
      if (Object.isFrozen(labels)) family.fixed.set(labels, known);
      return known;
    }
    const key = labelText(labels);
    const found = family.series.get(key);
    if (found !== undefined) return remembered(family, written, found);
    if (family.series.size >= maxSeries && name !== OVERFLOW) {
      count(OVERFLOW, { metric: name });
      const other = Object.fromEntries(Object.keys(labels).map((k) => [k, 'other']));
      return oneMore(family, labelText(other), other, fresh);
    }
    return remembered(family, written, oneMore(family, key, labels, fresh));
  };
  const remembered = <T>(family: Family<T>, written: string, series: Series<T>): Series<T> => {
    if (family.written.size < 4 * maxSeries) family.written.set(written, series);
    return series;
  };
  const count: Meter['count'] = (name, labels = NO_LABELS, by = 1) => {
    seriesOf(counters, name, labels, () => 0).state += by;
  };
  return {
    count,
    observe(name, value, labels = NO_LABELS) {
      const bounds = bucketsFor(name);
      const fresh = () => ({ buckets: new Array<number>(bounds.length + 1).fill(0), sum: 0, count: 0 });
      const { state } = seriesOf(distributions, name, labels, fresh);
      const at = bucketIndex(bounds, value);
      state.buckets[at] = (state.buckets[at] ?? 0) + 1;
      state.sum += value;
      state.count += 1;
    },
    set(name, value, labels = NO_LABELS) {
      seriesOf(gauges, name, labels, () => 0).state = value;
    },
    onCollect: (collect) => void collectors.push(collect),
    samples: (name) => listed(counters.get(name) ?? gauges.get(name)),
    histograms: (name) =>
      listed(distributions.get(name)).map(({ labels, value }) => ({
        labels,
        bounds: bucketsFor(name),
        cumulative: cumulative(value.buckets),
        sum: value.sum,
        count: value.count,
      })),
    exposition() {
      for (const collect of collectors) collect();
      const families = [counters, gauges, distributions];
      const shown = [...simple(counters, 'counter'), ...simple(gauges, 'gauge'), ...histogramLines(distributions)];
      return [...shown, ...unused((name) => families.some((of) => of.has(name)))].join('');
    },
  };
}

function newFamily<T>(families: Map<string, Family<T>>, name: string): Family<T> {
  if (!NAME.test(name)) throw new RangeError(`\`${name}\` is not a metric name; use letters, digits and _`);
  const family: Family<T> = { series: new Map(), written: new Map(), fixed: new WeakMap() };
  families.set(name, family);
  return family;
}

function oneMore<T>(family: Family<T>, key: string, labels: Labels, fresh: () => T): Series<T> {
  const found = family.series.get(key);
  if (found !== undefined) return found;
  const made = { labels: { ...labels }, state: fresh() };
  family.series.set(key, made);
  return made;
}

function listed<T>(family: Family<T> | undefined): { labels: Labels; value: T }[] {
  return family === undefined ? [] : [...family.series.values()].map(({ labels, state }) => ({ labels, value: state }));
}

/** Index of the first bound that is not below the value; the last index is +Inf. */
function bucketIndex(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function cumulative(buckets: readonly number[]): number[] {
  let sum = 0;
  return buckets.map((n) => {
    sum += n;
    return sum;
  });
}

/** `a="b",c="d"`, keys sorted, values escaped as the format says. */
function labelText(labels: Labels): string {
  const keys = Object.keys(labels);
  if (keys.length > 1) keys.sort();
  let out = '';
  for (const key of keys) out += `${out === '' ? '' : ','}${key}="${escapeLabel(labels[key] ?? '')}"`;
  return out;
}

function asWritten(labels: Labels): string {
  let out = '';
  for (const key in labels) out += `${key}\u0001${labels[key]}\u0002`;
  return out;
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function* simple(families: Map<string, Family<number>>, type: string): Generator<string> {
  for (const [name, { series }] of families) {
    yield heading(name, type);
    for (const [labels, { state }] of series) yield `${name}${labels === '' ? '' : `{${labels}}`} ${number(state)}\n`;
  }
}

/** What is documented and has not happened yet: so that absence is told from nought, and alerts find their series. */
function* unused(isUsed: (name: string) => boolean): Generator<string> {
  for (const [name, { type, labels }] of Object.entries(METRICS)) {
    if (isUsed(name)) continue;
    yield heading(name, type);
    if (type === 'counter' && labels.length === 0) yield `${name} 0\n`;
  }
}

function* histogramLines(families: Map<string, Family<Histogram>>): Generator<string> {
  for (const [name, { series }] of families) {
    yield heading(name, 'histogram');
    for (const [labels, { state }] of series) yield* oneHistogram(name, labels, state);
  }
}

function* oneHistogram(name: string, labels: string, state: Histogram): Generator<string> {
  const bounds = bucketsFor(name).map(number);
  const prefix = labels === '' ? '' : `${labels},`;
  for (const [i, sum] of cumulative(state.buckets).entries()) {
    yield `${name}_bucket{${prefix}le="${bounds[i] ?? '+Inf'}"} ${sum}\n`;
  }
  const own = labels === '' ? '' : `{${labels}}`;
  yield `${name}_sum${own} ${number(state.sum)}\n${name}_count${own} ${state.count}\n`;
}

function heading(name: string, type: string): string {
  const help = helpFor(name).replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/**
 * Service levels over time. Those of the record are summed again from it, step by step, and survive restarts; those of
 * this process are what `/metrics` said at each sample, kept in memory for a week.
 */

import type { AnswerOf } from '../../admin/contract.ts';
import type { Figures } from '../../audit/level-figures.ts';
import type { RecordFigures, ServiceLevel } from '../../telemetry/service-levels.ts';

type History = AnswerOf<'sloHistory'>;
type Series = History['series'][number];

export interface HistoryParts {
  readonly levels: (figures: RecordFigures) => readonly ServiceLevel[];
  readonly percentile: RecordFigures['percentile'];
  readonly now: () => number;
}

interface Sample {
  readonly at: number;
  readonly levels: readonly ServiceLevel[];
}

const SAMPLE_MS = 60_000;
/** A week of minutes. */
const KEPT = 7 * 24 * 60;
const NOTHING: Figures = new Map();
/** Below the slots that the record is summed by, points would only repeat. */
const LEAST_STEP_MS = 300_000;

export class LevelHistory {
  readonly #parts: HistoryParts;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  static stepOf(windowMs: number, points: number): number {
    return Math.ceil(Math.max(LEAST_STEP_MS, windowMs / points) / LEAST_STEP_MS) * LEAST_STEP_MS;
  }

  /** `steps` are the record's sums by step, from the one that holds `from`. */
  series(range: { from: number; to: number; step: number }, steps: ReadonlyMap<number, Figures>): readonly Series[] {
    this.#sample();
    return [...this.#ofRecord(range, steps), ...this.#ofProcess(range)];
  }

  #sample(): void {
    const levels = this.#parts.levels({ sums: NOTHING, percentile: this.#parts.percentile });
    this.#samples.push({ at: this.#parts.now(), levels: levels.filter((level) => level.source === 'process') });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  #ofRecord(
    { from, to, step }: { from: number; to: number; step: number },
    steps: ReadonlyMap<number, Figures>,
  ): Series[] {
    const start = Math.floor(from / LEAST_STEP_MS) * LEAST_STEP_MS;
    const count = Math.floor((to - start) / step) + 1;
    const series = new Map<string, Series & { points: Series['points'][number][] }>();
    for (let i = 0; i < count; i += 1) {
      const sums = steps.get(i) ?? NOTHING;
      const at = start + i * step;
      for (const [name, value] of totals(sums))
        add(series, { name, unit: 'count', limit: null }, { at, value, samples: value });
      const levels = this.#parts.levels({ sums, percentile: this.#parts.percentile });
      for (const level of levels) {
        if (level.source !== 'record' || level.of !== null) continue;
        add(series, { ...level, limit: limitOf(level) }, { at, value: level.measured, samples: level.samples });
      }
    }
    return [...series.values()];
  }

  #ofProcess({ from, step }: { from: number; step: number }): Series[] {
    const series = new Map<string, Series & { points: Series['points'][number][] }>();
    // The last sample of each step, so that a month has no more points than an hour.
    const last = new Map<number, Sample>();
    const width = Math.max(SAMPLE_MS, step / 5);
    for (const sample of this.#samples) if (sample.at >= from) last.set(Math.floor((sample.at - from) / width), sample);
    for (const { at, levels } of last.values()) {
      for (const level of levels) {
        const point = { at, value: level.measured, samples: level.samples };
        add(series, { ...level, limit: limitOf(level) }, point);
      }
    }
    return [...series.values()].map((one) => ({ ...one, source: 'process' as const }));
  }
}

function add(
  series: Map<string, Series & { points: Series['points'][number][] }>,
  { name, unit, limit }: { readonly name: string; readonly unit: string; readonly limit: number | null },
  point: Series['points'][number],
): void {
  const one = series.get(name) ?? { name, unit, limit, source: 'record' as const, points: [] };
  one.points.push(point);
  series.set(name, one);
}

const COUNTED = ['decisions_allow', 'decisions_deny', 'findings', 'flows_cut'] as const;

function totals(sums: Figures): [string, number][] {
  return COUNTED.map((name) => [name, [...(sums.get(name)?.values() ?? [])].reduce((sum, n) => sum + n, 0)]);
}

/** `<= 25 ms` says 25. */
function limitOf({ objective }: ServiceLevel): number | null {
  const limit = Number(/^[<>]= (\S+)/.exec(objective)?.[1] ?? Number.NaN);
  return Number.isNaN(limit) ? null : limit;
}

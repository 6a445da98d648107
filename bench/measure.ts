/** What the benches of policy and record share: percentiles and medians. */

/** Nanoseconds of one call each, `count` times after `warm` unmeasured ones. */
export function timeEach(count: number, warm: number, act: (i: number) => unknown): Float64Array {
  for (let i = 0; i < warm; i += 1) act(i);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const start = process.hrtime.bigint();
    act(i);
    out[i] = Number(process.hrtime.bigint() - start);
  }
  return out;
}

/** In the unit that `divide` makes of the samples. */
export function summary(samples: Float64Array, divide: number): { p50: number; p95: number; p99: number; max: number } {
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number) =>
    rounded((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / divide);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

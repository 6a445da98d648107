/** Stretches of a text, in order and apart: where each begins and where it ends, one after the other. */

export type Ranges = readonly number[];

/** Whether one of them shares a byte with `from..to` or stands directly beside it. */
export function touches(ranges: Ranges, from: number, to: number): boolean {
  const at = firstEndingFrom(ranges, from);
  return at < ranges.length && (ranges[at] as number) <= to;
}

/** Index of the beginning of the first that ends at `from` or later; the length where there is none. */
export function firstEndingFrom(ranges: Ranges, from: number): number {
  let low = 0;
  let high = ranges.length >>> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[2 * middle + 1] as number) < from) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** Index of the last that is at most `at`; 0 where there is none. */
export function lastUpTo(begins: readonly number[], at: number): number {
  let low = 0;
  let high = begins.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((begins[middle] as number) <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** Those of `longRuns` that share a byte with one of `near` or stand directly beside it. */
export function longRunsAt(set: Uint8Array, text: Uint8Array, shortest: number, near: Ranges): number[] {
  const runs: number[] = [];
  let done = 0;
  for (let i = 0; i < near.length; i += 2) {
    const last = Math.min(text.length - 1, near[i + 1] as number);
    for (let at = Math.max(done, (near[i] as number) - 1); at <= last; at += 1) {
      if (set[text[at] as number] === 0) continue;
      const start = runBefore(set, text, at, done);
      done = runAfter(set, text, at);
      if (done - start >= shortest) runs.push(start, done);
      at = done;
    }
  }
  return runs;
}

/** Where the run of the set's bytes begins that holds `at`, not before `from`. */
export function runBefore(set: Uint8Array, text: Uint8Array, at: number, from: number): number {
  let start = at;
  while (start > from && set[text[start - 1] as number] === 1) start -= 1;
  return start;
}

/** Where it ends, not behind `to`. */
export function runAfter(set: Uint8Array, text: Uint8Array, at: number, to = text.length): number {
  let end = at + 1;
  while (end < to && set[text[end] as number] === 1) end += 1;
  return end;
}

/** Both, in order; none of the one may overlap any of the other. */
export function merged(one: Ranges, other: Ranges): Ranges {
  if (one.length === 0) return other;
  const out: number[] = [];
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const isFirst = j >= other.length || (i < one.length && (one[i] as number) < (other[j] as number));
    if (isFirst) out.push(one[i] as number, one[i + 1] as number);
    else out.push(other[j] as number, other[j + 1] as number);
    if (isFirst) i += 2;
    else j += 2;
  }
  return out;
}

/**
 * The longest stretches of the set's bytes that have at least `shortest`, as ranges. Looks at one byte in `shortest` only, since no
 * such stretch lies between two of them.
 */
export function longRuns(
  set: Uint8Array,
  text: Uint8Array,
  shortest: number,
  [from, to]: readonly [number, number] = [0, text.length],
): number[] {
  const runs: number[] = [];
  for (let at = from + shortest - 1, done = from; at < to; at += shortest) {
    if (set[text[at] as number] === 0) continue;
    let start = at;
    while (start > done && set[text[start - 1] as number] === 1) start -= 1;
    let end = at + 1;
    while (end < to && set[text[end] as number] === 1) end += 1;
    if (end - start >= shortest) runs.push(start, end);
    done = end;
    at = end;
  }
  return runs;
}

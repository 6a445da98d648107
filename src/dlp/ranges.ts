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

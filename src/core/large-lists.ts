/** Lists of any length. What is spread into a call lies on the stack, which ends at about 125,000 values. */

/** `to.push(...more)`. */
export function addAll<T>(to: T[], more: Iterable<T>): void {
  for (const one of more) to.push(one);
}

/** `Math.max(...of)`. */
export function mostOf(of: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const one of of) if (one > most) most = one;
  return most;
}

/** `Math.min(...of)`. */
export function leastOf(of: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const one of of) if (one < least) least = one;
  return least;
}

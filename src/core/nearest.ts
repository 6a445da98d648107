/** The nearest known name, so that a typo is answered with what was meant. */

import { closest, distance } from 'fastest-levenshtein';

/** Null when nothing known is near enough to be what was meant. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const names = [...known];
  if (names.length === 0) return null;
  const best = closest(name, names);
  return distance(name, best) <= Math.max(2, Math.ceil(name.length / 2)) ? best : null;
}

/** The last clause of an error: `did you mean …`, or the names that exist. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const names = [...known].sort();
  const best = nearest(name, names);
  if (best !== null) return `did you mean \`${best}\`?`;
  if (names.length === 0) return 'remove it';
  const shown = names.slice(0, 8).map((n) => `\`${n}\``);
  return `use one of ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
}

/** The last clause of an error about a name: what was probably meant. */

import { closest, distance } from 'fastest-levenshtein';

export function nameHint(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'remove it';
  const best = closest(name, known);
  if (distance(name, best) <= Math.max(2, Math.floor(name.length / 2))) return `did you mean \`${best}\`?`;
  return `known here: ${[...known]
    .sort()
    .map((k) => `\`${k}\``)
    .join(', ')}`;
}

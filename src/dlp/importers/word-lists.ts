/** Lists of words as expressions: whole words in any case, over as many expressions as they need. */

import type { DraftRule } from './imported-rules.ts';

/** An expression of a rule has at most 4,000 signs. */
export const MOST_OF_A_RULE = 3600;

/** One rule for as many of the words as an expression holds; the first keeps its name. */
export function wordRules(
  rule: Omit<DraftRule, 'kind' | 'regex' | 'secret_group' | 'match'>,
  words: readonly string[],
): DraftRule[] {
  return groupsOf(words, MOST_OF_A_RULE).map((group, i) => ({
    ...rule,
    id: i === 0 ? rule.id : `${rule.id}-${i + 1}`,
    kind: 'dictionary',
    regex: `(?i)(?:^|[^0-9A-Za-z_])(${eitherOf(group)})(?:[^0-9A-Za-z_]|$)`,
    secret_group: 1,
    match: group.slice(0, 3),
  }));
}

export function eitherOf(words: readonly string[]): string {
  return words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
}

/** The words in groups of which none, escaped, is longer than this. */
export function groupsOf(words: readonly string[], most: number): string[][] {
  const out: string[][] = [];
  let size = most;
  for (const word of words) {
    const length = word.length * 2 + 1;
    if (size + length > most) {
      out.push([]);
      size = 0;
    }
    out.at(-1)?.push(word);
    size += length;
  }
  return out;
}

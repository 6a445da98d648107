/** Lists in, one immutable index out: checks that every entry may say what it says, then builds. */

import { err, ok, type Problem, type Result } from '../core/result.ts';
import type { Sha256 } from '../core/sha256.ts';
import { clip, type ListEntry, REACH } from './host-entry.ts';
import { IndexBuilder, type IndexSource } from './index-builder.ts';
import { type IndexBytes, type ListMeta, writeIndex } from './index-format.ts';
import { isPublicSuffix } from './public-suffix.ts';
import type { Taxonomy } from './taxonomy.ts';

export interface CompileList {
  readonly meta: ListMeta;
  /** Gone over once, or twice when `categories` is not given. */
  readonly entries: Iterable<ListEntry>;
  /** Every category that its entries name, where that is known. */
  readonly categories?: readonly string[];
}

/** The same lists in any order give the same bytes and digest. */
export function compileIndex(
  taxonomy: Taxonomy,
  lists: readonly CompileList[],
  sha256?: Sha256,
): Result<IndexBytes, Problem[]> {
  const sorted = lists.toSorted((a, b) => (a.meta.name < b.meta.name ? -1 : 1));
  const sources: IndexSource[] = [];
  const numbers: ReadonlyMap<string, number>[] = [];
  const problems: Problem[] = [];
  for (const [i, list] of sorted.entries()) {
    if (i > 0 && sorted[i - 1]?.meta.name === list.meta.name) {
      problems.push({
        file: list.meta.file,
        line: 0,
        column: 0,
        message: `two lists are named \`${clip(list.meta.name)}\`; rename one`,
      });
    }
    const ids = new Map<string, number>();
    for (const category of categoriesOf(list, taxonomy, problems)) {
      ids.set(category, sources.length);
      sources.push({ list: list.meta, category });
    }
    numbers.push(ids);
  }
  if (problems.length > 0) return err(problems);
  const builder = new IndexBuilder(sources);
  for (const [i, list] of sorted.entries()) addAll(builder, list, numbers[i] as ReadonlyMap<string, number>, taxonomy);
  const layout = builder.build();
  if (layout === null) return err([{ file: 'lists', line: 0, column: 0, message: COLLIDING }]);
  return ok(writeIndex(layout, sha256));
}

const COLLIDING = 'too many names share one hash, as only names made for that do; remove the list that holds them';

function addAll(builder: IndexBuilder, list: CompileList, ids: ReadonlyMap<string, number>, taxonomy: Taxonomy): void {
  for (const entry of list.entries) {
    const platform =
      entry.reach === REACH.cover &&
      taxonomy.byId.get(entry.category)?.scope === 'platform' &&
      isPublicSuffix(entry.name);
    builder.add(ids.get(entry.category) as number, platform ? { ...entry, reach: REACH.platform } : entry, entry.line);
  }
}

/** Categories that a list uses, sorted; unknown and derived ones become problems, each once. */
function categoriesOf(list: CompileList, taxonomy: Taxonomy, problems: Problem[]): string[] {
  const seen = new Set<string>();
  for (const { category, line } of namedIn(list)) {
    if (seen.has(category)) continue;
    seen.add(category);
    const known = taxonomy.byId.get(category);
    if (known && !known.derived) continue;
    const why = known ? 'is derived, so no list may name it' : `is not in ${taxonomy.file}; add it there or rename it`;
    problems.push({ file: list.meta.file, line, column: 1, message: `category \`${clip(category)}\` ${why}` });
  }
  return [...seen].sort();
}

function namedIn({ categories, entries }: CompileList): Iterable<Pick<ListEntry, 'category' | 'line'>> {
  return categories === undefined ? entries : categories.map((category) => ({ category, line: 1 }));
}

/**
 * From the contents of `categories/` to an index, without touching a file: whoever owns the disk reads the texts and
 * hands them over. Used by the appliance at start and by the `category` commands.
 */

import { addAll } from '../core/large-lists.ts';
import { err, ok, type Problem, type Result } from '../core/result.ts';
import { type Sha256, sha256Hex } from '../core/sha256.ts';
import { CategoryIndex } from './category-index.ts';
import { type CompileList, compileIndex } from './compile-index.ts';
import { clip } from './host-entry.ts';
import type { IndexBytes } from './index-format.ts';
import { parsePlainList } from './plain-list.ts';
import { parseTaxonomy, type Taxonomy } from './taxonomy.ts';

/** A file's path, relative to `categories/` with `/`, and its text. */
export interface CategoryFile {
  readonly path: string;
  readonly text: string;
}

export interface LoadOrder {
  /** `taxonomy.yaml` and `lists/**.txt`; other files are not looked at. */
  readonly files: readonly CategoryFile[];
  /** Imported lists, as the importers gave them. */
  readonly imports?: readonly CompileList[];
  /** The platform's SHA-256, where the caller may use it. */
  readonly sha256?: Sha256;
}

export interface LoadedCategories {
  readonly taxonomy: Taxonomy;
  readonly index: CategoryIndex;
  /** To be kept in a file, or handed to workers (shared memory) who open it with `verified: true`. */
  readonly bytes: IndexBytes;
}

/** Taxonomy, curated lists and imports → a checked index; or every problem with file and line. */
export function loadCategories(order: LoadOrder): Result<LoadedCategories, Problem[]> {
  const sha256 = order.sha256 ?? sha256Hex;
  const file = order.files.find((f) => f.path === 'taxonomy.yaml');
  if (!file)
    return err([{ file: 'taxonomy.yaml', line: 0, column: 0, message: 'the taxonomy is missing; restore it' }]);
  const taxonomy = parseTaxonomy(file.path, file.text);
  if (!taxonomy.ok) return taxonomy;
  const curated = curatedLists(order.files, sha256);
  if (!curated.ok) return curated;
  const bytes = compileIndex(taxonomy.value, [...curated.value, ...(order.imports ?? [])], sha256);
  if (!bytes.ok) return bytes;
  const index = CategoryIndex.open(bytes.value.bytes, { verified: true });
  if (!index.ok) return err([{ file: 'lists', line: 0, column: 0, message: index.error }]);
  return ok({ taxonomy: taxonomy.value, index: index.value, bytes: bytes.value });
}

/** The curated lists among the files, each with its category from its path. */
export function curatedLists(files: readonly CategoryFile[], sha256: Sha256): Result<CompileList[], Problem[]> {
  const problems: Problem[] = [];
  const lists: CompileList[] = [];
  for (const { path, text } of files) {
    if (!path.startsWith('lists/')) continue;
    const category = categoryOfPath(path);
    if (category === null) {
      problems.push({
        file: path,
        line: 0,
        column: 0,
        message: `\`${clip(path)}\` is not lists/<category>.txt or lists/<category>/<name>.txt`,
      });
      continue;
    }
    const parsed = parsePlainList(path, text, category);
    addAll(problems, parsed.problems);
    lists.push({
      meta: {
        ...CURATED,
        name: path,
        file: path,
        date: reviewed(text),
        ...stamp(text, sha256),
        entries: parsed.entries.length,
      },
      entries: parsed.entries,
    });
  }
  return problems.length > 0 ? err(problems) : ok(lists);
}

const CURATED = { origin: 'curated', format: 'plain', source: null, licence: null, notCarried: 0 } as const;

/** The day that a comment at its head names, as `# Reviewed 2026-11-28.`; null where none does. */
function reviewed(text: string): string | null {
  const [head = ''] = /^(?:#.*\n)*/.exec(text) ?? [];
  return /\bReviewed (\d{4}-\d{2}-\d{2})\b/.exec(head)?.[1] ?? null;
}

/** Curated lists are versioned with the code; their digest is their version. */
function stamp(text: string, sha256: Sha256): { version: string; digest: string } {
  const digest = sha256(new TextEncoder().encode(text));
  return { version: digest.slice(0, 12), digest };
}

function categoryOfPath(path: string): string | null {
  const match = /^lists\/([a-z0-9-]+)(?:\.txt|\/[a-z0-9-]+\.txt)$/.exec(path);
  return match?.[1] ?? null;
}

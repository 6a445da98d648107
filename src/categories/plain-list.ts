/**
 * Our own list format: one entry a line (`host-entry.ts`), `#` starts a comment. The folder or file name says the
 * category: `lists/paste-sites.txt` or `lists/package-registries/npm.txt`.
 */

import type { Problem } from '../core/result.ts';
import { clip, entryText, type ListEntry, parseHostEntry } from './host-entry.ts';

export interface ParsedList {
  readonly entries: readonly ListEntry[];
  readonly problems: readonly Problem[];
}

/** Reads a curated list strictly: each entry canonical, none twice. */
export function parsePlainList(file: string, text: string, category: string): ParsedList {
  const entries: ListEntry[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for (const [i, raw] of text.split('\n').entries()) {
    const line = i + 1;
    const written = withoutComment(raw);
    if (written === '') continue;
    const parsed = parseHostEntry(written);
    const say = (message: string) => problems.push({ file, line, column: 1, message });
    if (!parsed.ok) {
      say(parsed.error);
      continue;
    }
    const canonical = entryText(parsed.value);
    if (canonical !== written) say(`entry \`${clip(written)}\` is not canonical; write \`${canonical}\``);
    const before = seen.get(canonical);
    if (before !== undefined) say(`entry \`${canonical}\` is already on line ${before}; remove one`);
    seen.set(canonical, line);
    entries.push({ ...parsed.value, category, line });
  }
  return { entries, problems };
}

/** The text before `#`, trimmed; a `#` belongs to no host. */
export function withoutComment(line: string): string {
  const hash = line.indexOf('#');
  return (hash < 0 ? line : line.slice(0, hash)).trim();
}

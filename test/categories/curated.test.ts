/** The lists that ship: every line in order, every category's examples found, one line a host. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCategories } from '../../src/categories/load-lists.ts';
import { withoutComment } from '../../src/categories/plain-list.ts';
import { blockedByDefault } from '../../src/categories/taxonomy.ts';
import { parseHost } from '../../src/core/host.ts';

const root = new URL('../../categories/', import.meta.url);
const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((p) => /\.(yaml|txt)$/.test(p));
const files = paths.map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));
const loaded = loadCategories({ files });

describe('the curated lists', () => {
  it('load without a problem', () => {
    expect(loaded.ok ? [] : loaded.error).toEqual([]);
  });

  it('are sorted by name, and none is empty', () => {
    const unsorted = files.filter(({ path, text }) => {
      const entries = text.split('\n').map(withoutComment).filter(Boolean);
      return path.startsWith('lists/') && (entries.length === 0 || `${entries}` !== `${entries.toSorted(byName)}`);
    });
    expect(unsorted.map((f) => f.path)).toEqual([]);
  });

  it('say at their head when they were last reviewed', () => {
    const undated = files.filter(
      ({ path, text }) => path.startsWith('lists/') && !/^(?:#.*\n)*# Reviewed 20\d\d-\d\d-\d\d\.\n/.test(text),
    );
    expect(undated.map((f) => f.path)).toEqual([]);
    if (!loaded.ok) return expect(loaded.error).toEqual([]);
    const host = parseHost('pypi.org');
    const [said] = host.ok ? loaded.value.index.explain(host.value).reasons : [];
    expect(said?.list?.date).toMatch(/^20\d\d-\d\d-\d\d$/);
  });

  it('the taxonomy has 50 to 80 categories, those of direct exfiltration blocked by default', () => {
    if (!loaded.ok) return expect(loaded.error).toEqual([]);
    const { taxonomy } = loaded.value;
    expect(taxonomy.categories.length).toBeGreaterThanOrEqual(50);
    expect(taxonomy.categories.length).toBeLessThanOrEqual(80);
    const tier1 = taxonomy.categories.filter((c) => c.tier === 1).map((c) => c.id);
    expect(blockedByDefault(taxonomy)).toEqual(expect.arrayContaining(tier1));
  });

  it('every example of the taxonomy is in its category', () => {
    if (!loaded.ok) return expect(loaded.error).toEqual([]);
    const { taxonomy, index } = loaded.value;
    const wrong: string[] = [];
    for (const category of taxonomy.categories) {
      for (const example of category.examples) {
        const host = parseHost(example);
        if (!host.ok || !index.lookup(host.value).includes(category.id)) wrong.push(`${category.id}: ${example}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** By name, whatever stands before it. */
function byName(a: string, b: string): number {
  const [x, y] = [a, b].map((entry) => entry.replace(/^!?(?:=|\*\.)?/, '')) as [string, string];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
}

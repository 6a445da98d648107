import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ENGINES, engineDigest } from './prepared-files.ts';

const SRC = resolve(import.meta.dirname, '..');
/** Whole statements: what only types are taken from is not run. */
const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?\bfrom '(\.[^']+)';|^import '(\.[^']+)';/gm;

/** Each import of one source by another, as paths in `src`. */
function* importsIn(folder: string): Generator<readonly [string, string]> {
  for (const name of readdirSync(join(SRC, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const file = join(SRC, folder, name);
    for (const [, from, alone] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      yield [relative(SRC, file), relative(SRC, resolve(dirname(file), from ?? alone ?? ''))];
    }
  }
}

it.each(Object.entries(ENGINES))('the sources that make %s are all counted', (_, places) => {
  const counted = (path: string) => places.some((place) => path === place || path.startsWith(`${place}/`));
  const folders = places.filter((place) => !place.endsWith('.ts'));
  const imports = folders.flatMap((folder) => [...importsIn(folder)]);
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter(([, needed]) => !counted(needed))).toEqual([]);
});

it('tells engines apart, and one that cannot be read from any other', () => {
  const digests = Object.keys(ENGINES).map((name) => engineDigest(name as keyof typeof ENGINES));
  expect(new Set(digests).size).toBe(digests.length);
});

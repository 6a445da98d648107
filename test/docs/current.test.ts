/** Reference pages say what the code says, both ways. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { configKeys } from '../../src/config/key-tree.ts';
import { configJsonSchema, configReference } from '../../src/config/reference.ts';
import { REASONS } from '../../src/core/reasons.ts';
import { readTree } from '../../src/store/read-tree.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('docs/reasons.md', () => {
  const rows = [
    ...page('reasons.md').matchAll(/^\| `([a-z_]+)` \| (\w+) \| (\d+) \| (\S+) \| (yes|no) \| (.*) \| (.*) \|$/gm),
  ];

  it('has one row for each code, and none for another', () => {
    expect(rows.map((row) => row[1]).sort()).toEqual(Object.keys(REASONS).sort());
  });

  it.each(rows.map((row) => [row[1] as keyof typeof REASONS, row] as const))(
    'says of `%s` what the gate says',
    (code, row) => {
      const { source, status, proxyError, retryable, message, help } = REASONS[code];
      expect(row.slice(2)).toEqual([
        source,
        String(status),
        proxyError ?? '-',
        retryable ? 'yes' : 'no',
        message,
        help,
      ]);
    },
  );
});

describe('docs/dependencies.md', () => {
  it('has a row for each dependency, and none for another', () => {
    const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies, devDependencies } = JSON.parse(file) as Record<string, Record<string, string>>;
    const named = [...page('dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map((row) => row[1]);
    expect(named.sort()).toEqual([...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})].sort());
  });
});

describe('what pages say to run', () => {
  const ROOT = fileURLToPath(new URL('../..', import.meta.url));
  const pages = [
    ...readTree([join(ROOT, 'docs')], ['.md']).map(({ text }) => text),
    ...['README.md', 'CONTRIBUTING.md'].map((name) => readFileSync(join(ROOT, name), 'utf8')),
  ];
  const named = (what: RegExp) => [
    ...new Set(pages.flatMap((text) => [...text.matchAll(what)].map(([, name]) => name))),
  ];

  it('is a script of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const all = named(/\bnpm run ([a-z][a-z0-9:-]*)/g);
    expect(all).toContain('bench:guard');
    expect(all.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([]);
  });

  it('is a bench that is there', () => {
    const all = named(/\b(bench\/[a-z/-]+\.ts)\b/g);
    expect(all).toContain('bench/guard.ts');
    expect(all.filter((name) => !existsSync(join(ROOT, name ?? '')))).toEqual([]);
  });
});

describe('the configuration pages', () => {
  it('are what `npm run docs` writes', () => {
    expect(page('configuration.md')).toBe(configReference());
    expect(JSON.parse(page('locktender.schema.json'))).toEqual(configJsonSchema());
  });
});

describe('the configuration', () => {
  it('has no key that nothing reads', () => {
    const root = fileURLToPath(new URL('../../src', import.meta.url));
    const files = readTree([root], ['.ts']).filter(({ path }) => !/\/config\/|\.test\.ts$/.test(path));
    const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    const text = files.map((file) => code(file.text)).join('\n');
    const names = configKeys().map(({ path }) => path.at(-1) ?? '');
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

describe('docs/threat-model.md', () => {
  const rows = [...page('threat-model.md').matchAll(/^\| (T-\d\d) \| (prevented|detected|in part|not covered) \| /gm)];
  const ROOT = fileURLToPath(new URL('../..', import.meta.url));
  const tests = ['src', 'test'].flatMap((dir) =>
    readTree([join(ROOT, dir)], ['.test.ts', 'attacks.ts', 'runtime-cases.ts']).map((file) => file.text),
  );

  it('has one row for each way round', () => {
    expect(rows.length).toBe(63);
    expect(new Set(rows.map(([, number]) => number)).size).toBe(rows.length);
  });

  it.each(
    rows.filter(([, , state]) => state !== 'not covered').map(([, number, state]) => [number ?? '', state ?? '']),
  )('%s is %s, and a test names it', (number) => {
    expect(tests.some((text) => text.includes(number))).toBe(true);
  });
});

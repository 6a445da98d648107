import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

const results = process.env['LOCKTENDER_TEST_JSON'] ?? 'node_modules/.vitest/result.json';

/** Errors that belong to no test: vitest's JSON does not have them. That a file's process was lost is told by that file. */
const stray = {
  onTestRunEnd: (_files: unknown, errors: readonly { readonly message?: string; readonly stack?: string }[]) => {
    const own = errors.filter((error) => !/^\[vitest-pool\]/.test(error.message ?? ''));
    mkdirSync(dirname(results), { recursive: true });
    writeFileSync(`${results}.errors`, JSON.stringify(own.map((error) => error.stack ?? error.message)));
  },
};

/**
 * Short tests of values: their files share a process, and the modules that they read, which takes longer than most of them
 * run. Those of `dlp` and `policy` do not: they are slower so, not faster.
 */
const SHORT = ['src/{core,wire,categories,config,admin,console,cli}/**/*.test.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/code-cache.ts'],
    pool: 'forks',
    // Much of their time tests wait: for a commit, a start, a silence.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', ['json', { outputFile: results }], stray],
    projects: [
      {
        extends: true,
        test: { name: 'short', include: SHORT, isolate: false, restoreMocks: true, unstubEnvs: true },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['node_modules/**', 'test/soak/**', 'test/docker/**', 'test/clients/**', ...SHORT],
        },
      },
    ],
  },
});

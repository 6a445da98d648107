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

export default defineConfig({
  test: {
    setupFiles: ['test/code-cache.ts', 'test/each-file.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['node_modules/**', 'test/soak/**', 'test/docker/**', 'test/clients/**'],
    pool: 'forks',
    // Files share a process, and what it read and compiled: by itself each file would spend a third of its time on that.
    isolate: false,
    restoreMocks: true,
    // Much of their time tests wait: for a commit, a start, a silence.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', ['json', { outputFile: results }], stray],
  },
});

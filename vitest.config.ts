import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['node_modules/**', 'test/soak/**', 'test/docker/**', 'test/clients/**'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: [
      'default',
      ['json', { outputFile: process.env['LOCKTENDER_TEST_JSON'] ?? 'node_modules/.vitest/result.json' }],
    ],
  },
});

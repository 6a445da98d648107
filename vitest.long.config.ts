import { defineConfig } from 'vitest/config';

/** What is too long, or needs too much, for every run: `npm run test:clients`, `npm run test:docker`, `npm run test:soak`. */
export default defineConfig({
  test: {
    setupFiles: ['test/each-file.ts'],
    include: ['test/clients/**/*.test.ts', 'test/docker/**/*.test.ts', 'test/soak/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 1_800_000,
    fileParallelism: false,
  },
});

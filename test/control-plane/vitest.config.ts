import { defineConfig } from 'vitest/config';

/** One cluster at a time: the times that a profile promises are for machines that need not wait for another cluster's start. */
// biome-ignore lint/style/noDefaultExport: vitest wants it.
export default defineConfig({
  test: {
    include: ['test/control-plane/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

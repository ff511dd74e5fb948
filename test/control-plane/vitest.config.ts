import { defineConfig } from 'vitest/config';

/**
 * One cluster at a time: the times that a profile promises are for machines that need not wait for another cluster's start.
 * A test's time is above the sum of what it waits for, so that it says itself what has not come.
 */
// biome-ignore lint/style/noDefaultExport: vitest wants it.
export default defineConfig({
  test: {
    include: ['test/control-plane/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 240_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

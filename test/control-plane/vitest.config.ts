import { defineConfig } from 'vitest/config';

/** Two clusters at a time: they mostly wait, and what is measured allows for each other's starts. */
// biome-ignore lint/style/noDefaultExport: vitest wants it.
export default defineConfig({
  test: {
    include: ['test/control-plane/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

import { defineConfig } from 'vitest/config';

/** One lab at a time: its times are measured, and two cores carry no more. */
// biome-ignore lint/style/noDefaultExport: vitest wants it.
export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

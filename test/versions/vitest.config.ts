import { defineConfig } from 'vitest/config';

/** One control plane at a time: two cores carry no more. */
// biome-ignore lint/style/noDefaultExport: vitest wants it.
export default defineConfig({
  test: {
    include: ['test/versions/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

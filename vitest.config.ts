import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Suites with a configuration and tools of their own.
    exclude: [...configDefaults.exclude, 'test/control-plane/**', 'test/lab/**', 'test/versions/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/reporter.ts'],
  },
});

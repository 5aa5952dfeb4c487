import { defineConfig } from 'vitest/config'

/**
 * Tests of the whole service from outside, started as a developer starts it. One file runs at a time, because each
 * server starts two runtimes.
 */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    environment: 'node',
    setupFiles: ['test/e2e/setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
  },
})

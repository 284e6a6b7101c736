import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/support/run-dirs.ts'],
    setupFiles: ['test/support/let-runner-speak.ts'],
    include: ['test/**/*.test.ts'],
    // Two processes: the tests start programs of their own.
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    // For what hangs; on a busy machine a slow test takes minutes.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', './test/totals.ts'],
  },
})

import { readFileSync } from 'node:fs'
import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig, type Plugin } from 'vitest/config'

/** In Node, importing a `.sql` file gives its text. In workerd, the rule in wrangler.toml does the same. */
const sqlAsText: Plugin = {
  name: 'sql-as-text',
  enforce: 'pre',
  load: (id) => (id.endsWith('.sql') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : null),
}

// Without these, Miniflare would fetch data about this machine's location, and Wrangler would send usage statistics.
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] ??= 'false'
process.env['WRANGLER_SEND_METRICS'] ??= 'false'

/** All files of a project share one isolate, because starting one takes seconds. */
const inWorkerd = { isolate: false, maxWorkers: 1, fileParallelism: false, testTimeout: 20_000 } as const

export default defineConfig({
  test: {
    // The Worker logs every run. The log is printed only for tests that fail.
    silent: 'passed-only',
    projects: [
      {
        plugins: [sqlAsText],
        test: { name: 'node', environment: 'node', include: ['test/**/*.node.test.ts'] },
      },
      {
        // The engine, in a Worker that is not the service.
        plugins: [cloudflareTest({ wrangler: { configPath: './test/engine/worker/wrangler.toml' } })],
        test: {
          name: 'engine',
          include: ['test/engine/**/*.test.ts'],
          exclude: ['test/**/*.node.test.ts'],
          setupFiles: ['./test/engine/setup.ts'],
          ...inWorkerd,
        },
      },
      {
        // The service, as wrangler.toml describes it.
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.node.test.ts', 'test/engine/**', 'test/e2e/**'],
          setupFiles: ['./test/setup.ts'],
          ...inWorkerd,
        },
      },
    ],
  },
})

import { readFileSync } from 'node:fs'
import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig, type Plugin } from 'vitest/config'

/** Outside workerd a `.sql` import is its text, as wrangler.toml's rule makes it inside. */
const sqlAsText: Plugin = {
  name: 'sql-as-text',
  enforce: 'pre',
  load: (id) => (id.endsWith('.sql') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : null),
}

// The simulator of the platform would ask the network about this machine, and report that it was started.
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] ??= 'false'
process.env['WRANGLER_SEND_METRICS'] ??= 'false'

/** One isolate for all files of a project: each file would cost seconds to start its own. */
const inWorkerd = { isolate: false, maxWorkers: 1, fileParallelism: false, testTimeout: 20_000 } as const

export default defineConfig({
  test: {
    // The Worker logs every run; worth reading where a test failed.
    silent: 'passed-only',
    projects: [
      {
        plugins: [sqlAsText],
        test: { name: 'node', environment: 'node', include: ['test/**/*.node.test.ts'] },
      },
      {
        // The engine in a Worker that is not ours.
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
        // The service: the Worker that wrangler.toml describes.
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

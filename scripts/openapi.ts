/**
 * `node scripts/openapi.ts [file]`: writes the answer of `GET /openapi.json` to a file (default: openapi.json) without
 * starting a server. It bundles the Worker and calls it in this process. Of the Workers platform, the Worker gets only
 * what it needs to load.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** What is used here of the Worker's app. */
interface App {
  request(path: string): Response | Promise<Response>
}

const [, , target = 'openapi.json'] = process.argv
const folder = mkdtempSync(join(tmpdir(), 'chard-openapi-'))
const outfile = join(folder, 'worker.mjs')

const platform: Plugin = {
  name: 'platform',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: 'platform' }))
    onLoad({ filter: /.*/, namespace: 'platform' }, () => ({
      contents: `export class DurableObject {}; export class WorkerEntrypoint {}
        export const env = {}; export const exports = {}; export const waitUntil = () => {}`,
    }))
  },
}

try {
  await build({
    entryPoints: [join(import.meta.dirname, '../src/app/app.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    loader: { '.sql': 'text', '.wasm': 'empty' },
    plugins: [platform],
    logLevel: 'error',
  })
  const { app }: { app: App } = await import(pathToFileURL(outfile).href)
  const response = await app.request('/openapi.json')
  if (response.status !== 200) throw new Error(`/openapi.json answered ${response.status}: ${await response.text()}`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `${JSON.stringify(await response.json(), null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

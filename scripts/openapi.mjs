/**
 * `node scripts/openapi.mjs <file>`: writes what `GET /openapi.json` answers, without starting a server. The Worker is
 * bundled and called in this process; of the platform it gets no more than it takes to load.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const [, , target = 'openapi.json'] = process.argv
const folder = mkdtempSync(join(tmpdir(), 'chard-openapi-'))
const outfile = join(folder, 'worker.mjs')

/** @type {import('esbuild').Plugin} */
const platform = {
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
  const { app } = await import(pathToFileURL(outfile).href)
  const answer = await app.request('/openapi.json')
  if (answer.status !== 200) throw new Error(`/openapi.json answered ${answer.status}: ${await answer.text()}`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `${JSON.stringify(await answer.json(), null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

/**
 * Makes the dashboard's program and style, and writes them as texts to src/admin/page-files.ts, so that they travel
 * with the Worker that mounts the admin, whatever its configuration says of assets. `npm install` runs this, and
 * wrangler's `[build]` after every change of the page. The result is not committed.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const admin = join(import.meta.dirname, '../src/admin')
const target = join(admin, 'page-files.ts')

const { outputFiles } = await build({
  entryPoints: [join(admin, 'page/main.tsx'), join(admin, 'page/dashboard.css')],
  outdir: 'made',
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  // Their licences ask for a word.
  banner: { js: '/* Chard. With Preact (MIT, Jason Miller) and uPlot (MIT, Leon Sorokin). */' },
  logLevel: 'warning',
})

/** @param {string} end */
function made(end) {
  const text = outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  return { text, stamp: createHash('sha256').update(text).digest('hex').slice(0, 12) }
}

const [script, style] = [made('.js'), made('.css')]
const module = `/** Made by scripts/page.mjs. */
export const script = { name: 'dashboard-${script.stamp}.js', text: ${JSON.stringify(script.text)} }
export const style = { name: 'dashboard-${style.stamp}.css', text: ${JSON.stringify(style.text)} }
`

// Only when it is another, and in one step: servers watch this file, and several may be making it at once.
if (!existsSync(target) || readFileSync(target, 'utf8') !== module) {
  const draft = `${target}.${process.pid}`
  writeFileSync(draft, module)
  renameSync(draft, target)
}

/**
 * Bundles the dashboard's script and style sheet and writes them as strings to src/admin/page-files.ts. They are part
 * of the Worker's code, so the dashboard works in any Worker that mounts the admin, without an assets configuration.
 * `npm install` runs this, and so does wrangler's `[build]` after every change of the dashboard. The result is not
 * committed.
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
  // Both licences require a notice.
  banner: { js: '/* Chard. With Preact (MIT, Jason Miller) and uPlot (MIT, Leon Sorokin). */' },
  logLevel: 'warning',
})

/** The text of the output file with this ending, and a hash of it for the file's name. */
function output(ending: string): { text: string; hash: string } {
  const text = outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  return { text, hash: createHash('sha256').update(text).digest('hex').slice(0, 12) }
}

const [script, style] = [output('.js'), output('.css')]
const module = `/** Made by scripts/page.ts. */
export const script = { name: 'dashboard-${script.hash}.js', text: ${JSON.stringify(script.text)} }
export const style = { name: 'dashboard-${style.hash}.css', text: ${JSON.stringify(style.text)} }
`

// Development servers watch this file, and several processes may write it at the same time. So it is written only when
// it has changed, and replaced in one step.
if (!existsSync(target) || readFileSync(target, 'utf8') !== module) {
  const draft = `${target}.${process.pid}`
  writeFileSync(draft, module)
  renameSync(draft, target)
}

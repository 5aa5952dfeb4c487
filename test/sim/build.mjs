/** Bundles the simulator with the engine's sources as they are, or with a bug planted in them. */
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles the simulator into one program.
 *
 * @param {{ outfile: string, plugins?: import('esbuild').Plugin[] }} options
 */
export async function buildSim({ outfile, plugins = [] }) {
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins,
  })
}

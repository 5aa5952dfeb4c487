/** The bundler's plugin that puts a mutant in the place of the engine's source. */
import { readFile } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import { withOpenSizes } from '../build.mjs'
import { filesOf, type Mutant, planted } from './mutant.ts'

export const engineFolder = resolve(import.meta.dirname, '../../../src/engine')

/** @throws when the bundle does not hold every file the mutant edits: nothing would have been planted */
export function plant(mutant: Mutant): Plugin {
  const missing = new Set(filesOf(mutant))
  return {
    name: `plant ${mutant.name}`,
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]engine[\\/].*\.ts$/ }, async ({ path }) => {
        const file = relative(engineFolder, path).split(sep).join('/')
        if (!missing.delete(file)) return undefined
        return { contents: withOpenSizes(path, planted(mutant, file, await readFile(path, 'utf8'))), loader: 'ts' }
      })
      build.onEnd(() => {
        if (missing.size > 0) throw new Error(`${mutant.name}: the simulator does not use ${[...missing].join(', ')}`)
      })
    },
  }
}

/** The bundler's plugin that builds the simulator with a mutant in the engine's source. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import { type Mutant, planted } from './mutant.ts'
import { type Engine, engineOf } from './symbols.ts'

const engineFolder = resolve(import.meta.dirname, '../../../src/engine')

/** The engine as it stands on disk. */
export function readEngine(): Engine {
  const files = readdirSync(engineFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .sort()
  return engineOf(new Map(files.map((file) => [slashed(file), readFileSync(join(engineFolder, file), 'utf8')])))
}

/** @throws when the bundle does not hold every file that the mutant changes: the bug would not be in it */
export function plant(mutant: Mutant, engine: Engine): Plugin {
  const changed = planted(mutant, engine)
  const missing = new Set(changed.keys())
  return {
    name: `plant ${mutant.name}`,
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]engine[\\/].*\.ts$/ }, ({ path }) => {
        const file = slashed(relative(engineFolder, path))
        const text = changed.get(file)
        if (text === undefined) return undefined
        missing.delete(file)
        return { contents: text, loader: 'ts' }
      })
      build.onEnd(() => {
        if (missing.size > 0) throw new Error(`${mutant.name}: the simulator does not use ${[...missing].join(', ')}`)
      })
    },
  }
}

function slashed(path: string): string {
  return path.split(sep).join('/')
}

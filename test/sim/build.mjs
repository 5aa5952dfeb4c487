/**
 * Bundles the simulator with the engine's own sources, so that the platform can be replaced below them: the clock, the
 * timers, chance and `cloudflare:workers` are the world's. Nothing of `src/` is changed but for a few sizes, so that a
 * run of a hundred jobs reaches what takes a hundred thousand outside.
 */
import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { build } from 'esbuild'

const at = (/** @type {string} */ path) => join(import.meta.dirname, path)

/** Limits that a run may draw smaller: file, the declaration as it stands, the name. */
const sizes = [
  { file: 'src/engine/ledger/memory/memory.ts', declared: 'export const readyMax = 100_000', name: 'readyMax' },
  { file: 'src/engine/ledger/memory/memory.ts', declared: 'const loadSlice = 1_000', name: 'loadSlice' },
  { file: 'src/engine/ledger/memory/memory.ts', declared: 'const lengthenedBy = 500', name: 'lengthenedBy' },
  { file: 'src/engine/ledger/memory/memory.ts', declared: 'const openedMax = 4_000', name: 'openedMax' },
  { file: 'src/engine/ledger/memory/spilled-lanes.ts', declared: 'export const laneShare = 1_000', name: 'laneShare' },
  { file: 'src/engine/ledger/maintenance/upkeep.ts', declared: 'const slice = 500', name: 'upkeepSlice' },
  {
    file: 'src/engine/ledger/maintenance/upkeep.ts',
    declared: 'export const finishedAboveMax = 4_096',
    name: 'finishedAboveMax',
  },
  { file: 'src/engine/ledger/maintenance/upkeep.ts', declared: 'const stragglersMax = 64', name: 'stragglersMax' },
  { file: 'src/engine/ledger/commands/bulk.ts', declared: 'const lookedMax = 2_000', name: 'bulkLookedMax' },
  { file: 'src/engine/ledger/commands/bulk.ts', declared: 'const changedMax = 500', name: 'bulkChangedMax' },
  { file: 'src/engine/ledger/commands/schedules.ts', declared: 'const slotsASlice = 10', name: 'slotsASlice' },
  { file: 'src/engine/ledger/commands/schedules.ts', declared: 'export const catchUpMax = 100', name: 'catchUpMax' },
]

/**
 * The text of a source file with its sizes left open. A plugin that replaces a file of the engine should pass its text
 * through here, or the run keeps that file's real sizes.
 *
 * @param {string} path
 * @param {string} text
 */
export function withOpenSizes(path, text) {
  const file = path.split(sep).join('/')
  for (const size of sizes) {
    if (!file.endsWith(size.file)) continue
    const [keywords, value] = size.declared.split(' = ')
    const inner = /** @type {string} */ (keywords).split(' ').at(-1)
    const open = `${/** @type {string} */ (keywords).replace('const', 'let')} = ${value}
;(globalThis.simulatedSizes ??= {}).${size.name} = (size) => { ${inner} = size ?? ${value} };`
    if (!text.includes(size.declared)) throw new Error(`${size.file} no longer says: ${size.declared}`)
    text = text.replace(size.declared, () => open)
  }
  return text
}

/** @type {import('esbuild').Plugin} */
const openSizes = {
  name: 'open-sizes',
  setup({ onLoad }) {
    onLoad(
      { filter: /src[\\/]engine[\\/]ledger[\\/]\w+[\\/](memory|spilled-lanes|upkeep|bulk|schedules)\.ts$/ },
      async ({ path }) => ({
        contents: withOpenSizes(path, await readFile(path, 'utf8')),
        loader: 'ts',
      }),
    )
  },
}

/**
 * Bundles the simulator into one program.
 *
 * @param {{ outfile: string, plugins?: import('esbuild').Plugin[] }} options plugins come first: what they load is used
 */
export async function buildSim({ outfile, plugins = [] }) {
  await build({
    entryPoints: [at('main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [...plugins, openSizes],
  })
}

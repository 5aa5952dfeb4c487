/**
 * `npm run sim:mutants`: every planted bug, one bundle each, until the simulator finds it.
 *
 *   npm run sim:mutants -- --seeds 2000       how many seeds a bug may live through: as many as CI runs
 *   npm run sim:mutants -- --base 1234        the first seed of an earlier run; each run prints its own
 *   npm run sim:mutants -- --only counts      the bugs whose name holds this
 *
 * A bug that is found proves that the checks can fail, but only if the engine itself holds in that very world: the seed
 * that found it is run once more without it.
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSim } from '../build.mjs'
import { silentBase } from '../seeds.ts'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { plant } from './plant.ts'
import { closing, heading, row, type Verdict } from './report.ts'
import { type Found, simulate } from './simulate.ts'

/** Two programs at a time: CI has two cores. */
const atOnce = Math.min(2, availableParallelism())
const seedsDefault = 2_000

const { values: options } = parseArgs({
  options: { seeds: { type: 'string' }, base: { type: 'string' }, only: { type: 'string', multiple: true } },
})
const seeds = Number(options.seeds ?? seedsDefault)
const base = Number(options.base ?? randomInt(2 ** 31))
const chosen = mutants.filter(({ name }) => options.only?.some((text) => name.includes(text)) ?? true)

// What was begun ends with this program, however it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
const folder = mkdtempSync(join(tmpdir(), 'chard-mutants-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

console.log(`${chosen.length} planted bugs, up to ${seeds} seeds each, from --base ${base}\n`)
const sound = join(folder, 'sound.mjs')
await buildSim({ outfile: sound })
console.log(heading)
const verdicts = await inParallel(chosen, (mutant, index) => judged(mutant, join(folder, `mutant-${index}`)))
const passed = verdicts.filter(({ found, isSound }) => found !== undefined && isSound).length
const failed = verdicts.length - passed
console.log(`${closing(verdicts)}\n\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function judged(mutant: Mutant, path: string): Promise<Verdict> {
  const startedAt = Date.now()
  const verdict = await sought(mutant, path)
  const timed = { ...verdict, seconds: (Date.now() - startedAt) / 1_000 }
  console.log(row(mutant, timed, baseOf(mutant)))
  return timed
}

async function sought(mutant: Mutant, path: string): Promise<Omit<Verdict, 'seconds'>> {
  try {
    await buildSim({ outfile: `${path}.mjs`, plugins: [plant(mutant)] })
    const found: Found | undefined = await simulate(`${path}.mjs`, {
      seeds,
      base: baseOf(mutant),
      report: `${path}.json`,
    })
    if (!found) return { found, isSound: true }
    const withoutIt = await simulate(sound, { seeds: 1, base: found.seed, report: `${path}-sound.json` })
    return { found, isSound: withoutIt === undefined }
  } catch (error) {
    return { found: undefined, isSound: true, trouble: String(error instanceof Error ? error.message : error) }
  }
}

function baseOf({ among }: Mutant): number {
  return among === 'silence' ? silentBase + base : base
}

/** Does the work for all of them, a few at a time, and answers in their order. */
async function inParallel<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}

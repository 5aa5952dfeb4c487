/**
 * `npm run sim:mutants`: every planted bug, one bundle each, until the simulator finds it.
 *
 *   npm run sim:mutants -- --seeds 2000       how many seeds a bug may live through: as many as CI runs
 *   npm run sim:mutants -- --base 1           the first of them, as in CI; without it each run draws its own, and prints it
 *   npm run sim:mutants -- --only counts      the bugs whose name holds this
 *   npm run sim:mutants -- --search           seed by seed from the base, whatever is remembered: how long each bug lives
 *   npm run sim:mutants -- --remember         writes down where each was found, for later runs over the same seeds
 *
 * A run begins with the world in which a bug was found before, if that is one of its seeds, see `remembered.ts`. A bug
 * that is not found there is sought among all of them, and fails the run if none finds it.
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
import { plant, readEngine } from './plant.ts'
import { type Remembered, remember, remembered } from './remembered.ts'
import { closing, heading, row, type Verdict } from './report.ts'
import { simulate } from './simulate.ts'

/** Two programs at a time: CI has two cores. */
const atOnce = Math.min(2, availableParallelism())
const seedsDefault = 2_000

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string' },
    base: { type: 'string' },
    only: { type: 'string', multiple: true },
    search: { type: 'boolean' },
    remember: { type: 'boolean' },
  },
})
const seeds = Number(options.seeds ?? seedsDefault)
const base = Number(options.base ?? randomInt(2 ** 31))
const known: Remembered = remembered()
/** The longest search first, by what is remembered, or one core would end with it alone. */
const chosen = mutants
  .filter(({ name }) => options.only?.some((text) => name.includes(text)) ?? true)
  .toSorted((a, b) => lastSeen(b) - lastSeen(a))

// What was begun ends with this program, however it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
const folder = mkdtempSync(join(tmpdir(), 'chard-mutants-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

console.log(`${chosen.length} planted bugs, up to ${seeds} seeds each, from --base ${base}\n`)
const engine = readEngine()
const soundBundle = join(folder, 'sound.mjs')
const soundWorlds = new Map<number, Promise<boolean>>()
await buildSim({ outfile: soundBundle })
console.log(heading)
const verdicts = await inParallel(chosen, (mutant, index) => judged(mutant, join(folder, `mutant-${index}`)))
if (options.remember) {
  remember(
    Object.fromEntries(verdicts.flatMap(({ name, found, isSound }) => (found && isSound ? [[name, found.seed]] : []))),
  )
}
const passed = verdicts.filter(({ found, isSound }) => found !== undefined && isSound).length
const failed = verdicts.length - passed
console.log(`${closing(verdicts)}\n\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function judged(mutant: Mutant, path: string): Promise<Verdict> {
  const startedAt = Date.now()
  const verdict = await sought(mutant, path)
  const timed = { name: mutant.name, ...verdict, seconds: (Date.now() - startedAt) / 1_000 }
  console.log(row(mutant, timed, baseOf(mutant)))
  return timed
}

async function sought(mutant: Mutant, path: string): Promise<Omit<Verdict, 'name' | 'seconds'>> {
  const hint = hintOf(mutant)
  let memory: Verdict['memory'] = hint === undefined ? 'none' : 'good'
  try {
    const bundle = `${path}.mjs`
    const report = `${path}.json`
    await buildSim({ outfile: bundle, plugins: [plant(mutant, engine)] })
    let found = hint === undefined ? undefined : await simulate(bundle, { seeds: 1, base: hint, report })
    if (!found) {
      if (hint !== undefined) memory = 'stale'
      found = await simulate(bundle, { seeds, base: baseOf(mutant), report })
    }
    return { found, memory, isSound: found === undefined || (await holdsWithoutBug(found.seed)) }
  } catch (error) {
    const trouble = String(error instanceof Error ? error.message : error)
    return { found: undefined, memory, isSound: true, trouble }
  }
}

/** Whether the engine itself holds in this world; asked once, however many bugs are found there. */
function holdsWithoutBug(seed: number): Promise<boolean> {
  const holds =
    soundWorlds.get(seed) ??
    simulate(soundBundle, { seeds: 1, base: seed, report: join(folder, `sound-${seed}.json`) }).then((found) => !found)
  soundWorlds.set(seed, holds)
  return holds
}

/** The remembered world, where it is one of those that this run looks through. */
function hintOf(mutant: Mutant): number | undefined {
  const hint = known[mutant.name]
  const first = baseOf(mutant)
  return options.search || hint === undefined || hint < first || hint >= first + seeds ? undefined : hint
}

/** How many seeds the search took when it was last made; one that was never made may take the longest. */
function lastSeen({ name, among }: Mutant): number {
  return (known[name] ?? Number.MAX_SAFE_INTEGER) - (among === 'silence' ? silentBase : 0)
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

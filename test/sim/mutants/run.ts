/**
 * `npm run sim:mutants`: builds the simulator with each planted bug, and runs it until it finds the bug.
 *
 *   npm run sim:mutants -- --seeds 2000       how many seeds may pass without finding a bug; 2,000 is the default
 *   npm run sim:mutants -- --base 1           the first seed, as in CI; without it each run draws one, and prints it
 *   npm run sim:mutants -- --only counts      the bugs whose name contains this text
 *   npm run sim:mutants -- --search           ignores the remembered seeds: shows how many seeds each bug takes
 *   npm run sim:mutants -- --remember         writes down the seed that found each bug, for later runs
 *
 * A run begins with the seed that found the bug before, if that is one of its seeds, see `remembered.ts`. If it does not
 * find the bug, all seeds are searched, and the run fails if none finds it.
 *
 * Finding a bug proves that the checks can fail, but only if the engine passes the same seed without the bug: so the
 * seed that found it is run once more without it.
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
const knownSeeds: Remembered = remembered()
/** The longest search first, by the remembered seeds: started last, it would leave one core idle at the end. */
const chosen = mutants
  .filter(({ name }) => options.only?.some((text) => name.includes(text)) ?? true)
  .toSorted((a, b) => lastSeen(b) - lastSeen(a))

// The child processes end with this program, however it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
const folder = mkdtempSync(join(tmpdir(), 'chard-mutants-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

console.log(`${chosen.length} planted bugs, up to ${seeds} seeds each, from --base ${base}\n`)
const engine = readEngine()
const soundBundle = join(folder, 'sound.mjs')
const soundSeeds = new Map<number, Promise<boolean>>()
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
  const verdict = await searched(mutant, path)
  const timed = { name: mutant.name, ...verdict, seconds: (Date.now() - startedAt) / 1_000 }
  console.log(row(mutant, timed, baseOf(mutant)))
  return timed
}

async function searched(mutant: Mutant, path: string): Promise<Omit<Verdict, 'name' | 'seconds'>> {
  const known = knownSeedOf(mutant)
  let hint: Verdict['hint'] = known === undefined ? 'none' : 'good'
  try {
    const bundle = `${path}.mjs`
    const report = `${path}.json`
    await buildSim({ outfile: bundle, plugins: [plant(mutant, engine)] })
    let found = known === undefined ? undefined : await simulate(bundle, { seeds: 1, base: known, report })
    if (!found) {
      if (known !== undefined) hint = 'stale'
      found = await simulate(bundle, { seeds, base: baseOf(mutant), report })
    }
    return { found, hint, isSound: found === undefined || (await passesWithoutBug(found.seed)) }
  } catch (error) {
    const trouble = String(error instanceof Error ? error.message : error)
    return { found: undefined, hint, isSound: true, trouble }
  }
}

/** Whether the engine without bugs passes this seed. Run once, however many bugs the seed finds. */
function passesWithoutBug(seed: number): Promise<boolean> {
  const passes =
    soundSeeds.get(seed) ??
    simulate(soundBundle, { seeds: 1, base: seed, report: join(folder, `sound-${seed}.json`) }).then((found) => !found)
  soundSeeds.set(seed, passes)
  return passes
}

/** The remembered seed, if it is one of those that this run searches. */
function knownSeedOf(mutant: Mutant): number | undefined {
  const seed = knownSeeds[mutant.name]
  const first = baseOf(mutant)
  return options.search || seed === undefined || seed < first || seed >= first + seeds ? undefined : seed
}

/** How many seeds the last search took. A bug that was never searched for counts as the longest. */
function lastSeen({ name, among }: Mutant): number {
  return (knownSeeds[name] ?? Number.MAX_SAFE_INTEGER) - (among === 'silence' ? silentBase : 0)
}

function baseOf({ among }: Mutant): number {
  return among === 'silence' ? silentBase + base : base
}

/** Does the work for all items, a few at a time. The results are in the order of the items. */
async function inParallel<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}

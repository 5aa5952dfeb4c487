/**
 * `npm run bench`: Chard beside what people use today, on this machine. Each round runs every contender once, so that a
 * noisy machine hits all alike; the figures to read are the ratios.
 *
 *   --rounds 5            how often; the medians count
 *   --only <measure>      one measure instead of all
 *   --contender <name>    those whose name begins so, instead of all
 *   --quick               small numbers, to see that everything works
 *   --shards 1            ledgers of Chard
 *   --cpu-profile <file>  a profile of Chard's Worker during end-to-end
 *
 * With every contender and in full size it writes `bench/results.json`, `docs/bench.md` and `docs/bench.svg`; a measure that is run
 * alone takes its place among what this machine has measured before.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chartOf } from './chart.ts'
import { installPeers } from './install.ts'
import { machine, settings, versions } from './machine.ts'
import { endToEnd } from './measures/end-to-end.ts'
import { largeShard } from './measures/large-shard.ts'
import type { Measure, Sample, Sizes } from './measures/measure.ts'
import { oneAtATime } from './measures/one-at-a-time.ts'
import { rateLimit } from './measures/rate-limit.ts'
import { signUp } from './measures/sign-up.ts'
import { singleEnqueues } from './measures/single-enqueues.ts'
import { captionOf, pageOf, type Run, reportOf } from './report.ts'
import { type MeasureResult, resultOf } from './results.ts'

const triesMax = 3

const measures: readonly Measure[] = [endToEnd, oneAtATime, singleEnqueues, signUp, rateLimit, largeShard]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    contender: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    shards: { type: 'string', default: '1' },
    'cpu-profile': { type: 'string' },
  },
})
const rounds = number('rounds', values.rounds)
const sizes: Sizes = {
  quick: values.quick,
  shards: number('shards', values.shards),
  ...(values['cpu-profile'] !== undefined && { cpuProfile: values['cpu-profile'] }),
}
const chosen = measures.filter(({ name }) => values.only === undefined || name === values.only)
const isKept = values.contender === '' && !sizes.quick
if (chosen.length === 0) refuse('only', values.only, measures.map(({ name }) => name).join(', '))

installPeers()
const results: MeasureResult[] = []
for (const measure of chosen) results.push(resultOf(measure, await samplesOf(measure)))

const run: Run = { machine: machine(), versions: versions(), settings: settings(sizes.shards), rounds, results }
console.log(`\n${reportOf(run)}`)
if (isKept) await keep(run)
process.exit(0)

/** Writes what is now known of this machine: this run, and what it has left out. */
async function keep(run: Run): Promise<void> {
  const file = join(import.meta.dirname, 'results.json')
  const before: Run | undefined = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
  const isSameMachine = before?.machine.cpu === run.machine.cpu && before.machine.cores === run.machine.cores
  const known = [...run.results, ...(isSameMachine ? before.results : [])]
  const all = { ...run, results: measures.flatMap(({ name }) => known.find((one) => one.name === name) ?? []) }
  const docs = join(import.meta.dirname, '../docs')
  await writeFile(file, `${JSON.stringify(all, undefined, 2)}\n`)
  await writeFile(join(docs, 'bench.md'), pageOf(all))
  await writeFile(join(docs, 'bench.svg'), chartOf(all.results, captionOf(all)))
}

/** A sample, taken anew where it failed: a run is long, and each of many programs may break once. It is said. */
async function taken(what: string, take: () => Promise<Sample>): Promise<Sample> {
  for (let tries = 1; ; tries++) {
    try {
      return await take()
    } catch (error) {
      if (tries === triesMax) throw error
      console.log(`${what} failed and is taken again: ${error}`)
    }
  }
}

/** Every contender once a round. */
async function samplesOf(measure: Measure): Promise<Record<string, Sample[]>> {
  const samples: Record<string, Sample[]> = {}
  const wanted = Object.entries(measure.contenders).filter(([name]) =>
    name.toLowerCase().startsWith(values.contender.toLowerCase()),
  )
  const count = Math.min(rounds, measure.roundsMax ?? rounds)
  for (let round = 1; round <= count; round++) {
    for (const [name, take] of wanted) {
      const sample = await taken(`${measure.name}, ${name}`, () => take(sizes))
      samples[name] = [...(samples[name] ?? []), sample]
      const told = Object.entries(sample).map(([figure, value]) => `${figure} ${value.toPrecision(4)}`)
      console.log(`${measure.name}, round ${round} of ${count}, ${name}: ${told.join(', ')}`)
    }
  }
  return samples
}

function number(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) refuse(option, text, 'a whole number from 1 to 9,999')
  return Number(text)
}

function refuse(option: string, value: string | undefined, takes: string): never {
  console.error(`--${option} is ${value}; it takes ${takes}`)
  process.exit(2)
}

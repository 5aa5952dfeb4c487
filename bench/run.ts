/**
 * `npm run bench`: compares Chard with the systems that people use today, on this machine. Each round runs every contender
 * once, so that a noisy machine affects all of them alike. Compare the ratios rather than the absolute figures.
 *
 *   --rounds 5            the number of rounds; the medians are reported
 *   --only <measure>      run one measure instead of all
 *   --contender <name>    run only the contenders whose name begins with this
 *   --quick               small numbers, to check that everything works
 *   --shards 1            the number of Chard's ledgers
 *   --cpu-profile <file>  write a CPU profile of Chard's Worker during end-to-end
 *   --documents           measure nothing; write the documents again from `bench/results.json`
 *
 * A full-size run of all contenders writes `bench/results.json`, `docs/bench.md` and `docs/bench.svg`. When only one measure
 * runs, its results replace those of the same measure, and the results of the other measures on this machine stay. The
 * table in `docs/speed.md` is replaced too; the text around it is written by hand.
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
import { captionOf, pageOf, type Run, reportOf, withSummary } from './report.ts'
import { type MeasureResult, resultOf } from './results.ts'

const resultsFile = join(import.meta.dirname, 'results.json')
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
    documents: { type: 'boolean', default: false },
  },
})
if (values.documents) {
  const stored = await storedRun()
  if (!stored) throw new Error(`${resultsFile} holds no results`)
  await writeDocuments(stored)
  process.exit(0)
}
const rounds = number('rounds', values.rounds)
const sizes: Sizes = {
  quick: values.quick,
  shards: number('shards', values.shards),
  ...(values['cpu-profile'] !== undefined && { cpuProfile: values['cpu-profile'] }),
}
const chosen = measures.filter(({ name }) => values.only === undefined || name === values.only)
const isStored = values.contender === '' && !sizes.quick
if (chosen.length === 0) refuse('only', values.only, measures.map(({ name }) => name).join(', '))

installPeers()
const results: MeasureResult[] = []
for (const measure of chosen) results.push(resultOf(measure, await samplesOf(measure)))

const run: Run = { machine: machine(), versions: versions(), settings: settings(sizes.shards), rounds, results }
console.log(`\n${reportOf(run)}`)
if (isStored) await store(run)
process.exit(0)

/** Stores the results of this run, together with earlier results of this machine for the measures that it left out. */
async function store(run: Run): Promise<void> {
  const before = await storedRun()
  const isSameMachine = before?.machine.cpu === run.machine.cpu && before.machine.cores === run.machine.cores
  const known = [...run.results, ...(isSameMachine ? before.results : [])]
  const all = { ...run, results: measures.flatMap(({ name }) => known.find((one) => one.name === name) ?? []) }
  await writeFile(resultsFile, `${JSON.stringify(all, undefined, 2)}\n`)
  await writeDocuments(all)
}

function storedRun(): Promise<Run | undefined> {
  return readFile(resultsFile, 'utf8').then(JSON.parse, () => undefined)
}

async function writeDocuments(run: Run): Promise<void> {
  const docs = join(import.meta.dirname, '../docs')
  await writeFile(join(docs, 'bench.md'), pageOf(run))
  await writeFile(join(docs, 'bench.svg'), chartOf(run.results, captionOf(run)))
  const speed = join(docs, 'speed.md')
  await writeFile(speed, withSummary(await readFile(speed, 'utf8'), run))
}

/** Takes a sample, and repeats a failed one: in a long run, any of the many programs may fail once. Failures are logged. */
async function sampleWithRetries(what: string, take: () => Promise<Sample>): Promise<Sample> {
  for (let tries = 1; ; tries++) {
    try {
      return await take()
    } catch (error) {
      if (tries === triesMax) throw error
      console.log(`${what} failed and is repeated: ${error}`)
    }
  }
}

/** Runs every contender once per round. */
async function samplesOf(measure: Measure): Promise<Record<string, Sample[]>> {
  const samples: Record<string, Sample[]> = {}
  const wanted = Object.entries(measure.contenders).filter(([name]) =>
    name.toLowerCase().startsWith(values.contender.toLowerCase()),
  )
  const count = Math.min(rounds, measure.roundsMax ?? rounds)
  for (let round = 1; round <= count; round++) {
    for (const [name, take] of wanted) {
      const sample = await sampleWithRetries(`${measure.name}, ${name}`, () => take(sizes))
      samples[name] = [...(samples[name] ?? []), sample]
      const figures = Object.entries(sample).map(([figure, value]) => `${figure} ${value.toPrecision(4)}`)
      console.log(`${measure.name}, round ${round} of ${count}, ${name}: ${figures.join(', ')}`)
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

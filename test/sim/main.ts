/**
 * The simulator's program: it spreads the seeds over worker threads, shows progress and reports. Exits with 0 when
 * every promise held and with 1 when one did not.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { argsOf } from './args.ts'
import { add, noFigures, type RunFigures } from './figures.ts'
import { Progress } from './progress.ts'
import { runSeed } from './run.ts'
import { tell, tellSeed } from './tell.ts'

interface Share {
  readonly first: number
  readonly stride: number
  readonly count: number
}

/** One seed in so many is run twice. */
const againEvery = 50
/** After so many violations the rest of a run is skipped. */
const violationsMax = 20

if (isMainThread) await main()
else await work(workerData as Share)

async function main(): Promise<void> {
  const args = argsOf(process.argv.slice(2))
  if (args.seed !== undefined) {
    process.exit((await tellSeed(args.seed)) ? 0 : 1)
  }
  if (!args.quiet) process.stdout.write(`simulating ${args.seeds} seeds from base ${args.base}\n`)
  const startedAt = performance.now()
  const progress = args.quiet ? undefined : new Progress(args.seeds)
  const figures = noFigures()
  const most = args.untilFailure ? 1 : violationsMax
  await overWorkers(args, (run) => {
    add(figures, run)
    figures.seconds = (performance.now() - startedAt) / 1_000
    progress?.show(figures)
    return figures.violations.length < most
  })
  progress?.end()
  figures.violations.sort((a, b) => a.seed - b.seed)
  if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(figures, null, 2)}\n`)
  if (!args.quiet) await tell(figures)
  process.exit(figures.violations.length === 0 ? 0 : 1)
}

/** Runs the seeds. Ends early when `take` returns false. */
async function overWorkers(
  { seeds, base, workers }: { seeds: number; base: number; workers: number },
  take: (run: RunFigures) => boolean,
): Promise<void> {
  const threads: Worker[] = []
  await Promise.all(
    Array.from({ length: Math.min(workers, seeds) }, (_, index) => {
      const share: Share = { first: base + index, stride: workers, count: Math.ceil((seeds - index) / workers) }
      const thread = new Worker(fileURLToPath(import.meta.url), { workerData: share })
      threads.push(thread)
      return new Promise<void>((resolve, reject) => {
        thread.on('message', (runs: RunFigures[]) => {
          if (runs.every(take)) return
          for (const one of threads) void one.terminate()
        })
        thread.on('error', reject)
        thread.on('exit', () => resolve())
      })
    }),
  )
}

async function work({ first, stride, count }: Share): Promise<void> {
  for (let index = 0; index < count; index++) {
    const seed = first + index * stride
    const run = await runSeed(seed)
    parentPort?.postMessage([index % againEvery === 0 ? await isOneHistory(run) : run] satisfies RunFigures[])
  }
}

/** Runs a seed again: a seed whose second history differs could not be replayed. */
async function isOneHistory(run: RunFigures): Promise<RunFigures> {
  if (run.violation) return run
  const again = await runSeed(run.seed)
  if (again.trace === run.trace && again.steps === run.steps) return run
  const message = `${run.steps} steps to ${run.trace}, then ${again.steps} to ${again.trace}`
  return { ...run, violation: { seed: run.seed, invariant: 'error', message: `not one history: ${message}` } }
}

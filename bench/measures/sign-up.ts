/**
 * The sign-up workload: each request is followed by an e-mail that takes two seconds and an image that takes five. It
 * measures the highest rate that a contender sustains for a minute, the latency of requests at that rate, and the work that
 * is lost when all processes are killed halfway through.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../client.ts'
import { ChardServer } from '../contenders/chard.ts'
import { FastApi } from '../contenders/fastapi.ts'
import { quantile } from '../statistics.ts'
import type { Measure, Sample, Sizes } from './measure.ts'
import { Pace } from './pace.ts'

const jobsPerSignUp = 2
/** The time of both jobs of a sign-up: FastAPI runs them one after the other. */
const jobMs = 7_000
const pollMs = 500
/** A rate is sustained if this share of the sign-ups completes in time, and the p99 of the requests stays below this. */
const completedShareMin = 0.98
const sustainedP99MsMax = 1_000
/** A rate is quick if the p99 of the requests is at most this multiple of the p99 on an idle server. */
const quickP99FactorMax = 2
/** A rate that was sustained in a short run may fail for a whole minute. It is then lowered by this factor. */
const stepDown = 0.85
const triesMax = 5
const warmUpRequests = 100
const warmUpPerSecond = 10
const warmUpMsMax = 30_000
/** A rate so low that FastAPI sustains it too. */
const idlePerSecond = 8
const idleRequests = 320
/** The highest rate of the crash test: afterwards, one runner on the local queue has to run all interrupted jobs again. */
const crashedPerSecond = 32
/** Jobs count as lost after this long without progress. Leases of dead runners lapse after 30 s, and their jobs run again. */
const noProgressMs = 60_000
const recoveryMsMax = 600_000
const watchdogMs = 30_000
/** Sign-ups in one request to `/unfinished`. */
const unfinishedBatch = 50

/** A server that takes sign-ups. */
interface Server extends AsyncDisposable {
  readonly client: Client
  /** The number of completed jobs. */
  completed(): Promise<number>
  /** The number of sign-ups with a job that has not completed. @param answers the responses to the sign-ups */
  unfinished(answers: readonly unknown[]): Promise<number>
  kill(): Promise<void>
  restart(): Promise<void>
  /** Runs the watchdog. Absent for a server without one. */
  cron?(): void
}

/** The result of one rate. */
interface Run {
  readonly rate: number
  /** Sign-ups per second whose jobs completed. */
  readonly completed: number
  /** The p99 latency of the requests, in milliseconds. */
  readonly p99: number
}

export const signUp: Measure = {
  name: 'sign-up',
  title: 'Sign-ups, each followed by an e-mail of 2 s and an image of 5 s',
  about:
    '`completed` is the number of sign-ups per second whose two jobs complete, at the highest steady rate that is ' +
    'sustained for a minute while 99 % of the requests are answered within a second; the jobs may finish up to the time ' +
    'of one sign-up after the minute. `p99 under load` is the latency of the requests at that rate. `completed quickly` ' +
    'is the same as `completed`, at the highest rate at which the p99 of the requests is at most twice that of an idle ' +
    'server; for FastAPI it repeats `completed`. `lost` counts the accepted sign-ups that do not complete after ' +
    `\`kill -9\` and a restart halfway through, at ${crashedPerSecond} per second or the highest sustained rate: by the ` +
    'ids of their jobs, or for FastAPI by their number',
  figures: {
    completed: { unit: 'sign-ups/s', better: 'more' },
    'p99 under load': { unit: 'ms', better: 'less' },
    'completed quickly': { unit: 'sign-ups/s', better: 'more' },
    'p99 idle': { unit: 'ms', better: 'less' },
    accepted: { unit: 'sign-ups before the kill', better: 'more' },
    lost: { unit: 'of these sign-ups', better: 'less' },
  },
  roundsMax: 1,
  levels: [
    { figure: 'completed', is: 'at least', value: 20, of: 'FastAPI BackgroundTasks' },
    { figure: 'completed quickly', is: 'at least', value: 20, of: 'FastAPI BackgroundTasks' },
    { figure: 'lost', is: 'at most', value: 0 },
  ],
  contenders: {
    Chard: (sizes) => sample(() => chard(sizes.shards), sizes, { firstRate: 64, measuresQuick: true }),
    'FastAPI BackgroundTasks': (sizes) => sample(fastApi, sizes, { firstRate: 8, measuresQuick: false }),
  },
}

async function chard(shards: number): Promise<Server> {
  const server = await ChardServer.start(shards)
  return Object.assign(server, {
    completed: async () => (await server.client.get<Record<string, number>>('/counts'))['completed'] ?? 0,
    unfinished: async (answers: readonly unknown[]) => {
      let count = 0
      const ids = (answers as readonly { readonly jobs: readonly string[] }[]).map(({ jobs }) => jobs)
      for (let from = 0; from < ids.length; from += unfinishedBatch) {
        const part = ids.slice(from, from + unfinishedBatch)
        const left = new Set(await server.client.get<string[]>(`/unfinished?ids=${part.flat()}`))
        count += part.filter((jobs) => jobs.some((id) => left.has(id))).length
      }
      return count
    },
  })
}

/** FastAPI's jobs have no ids. At least this many sign-ups are unfinished, judging by the number of completed jobs. */
async function fastApi(): Promise<Server> {
  const server = await FastApi.start()
  return Object.assign(server, {
    unfinished: async ({ length }: readonly unknown[]) =>
      Math.max(0, Math.ceil(length - (await server.completed()) / jobsPerSignUp)),
  })
}

/**
 * @param firstRate the first rate of the search for the highest one, in sign-ups per second
 * @param measuresQuick whether to search for the highest rate at which requests are quick, too
 */
async function sample(
  start: () => Promise<Server>,
  { quick }: Sizes,
  { firstRate, measuresQuick }: { readonly firstRate: number; readonly measuresQuick: boolean },
): Promise<Sample> {
  const idle = await idleP99(start, quick ? idleRequests / 4 : idleRequests)
  const isSustained = ({ rate, completed, p99 }: Run) =>
    completed >= rate * completedShareMin && p99 <= sustainedP99MsMax
  const isQuick = (run: Run) => isSustained(run) && run.p99 <= idle * quickP99FactorMax
  const short = memoized((rate: number) => sustained(start, rate, quick ? 5 : 12))
  const long = (rate: number) => sustained(start, rate, quick ? 10 : 60)
  const most = await confirmed(long, isSustained, await highestRate(short, isSustained, firstRate))
  const quickly =
    !measuresQuick || isQuick(most)
      ? most
      : await confirmed(long, isQuick, await highestRate(short, isQuick, firstRate))
  const { accepted, lost } = await crashed(start, Math.min(most.rate, crashedPerSecond), quick ? 6 : 20)
  return {
    completed: most.completed,
    'p99 under load': most.p99,
    'completed quickly': !measuresQuick || isQuick(quickly) ? quickly.completed : 0,
    'p99 idle': idle,
    accepted,
    lost,
  }
}

async function idleP99(start: () => Promise<Server>, requests: number): Promise<number> {
  await using server = await start()
  await warmUp(server)
  const { took } = await new Pace(server.client, '/users').keep(idlePerSecond, requests / idlePerSecond)
  return quantile(took, 0.99)
}

/** Remembers the result of each rate, so that no rate is measured twice. */
function memoized(run: (rate: number) => Promise<Run>): (rate: number) => Promise<Run> {
  const known = new Map<number, Promise<Run>>()
  return (rate) => {
    const before = known.get(rate)
    if (before) return before
    const running = run(rate)
    known.set(rate, running)
    return running
  }
}

/** Doubles the rate while a short run is good, then bisects between the last good rate and the first bad one. */
async function highestRate(
  run: (rate: number) => Promise<Run>,
  isGood: (run: Run) => boolean,
  firstRate: number,
): Promise<number> {
  let good = 0
  let bad = firstRate
  for (; isGood(await run(bad)); bad *= 2) good = bad
  // If even the first rate fails, `good` is 0 and the same bisection searches below that rate.
  for (let step = 0; step < 2; step++) {
    const middle = (good + bad) / 2
    if (isGood(await run(middle))) good = middle
    else bad = middle
  }
  return good === 0 ? bad / 2 : good
}

/** Measures a rate for the full time, and lowers it until the result is good. */
async function confirmed(
  run: (rate: number) => Promise<Run>,
  isGood: (run: Run) => boolean,
  firstRate: number,
): Promise<Run> {
  for (let [rate, tries] = [firstRate, 1]; ; [rate, tries] = [rate * stepDown, tries + 1]) {
    const whole = await run(rate)
    if (isGood(whole) || tries === triesMax) return whole
  }
}

/** Runs a steady rate: returns how many sign-ups completed per second before the deadline, and the p99 of the requests. */
async function sustained(start: () => Promise<Server>, rate: number, seconds: number): Promise<Run> {
  await using server = await start()
  const before = await warmUp(server)
  const { took } = await new Pace(server.client, '/users').keep(rate, seconds)
  const wanted = Math.round(rate * seconds) * jobsPerSignUp
  // Tolerates delays of the machine: 5 % of the time.
  const deadline = Date.now() + jobMs + seconds * 50
  let done = 0
  while (done < wanted && Date.now() < deadline) {
    await sleep(pollMs)
    done = (await server.completed()) - before
  }
  const run = { rate, completed: done / jobsPerSignUp / seconds, p99: quantile(took, 0.99) }
  const [offered, completed, p99] = [rate, run.completed, run.p99].map((figure) => figure.toFixed(1))
  console.log(`  ${offered} sign-ups/s for ${seconds} s: ${completed} completed per second, p99 ${p99} ms`)
  return run
}

/** Sends requests that are not measured, so that JIT compilers can work. Returns the number of completed jobs afterwards. */
async function warmUp(server: Server): Promise<number> {
  const { answers } = await new Pace(server.client, '/users').keep(warmUpPerSecond, warmUpRequests / warmUpPerSecond)
  const deadline = Date.now() + warmUpMsMax
  while ((await server.unfinished(answers)) > 0 && Date.now() < deadline) await sleep(pollMs)
  return await server.completed()
}

/** Kills all processes halfway through, restarts them, and counts the accepted sign-ups whose jobs never complete. */
async function crashed(start: () => Promise<Server>, rate: number, seconds: number) {
  await using server = await start()
  const pace = new Pace(server.client, '/users')
  const keeping = pace.keep(rate, seconds)
  await sleep((seconds * 1_000) / 2)
  await server.kill()
  pace.stop()
  const { answers } = await keeping
  await server.restart()
  const restartedAt = Date.now()
  for (let [cronAt, least, leastAt] = [0, answers.length, restartedAt]; ; await sleep(pollMs)) {
    if (Date.now() >= cronAt) {
      server.cron?.()
      cronAt = Date.now() + watchdogMs
    }
    const left = await server.unfinished(answers)
    if (left < least) [least, leastAt] = [left, Date.now()]
    const isStuck = Date.now() - leastAt > (server.cron ? noProgressMs : jobMs * 2)
    if (left === 0 || isStuck || Date.now() - restartedAt > recoveryMsMax) {
      return { accepted: answers.length, lost: left }
    }
  }
}

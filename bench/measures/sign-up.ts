/**
 * The sign-up workload: each request leaves an e-mail of two seconds and an image of five to be made afterwards. What rate
 * does each keep up with for a minute, what does a request cost then, and what is lost when everything is killed half way?
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../client.ts'
import { ChardServer } from '../contenders/chard.ts'
import { FastApi } from '../contenders/fastapi.ts'
import { quantile } from '../statistics.ts'
import type { Measure, Sample, Sizes } from './measure.ts'
import { Pace } from './pace.ts'

const jobsPerSignUp = 2
/** FastAPI runs the two one after the other. */
const jobMs = 7_000
const lookMs = 500
/** A rate is kept up with when this share of it was completed in time, and its requests took no longer than this. */
const keptUp = 0.98
const answeredMsMax = 1_000
/** What requests may take under load, as a multiple of what they take in an idle server. */
const slowerMax = 2
/** What a minute is not kept up with, a short run may have been: then it is tried with less. */
const stepDown = 0.85
const triesMax = 5
const warmUpRequests = 100
const warmUpPerSecond = 10
const warmUpMsMax = 30_000
/** As few as FastAPI keeps up with. */
const idlePerSecond = 8
const idleRequests = 320
/** When all is killed, so many come a second at most: what was cut off runs anew on a local queue that serves one runner. */
const crashedPerSecond = 32
/** What is not lost goes on: leases of the dead lapse after half a minute, and what lapsed runs anew. */
const stillMs = 60_000
const recoveryMsMax = 600_000
const watchdogMs = 30_000
/** Sign-ups in one question. */
const askedAtOnce = 50

/** What is asked for sign-ups. */
interface Server extends AsyncDisposable {
  readonly client: Client
  /** Jobs that have ended well. */
  completed(): Promise<number>
  /** Of these sign-ups, by what their requests were answered: how many have a job that has not ended well. */
  unfinished(answers: readonly unknown[]): Promise<number>
  kill(): Promise<void>
  restart(): Promise<void>
  /** Fires the watchdog, where there is one. */
  cron?(): void
}

/** How a rate went. */
interface Run {
  readonly rate: number
  /** Sign-ups whose jobs ended well, a second. */
  readonly completed: number
  /** Of the requests, in milliseconds. */
  readonly p99: number
}

export const signUp: Measure = {
  name: 'sign-up',
  title: 'Sign-ups, each followed by an e-mail of 2 s and an image of 5 s',
  about:
    'at the highest steady rate that is kept up for a minute with requests that are answered within a second (99 of a ' +
    'hundred): sign-ups whose two jobs have ended within the minute and the time of one, and what its requests take then. ' +
    '`completed quickly` is the same at the highest rate at which requests take no more than twice what they take in an ' +
    'idle server; of FastAPI all. And accepted sign-ups that `kill -9` and a ' +
    `restart half way have lost, at ${crashedPerSecond} a second or as many as are kept up with: by the ids of their jobs, or for FastAPI by their number`,
  figures: {
    completed: { unit: 'sign-ups/s', better: 'more' },
    'p99 under load': { unit: 'ms', better: 'less' },
    'completed quickly': { unit: 'sign-ups/s', better: 'more' },
    'p99 idle': { unit: 'ms', better: 'less' },
    accepted: { unit: 'before the kill', better: 'more' },
    lost: { unit: 'of them', better: 'less' },
  },
  roundsMax: 1,
  levels: [
    { figure: 'completed', is: 'at least', value: 20, of: 'FastAPI BackgroundTasks' },
    { figure: 'completed quickly', is: 'at least', value: 20, of: 'FastAPI BackgroundTasks' },
    { figure: 'lost', is: 'at most', value: 0 },
  ],
  contenders: {
    Chard: (sizes) => sample(() => chard(sizes.shards), sizes, { firstRate: 64, isHeldToP99: true }),
    'FastAPI BackgroundTasks': (sizes) => sample(fastApi, sizes, { firstRate: 8, isHeldToP99: false }),
  },
}

async function chard(shards: number): Promise<Server> {
  const server = await ChardServer.start(shards)
  return Object.assign(server, {
    completed: async () => (await server.client.get<Record<string, number>>('/counts'))['completed'] ?? 0,
    unfinished: async (answers: readonly unknown[]) => {
      let count = 0
      const ids = (answers as readonly { readonly jobs: readonly string[] }[]).map(({ jobs }) => jobs)
      for (let asked = 0; asked < ids.length; asked += askedAtOnce) {
        const part = ids.slice(asked, asked + askedAtOnce)
        const left = new Set(await server.client.get<string[]>(`/unfinished?ids=${part.flat()}`))
        count += part.filter((jobs) => jobs.some((id) => left.has(id))).length
      }
      return count
    },
  })
}

/** Its jobs have no names: by their number, at least so many sign-ups are not whole. */
async function fastApi(): Promise<Server> {
  const server = await FastApi.start()
  return Object.assign(server, {
    unfinished: async ({ length }: readonly unknown[]) =>
      Math.max(0, Math.ceil(length - (await server.completed()) / jobsPerSignUp)),
  })
}

/**
 * @param firstRate where the search for the highest rate begins, in sign-ups a second
 * @param isHeldToP99 the highest rate at which requests are quick is looked for, too
 */
async function sample(
  start: () => Promise<Server>,
  { quick }: Sizes,
  { firstRate, isHeldToP99 }: { readonly firstRate: number; readonly isHeldToP99: boolean },
): Promise<Sample> {
  const idle = await idleP99(start, quick ? idleRequests / 4 : idleRequests)
  const isKeptUp = ({ rate, completed, p99 }: Run) => completed >= rate * keptUp && p99 <= answeredMsMax
  const isQuick = (run: Run) => isKeptUp(run) && run.p99 <= idle * slowerMax
  const short = once((rate: number) => sustained(start, rate, quick ? 5 : 12))
  const long = (rate: number) => sustained(start, rate, quick ? 10 : 60)
  const most = await kept(long, isKeptUp, await highestRate(short, isKeptUp, firstRate))
  const quickly =
    !isHeldToP99 || isQuick(most) ? most : await kept(long, isQuick, await highestRate(short, isQuick, firstRate))
  const { accepted, lost } = await crashed(start, Math.min(most.rate, crashedPerSecond), quick ? 6 : 20)
  return {
    completed: most.completed,
    'p99 under load': most.p99,
    'completed quickly': !isHeldToP99 || isQuick(quickly) ? quickly.completed : 0,
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

/** What a rate has once given, it is not asked for again. */
function once(run: (rate: number) => Promise<Run>): (rate: number) => Promise<Run> {
  const known = new Map<number, Promise<Run>>()
  return (rate) => {
    const before = known.get(rate)
    if (before) return before
    const running = run(rate)
    known.set(rate, running)
    return running
  }
}

/** Doubles the rate while a short run is good, then looks between the last that was and the first that was not. */
async function highestRate(
  run: (rate: number) => Promise<Run>,
  isGood: (run: Run) => boolean,
  firstRate: number,
): Promise<number> {
  let good = 0
  let bad = firstRate
  for (; isGood(await run(bad)); bad *= 2) good = bad
  // None that was good yet: what lies below the first try is looked at just the same.
  for (let step = 0; step < 2; step++) {
    const middle = (good + bad) / 2
    if (isGood(await run(middle))) good = middle
    else bad = middle
  }
  return good === 0 ? bad / 2 : good
}

/** The whole time at a rate, or at as much less as it takes. */
async function kept(
  run: (rate: number) => Promise<Run>,
  isGood: (run: Run) => boolean,
  firstRate: number,
): Promise<Run> {
  for (let [rate, tries] = [firstRate, 1]; ; [rate, tries] = [rate * stepDown, tries + 1]) {
    const whole = await run(rate)
    if (isGood(whole) || tries === triesMax) return whole
  }
}

/** A steady rate for so long: how many were completed a second by the time the last could be, and what requests took. */
async function sustained(start: () => Promise<Server>, rate: number, seconds: number): Promise<Run> {
  await using server = await start()
  const before = await warmUp(server)
  const { took } = await new Pace(server.client, '/users').keep(rate, seconds)
  const wanted = Math.round(rate * seconds) * jobsPerSignUp
  // A twentieth of the time for what the machine is late with.
  const deadline = Date.now() + jobMs + seconds * 50
  let done = 0
  while (done < wanted && Date.now() < deadline) {
    await sleep(lookMs)
    done = (await server.completed()) - before
  }
  const run = { rate, completed: done / jobsPerSignUp / seconds, p99: quantile(took, 0.99) }
  const [asked, completed, p99] = [rate, run.completed, run.p99].map((figure) => figure.toFixed(1))
  console.log(`  ${asked} sign-ups/s for ${seconds} s: ${completed} completed a second, p99 ${p99} ms`)
  return run
}

/** Requests that are not counted, for what is compiled as it runs. Answers how many jobs have ended once theirs have. */
async function warmUp(server: Server): Promise<number> {
  const { answers } = await new Pace(server.client, '/users').keep(warmUpPerSecond, warmUpRequests / warmUpPerSecond)
  const deadline = Date.now() + warmUpMsMax
  while ((await server.unfinished(answers)) > 0 && Date.now() < deadline) await sleep(lookMs)
  return await server.completed()
}

/** `kill -9` of everything half way: how many of those that were answered never get their e-mail and image. */
async function crashed(start: () => Promise<Server>, rate: number, seconds: number) {
  await using server = await start()
  const pace = new Pace(server.client, '/users')
  const keeping = pace.keep(rate, seconds)
  await sleep((seconds * 1_000) / 2)
  await server.kill()
  pace.stop()
  const { answers } = await keeping
  await server.restart()
  const begunAt = Date.now()
  for (let [cronAt, least, leastAt] = [0, answers.length, begunAt]; ; await sleep(lookMs)) {
    if (Date.now() >= cronAt) {
      server.cron?.()
      cronAt = Date.now() + watchdogMs
    }
    const left = await server.unfinished(answers)
    if (left < least) [least, leastAt] = [left, Date.now()]
    const isStill = Date.now() - leastAt > (server.cron ? stillMs : jobMs * 2)
    if (left === 0 || isStill || Date.now() - begunAt > recoveryMsMax) return { accepted: answers.length, lost: left }
  }
}

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
const lookMs = 250
/** A rate is kept up with when this share of it was completed in time. */
const keptUp = 0.98
/** What a minute is not kept up with, a short run may have been: then it is tried with less. */
const stepDown = 0.9
const triesMax = 4
const idleRequests = 200
const idlePerSecond = 20
/** A dead isolate's leases have to lapse, which takes half a minute, and what lapsed runs anew. */
const recoveryMs = 120_000
const watchdogMs = 30_000

/** What is asked for sign-ups. */
interface Server extends AsyncDisposable {
  readonly client: Client
  /** Jobs that have ended well. */
  completed(): Promise<number>
  kill(): Promise<void>
  restart(): Promise<void>
  /** Fires the watchdog, where there is one. */
  cron?(): void
}

export const signUp: Measure = {
  name: 'sign-up',
  title: 'Sign-ups, each followed by an e-mail of 2 s and an image of 5 s',
  about:
    'at the highest steady rate that is kept up for a minute: sign-ups whose two jobs have ended within the minute and ' +
    'the time of one; what requests take then, at half of it and in an idle server; and accepted sign-ups that ' +
    '`kill -9` and a restart half way have lost, at the least',
  figures: {
    completed: { unit: 'sign-ups/s', better: 'more' },
    'p99 under load': { unit: 'ms', better: 'less' },
    'p99 at half of it': { unit: 'ms', better: 'less' },
    'p99 idle': { unit: 'ms', better: 'less' },
    accepted: { unit: 'before the kill', better: 'more' },
    lost: { unit: 'of them', better: 'less' },
  },
  roundsMax: 1,
  levels: [
    { figure: 'completed', is: 'at least', value: 20, of: 'FastAPI BackgroundTasks' },
    { figure: 'p99 under load', is: 'at most', value: 2, ofFigure: 'p99 idle' },
    { figure: 'lost', is: 'at most', value: 0 },
  ],
  contenders: {
    Chard: (sizes) => sample(() => chard(sizes.shards), sizes, 64),
    'FastAPI BackgroundTasks': (sizes) => sample(() => FastApi.start(), sizes, 4),
  },
}

async function chard(shards: number): Promise<Server> {
  const server = await ChardServer.start(shards)
  return Object.assign(server, {
    completed: async () => (await server.client.get<Record<string, number>>('/counts'))['completed'] ?? 0,
  })
}

/** @param firstRate where the search for the highest rate begins, in sign-ups a second */
async function sample(start: () => Promise<Server>, { quick }: Sizes, firstRate: number): Promise<Sample> {
  const idle = await (async () => {
    await using server = await start()
    return (await new Pace(server.client, '/users').keep(idlePerSecond, idleRequests / idlePerSecond)).took
  })()
  const found = await highestRate(start, firstRate, quick ? 5 : 12)
  const { rate, completed, took } = await kept(start, found, quick ? 10 : 60)
  const half = await sustained(start, rate / 2, quick ? 5 : 20)
  const { accepted, lost } = await crashed(start, rate, quick ? 6 : 20)
  return {
    completed,
    'p99 under load': quantile(took, 0.99),
    'p99 at half of it': quantile(half.took, 0.99),
    'p99 idle': quantile(idle, 0.99),
    accepted,
    lost,
  }
}

/** Doubles the rate while a short run keeps up with it, then looks between the last that did and the first that did not. */
async function highestRate(start: () => Promise<Server>, firstRate: number, seconds: number): Promise<number> {
  const keepsUp = async (rate: number) => {
    const { completed } = await sustained(start, rate, seconds)
    return completed >= rate * keptUp
  }
  let good = 0
  let bad = firstRate
  for (; await keepsUp(bad); bad *= 2) good = bad
  // None that kept up yet: what lies below the first try is looked at just the same.
  for (let step = 0; step < 3; step++) {
    const middle = (good + bad) / 2
    if (await keepsUp(middle)) good = middle
    else bad = middle
  }
  return good === 0 ? bad / 2 : good
}

/** The whole time at the rate that a short run has found, or at as much less as it takes. */
async function kept(start: () => Promise<Server>, found: number, seconds: number) {
  for (let [rate, tries] = [found, 1]; ; [rate, tries] = [rate * stepDown, tries + 1]) {
    const { completed, took } = await sustained(start, rate, seconds)
    if (completed >= rate * keptUp || tries === triesMax) return { rate, completed, took }
  }
}

/** A steady rate for so long: how many were completed a second by the time the last could be, and what requests took. */
async function sustained(start: () => Promise<Server>, rate: number, seconds: number) {
  await using server = await start()
  const { took } = await new Pace(server.client, '/users').keep(rate, seconds)
  const wanted = Math.round(rate * seconds) * jobsPerSignUp
  // A twentieth of the time for what the machine is late with.
  const deadline = Date.now() + jobMs + seconds * 50
  let done = 0
  while (done < wanted && Date.now() < deadline) {
    await sleep(lookMs)
    done = await server.completed()
  }
  const completed = done / jobsPerSignUp / seconds
  console.log(`  asked for ${rate.toFixed(1)} sign-ups/s for ${seconds} s: ${completed.toFixed(1)} completed a second`)
  return { completed, took }
}

/** `kill -9` of everything half way: how many of those that were answered never get their e-mail and image. */
async function crashed(start: () => Promise<Server>, rate: number, seconds: number) {
  await using server = await start()
  const pace = new Pace(server.client, '/users')
  const keeping = pace.keep(rate, seconds)
  await sleep((seconds * 1_000) / 2)
  await server.kill()
  pace.stop()
  const { took } = await keeping
  await server.restart()
  const wanted = took.length * jobsPerSignUp
  const done = await recovered(server, wanted)
  // Which jobs are missing cannot be told by counts: at least so many sign-ups are not whole.
  return { accepted: took.length, lost: Math.max(0, Math.ceil((wanted - done) / jobsPerSignUp)) }
}

/** Jobs that have ended once all have, or once no more are to be expected. */
async function recovered(server: Server, wanted: number): Promise<number> {
  const waitsMs = server.cron ? recoveryMs : jobMs * 2
  const deadline = Date.now() + waitsMs
  for (let cronAt = 0; ; ) {
    if (Date.now() >= cronAt) {
      server.cron?.()
      cronAt = Date.now() + watchdogMs
    }
    const done = await server.completed()
    if (done >= wanted || Date.now() > deadline) return done
    await sleep(lookMs)
  }
}

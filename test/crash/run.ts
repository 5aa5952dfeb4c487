/**
 * `npm run test:crash`: `kill -9` of a whole development server, again and again, while a client sends it jobs. In the end every
 * accepted job must be final, once, and the records must agree with what a witness saw.
 *
 *   KILLS=25 JOBS=3000   how many kills, and over how many accepted jobs at least
 *   SEED=…               the jobs and the times of an earlier run; each run prints its seed
 *
 * KILLS=5 JOBS=600 is the small form, for every change. The local queue forgets its messages with each kill, and a dead
 * runner's leases take half a minute to lapse, so the end takes at least that.
 */
import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../e2e/dev-server.ts'
import { figures } from './figures.ts'
import { glance, readRecorded, unfinished } from './ledger-rows.ts'
import { Load } from './load.ts'
import { calmBackground, killMoments, requests } from './plan.ts'
import { Victim } from './server.ts'
import { checks, type Evidence } from './verdict.ts'

const kills = option('KILLS', 25)
const jobs = option('JOBS', 3_000)
const seed = option('SEED', randomInt(2 ** 31))

/** How long everything may take to become final once nothing is killed any more. */
const recoveryMs = 4 * 60_000
const progressMs = 5_000
/** In production the watchdog comes every minute. */
const watchdogMs = 30_000
const calmCount = 10
/** The share of the jobs that comes evenly. The others come in a burst that a kill ends. */
const steadyShare = 0.6
const rushMs = 300
/** On a busy machine the development server now and then ends by itself. */
const fallsMax = 3
/** How many contradictions of a promise are printed. */
const shownMax = 5

process.chdir(join(import.meta.dirname, '../..'))
// All processes of the server end with this program, even if this program is killed.
const guard = new URL('../../scripts/dev/exit-with-parent.ts', import.meta.url).href
process.env['CHARD_DEV_PID'] = String(process.pid)
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import=${guard}`.trim()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

console.log(`SEED=${seed} KILLS=${kills} JOBS=${jobs}`)
const startedAt = Date.now()
const store = (await temporaryFolder()).path
let failed = 1
let passed = 0
try {
  const victim = await Victim.start(store)
  try {
    await judge(victim)
  } catch (error) {
    console.error(error)
    console.error(`The server said:\n${victim.server.log.slice(-4_000)}`)
  } finally {
    await victim.end()
  }
} catch (error) {
  console.error(error)
  failed = Math.max(1, failed)
}
if (failed === 0) await rm(store, { recursive: true, force: true, maxRetries: 5 })
else console.log(`\nIts stores are kept in ${store}`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

async function judge(victim: Victim): Promise<void> {
  const load = new Load(victim.server, requests(seed))
  await underFire(victim, load)
  const calm = calmBackground(calmCount)
  for (const job of calm) {
    await victim.server.fetch('/jobs', { method: 'POST', body: JSON.stringify([job]) })
  }
  await recover(victim)
  const recorded = await readRecorded(victim.server)
  const lastReadyAt = victim.readyAt
  const endedAt = Date.now()

  await victim.kill()
  await victim.restart()
  const reread = await readRecorded(victim.server)

  const { restartsMs, unarmed, alarming, events } = victim
  console.log()
  const time = { kills: victim.kills, startedAt, lastReadyAt, endedAt, restartsMs, events }
  for (const [name, figure] of figures(load, recorded, time)) console.log(`${name.padEnd(16)} ${figure}`)
  console.log()
  report({ load, recorded, reread, calm: calm.map(({ n }) => n), unarmed, alarming })
}

/** Kills at the planned times while jobs come in, most of them just before, so that a kill meets them at work. */
async function underFire(victim: Victim, load: Load): Promise<void> {
  const moments = killMoments(seed, kills)
  const aliveMs = Math.max(
    1,
    moments.reduce((sum, ms) => sum + ms, 0),
  )
  let pastMs = 0
  for (const momentMs of moments) {
    const began = Date.now()
    const target = () => {
      const passedMs = Math.min(momentMs, Date.now() - began)
      const isRush = momentMs - passedMs < rushMs
      return Math.ceil((jobs * (pastMs + (isRush ? momentMs : passedMs * steadyShare))) / aliveMs)
    }
    const asking = load.run(target)
    await sleep(momentMs)
    await victim.kill()
    load.stop()
    await asking
    pastMs += momentMs
    const { states } = await victim.restart()
    load.isRefused = false
    const { completed = 0, failed = 0, running = 0 } = states
    console.log(
      `kill ${victim.kills} after ${(momentMs / 1_000).toFixed(1)} s: ${load.promised.size} accepted; ` +
        `${completed + failed} ended, ${running} were running, ${unfinished(states) - running} wait`,
    )
  }
  await fillUp(victim, load)
}

/** The rest of the jobs, without kills. A server that ends by itself counts as crashed. */
async function fillUp(victim: Victim, load: Load): Promise<void> {
  for (let falls = 0; ; falls++) {
    const asking = load.run(() => jobs)
    while ((load.promised.size < jobs || load.owes) && !load.isRefused) await sleep(50)
    load.stop()
    await asking
    if (!load.isRefused) return
    console.log(`the server fell by itself. It said:\n${victim.server.log.slice(-1_000)}`)
    if (falls >= fallsMax) throw new Error('the server does not stay up')
    await victim.kill()
    await victim.restart()
    load.isRefused = false
  }
}

/** Waits until no job is unfinished. */
async function recover(victim: Victim): Promise<void> {
  const began = Date.now()
  for (let cronAt = 0; ; ) {
    if (Date.now() >= cronAt) {
      await victim.server.cron()
      cronAt = Date.now() + watchdogMs
    }
    const { states } = await glance(victim.server)
    const left = unfinished(states)
    const seconds = Math.round((Date.now() - began) / 1_000)
    console.log(`${seconds} s: ${left} unfinished, ${states['running']} of them running`)
    if (left === 0) return
    // The verdict reports what is left.
    if (Date.now() - began > recoveryMs) return
    await sleep(progressMs)
  }
}

function report(evidence: Evidence): void {
  failed = 0
  for (const [name, check] of Object.entries(checks)) {
    const against = check(evidence)
    console.log(`${against.length === 0 ? 'pass' : 'FAIL'}  ${name}`)
    for (const one of against.slice(0, shownMax)) console.log(`        ${one}`)
    if (against.length > shownMax) console.log(`        and ${against.length - shownMax} more`)
    if (against.length === 0) passed++
    else failed++
  }
}

function option(name: string, otherwise: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${name} is ${text}; it takes a whole number`)
  return Number(text)
}

/**
 * `kill -9` of the whole development server, twice, while people sign up. Nothing that was accepted may be lost, although the local
 * queue forgets every message in a crash: the ledgers and the watchdog know what is still to be done.
 *
 * Run it again as it was with SEED=<the number it printed>.
 */

import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Chance } from '../../src/testing/chance.ts'
import { type JobView, pngSize, type SignedUp } from './client.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'

/** So many that some are at work at any time, however fast the machine is. */
const people = 120
const crashes = 2
/** The watchdog takes two minutes to be sure that nobody else is still at it; the rest is for slow machines. */
const recoveryMs = 5 * 60_000
const adminToken = 'only-for-this-test'

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const chance = new Chance(seed)

it(`completes every accepted job after ${crashes} crashes`, { timeout: recoveryMs + 120_000 }, async () => {
  console.log(`SEED=${seed}`)
  await using store = await temporaryFolder()
  const server = await DevServer.start('npm run dev', store.path, ['--var', `ADMIN_TOKEN:${adminToken}`])
  try {
    const accepted = new Map<string, SignedUp>()
    const waiting: string[] = []
    let interrupted = 0
    for (let crash = 1; crash <= crashes; crash++) {
      waiting.push(...Array.from({ length: people / crashes }, (_, index) => `person-${crash}-${index}@example.com`))
      const enough = accepted.size + Math.ceil((chance.random() * people) / crashes / 2)
      const signingUp = signUp(server, waiting, accepted)
      while (accepted.size < enough) await sleep(1)
      // Somewhere in the middle of requests, claims, drawings and letters.
      await sleep(chance.random() * 30)
      await server.kill()
      await signingUp
      await server.restart()
      const { queued, running, completed } = await counts(server)
      interrupted += queued + running
      console.log(
        `crash ${crash}: ${accepted.size} accepted; ${queued} queued, ${running} running, ${completed} completed`,
      )
    }
    expect(interrupted, 'jobs that a crash interrupted').toBeGreaterThan(0)
    await signUp(server, waiting, accepted)
    expect(accepted.size).toBe(people)

    await recover(server, accepted)

    for (const job of await jobsOf(server, accepted)) {
      expect(job).toMatchObject({ state: 'completed' })
      expect(job.attempt).toBeLessThanOrEqual(job.maxAttempts)
    }
    for (const { user } of accepted.values()) {
      const picture = await server.fetch(`${user.url}/avatar.png?size=512`)
      expect(pngSize(await picture.arrayBuffer())).toEqual({ width: 512, height: 512 })
    }
    expect(await welcomed(server, accepted)).toBe(people)
  } finally {
    await server.stop()
  }
})

/**
 * Ten people at a time, each with a key, so that whoever got no answer asks again without becoming two users. Ends
 * when nobody is waiting or the server is gone.
 */
async function signUp(server: DevServer, waiting: string[], accepted: Map<string, SignedUp>): Promise<void> {
  let alive = true
  async function ask(): Promise<void> {
    while (alive) {
      const email = waiting.shift()
      if (email === undefined) return
      try {
        const answer = await server.fetch('/users', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `sign-up-${email}` },
          body: JSON.stringify({ email }),
        })
        const body = await answer.text()
        if (isLost(answer.status, body)) throw new TypeError(body)
        expect(answer.status, body).toBe(202)
        accepted.set(email, JSON.parse(body))
      } catch (error) {
        // A connection that broke is a TypeError. Whether the sign-up was accepted, its client cannot know.
        if (!(error instanceof TypeError)) throw error
        waiting.unshift(email)
        alive = false
      }
    }
  }
  await Promise.all(Array.from({ length: 10 }, ask))
}

/** True when what stands in front of the Worker says that it lost the request. The Worker itself answers errors with a problem. */
function isLost(status: number, body: string): boolean {
  if (status === 503) return body.includes('restarted mid-request')
  return status === 500 && body.startsWith('Error: Network connection lost.') && body.includes('entry.worker.js')
}

/** Fires the cron trigger, as production does every minute, until nothing is left to be done. */
async function recover(server: DevServer, accepted: Map<string, SignedUp>): Promise<void> {
  const started = Date.now()
  for (;;) {
    await server.cron()
    const jobs = await jobsOf(server, accepted)
    const completed = jobs.filter(({ state }) => state === 'completed').length
    const letters = await welcomed(server, accepted)
    const seconds = Math.round((Date.now() - started) / 1_000)
    if (completed === people && letters === people) return console.log(`all completed and welcomed in ${seconds} s`)
    if (Date.now() - started > recoveryMs) {
      const left = jobs.filter(({ state }) => state !== 'completed')
      throw new Error(`after ${seconds} s ${completed} completed, ${letters} welcomed; left: ${JSON.stringify(left)}`)
    }
    await sleep(5_000)
  }
}

async function counts(server: DevServer): Promise<Record<'queued' | 'running' | 'completed', number>> {
  const answer = await server.fetch('/admin/api/overview')
  const { states } = (await answer.json()) as { states: Record<'queued' | 'running' | 'completed', number> }
  return states
}

async function jobsOf(server: DevServer, accepted: Map<string, SignedUp>): Promise<JobView[]> {
  const jobs: JobView[] = []
  for (const { job } of accepted.values()) {
    const answer = await server.fetch(job.url)
    expect(answer.status, `${job.url}, which was accepted`).toBe(200)
    jobs.push((await answer.json()) as JobView)
  }
  return jobs
}

async function welcomed(server: DevServer, accepted: Map<string, SignedUp>): Promise<number> {
  let count = 0
  for (const { user } of accepted.values()) {
    const answer = await server.fetch(user.url, { headers: { Authorization: `Bearer ${adminToken}` } })
    const { welcomedAt } = (await answer.json()) as { welcomedAt: string | null }
    if (welcomedAt !== null) count++
  }
  return count
}

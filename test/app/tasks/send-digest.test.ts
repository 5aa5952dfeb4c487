import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chard } from '../../../src/app/chard.ts'
import { openUsers } from '../../../src/app/database/database.ts'
import { dailyDigest, sendDigest } from '../../../src/app/tasks/send-digest.ts'
import worker from '../../../src/index.ts'
import { dismissCarrier, hireCarrier } from '../mail/carrier.ts'
import { run } from './run.ts'

const dayMs = 86_400_000
/** Eight in the morning of some day. */
const slot = Date.UTC(2026, 10, 24, 8)
const schedule = { name: 'daily-digest', slot }

let carrier: ReturnType<typeof hireCarrier>
beforeEach(async () => {
  carrier = hireCarrier()
  const users = await openUsers(env)
  const made = [slot - dayMs - 1, slot - dayMs, slot - 1, slot]
  for (const [index, createdAt] of made.entries()) {
    const email = `user${index}@example.com`
    await users.create({ id: index + 1, email, emailKey: email, keyHash: null, requestHash: null, createdAt })
  }
  await users.welcomed(2, slot)
  await users.imageHandedOver(3, 'job-3')
})
afterEach(() => {
  Object.assign(env, { MAIL_FROM: '', ADMIN_EMAIL: '' })
  dismissCarrier()
  vi.restoreAllMocks()
})

const digest = { from: slot - dayMs, to: slot, users: 2, welcomed: 1, drawn: 1 }

describe('send-digest', () => {
  test('counts the users of the day that ends at its slot, and mails the sums to the operator', async () => {
    Object.assign(env, { MAIL_FROM: 'us@example.com', ADMIN_EMAIL: 'operator@example.com' })
    expect(await run(sendDigest, {}, { schedule })).toEqual({ sent: true, ...digest })
    expect(carrier).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ to: 'operator@example.com', subject: '2 new users' }),
    )
    const [letter] = carrier.mock.calls[0] ?? []
    expect(JSON.stringify(letter)).not.toContain('user1@')
  })

  test.each([
    [{ ADMIN_EMAIL: 'operator@example.com' }, 'MAIL_FROM'],
    [{ MAIL_FROM: 'us@example.com' }, 'ADMIN_EMAIL'],
  ])('with %j alone records the sums, mails nothing, and says that %s is missing', async (set, missing) => {
    Object.assign(env, set)
    const log: string[] = []
    expect(await run(sendDigest, {}, { schedule, log })).toEqual({ sent: false, ...digest })
    expect(log).toEqual([`not sent: ${missing} is not set`])
    expect(carrier).not.toHaveBeenCalled()
  })

  test('that was enqueued by hand is about the day before', async () => {
    expect(await run(sendDigest, {}, { createdAt: slot - 1 })).toMatchObject({ to: slot - 1, users: 2 })
  })
})

describe('the daily digest', () => {
  test('is installed by the watchdog, and comes every morning', async () => {
    await worker.scheduled()
    const { state, rule, next } = await dailyDigest.get()
    expect({ state, rule }).toEqual({ state: 'active', rule: { cron: '0 8 * * *', timezone: 'UTC' } })
    expect(next.map((at) => new Date(at).toISOString().slice(11))).toEqual(Array(5).fill('08:00:00.000Z'))
  })

  test('is made at once when somebody triggers it, through the real engine', async () => {
    await worker.scheduled()
    const job = await dailyDigest.trigger()
    const done = await vi.waitFor(
      async () => {
        const record = await chard.jobs.get(job.id)
        expect(record.state).toBe('completed')
        return record
      },
      { timeout: 15_000, interval: 50 },
    )
    expect(done).toMatchObject({ task: 'send-digest', schedule: { name: 'daily-digest' }, output: { sent: false } })
    expect((await dailyDigest.get()).history[0]).toMatchObject({ job: job.id, trigger: true })
  })
})

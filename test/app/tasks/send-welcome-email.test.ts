import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import { sendWelcomeEmail } from '../../../src/app/tasks/send-welcome-email.ts'
import { NonRetryableError } from '../../../src/engine/index.ts'
import { dismissCarrier, hireCarrier, refusal } from '../mail/carrier.ts'
import { run, runOnFailed } from './run.ts'

const email = 'ann@example.com'
const owed = async () => (await openUsers(env)).owedSince(Date.now(), 10)
const welcomedAt = async () => (await (await openUsers(env)).get(7))?.welcomedAt

let carrier: ReturnType<typeof hireCarrier>
beforeEach(async () => {
  carrier = hireCarrier()
  env.MAIL_FROM = 'us@example.com'
  const users = await openUsers(env)
  await users.create({ id: 7, email, emailKey: email, keyHash: null, requestHash: null, createdAt: 1 })
})
afterEach(() => {
  env.MAIL_FROM = ''
  dismissCarrier()
  vi.restoreAllMocks()
})

describe('send-welcome-email', () => {
  test('sends the letter to the user and records when', async () => {
    expect(await run(sendWelcomeEmail, { userId: 7 })).toEqual({ sent: true })
    expect(carrier).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ to: email, subject: 'Welcome to Chard' }))
    expect(await welcomedAt()).toBeGreaterThan(1)
    expect(await owed()).toEqual([{ id: 7, image: true, welcome: false }])
  })

  test('does not send to a user who is welcomed already', async () => {
    await run(sendWelcomeEmail, { userId: 7 })
    expect(await run(sendWelcomeEmail, { userId: 7 })).toEqual({ sent: false, reason: 'the user is welcomed already' })
    expect(carrier).toHaveBeenCalledOnce()
  })

  test('has nothing to do for a user who is gone', async () => {
    expect(await run(sendWelcomeEmail, { userId: 8 })).toEqual({ sent: false, reason: 'the user is gone' })
  })

  describe('when the e-mail is refused', () => {
    beforeEach(() => {
      carrier.mockRejectedValue(refusal('E_RECIPIENT_SUPPRESSED'))
    })

    test('the attempt fails, and the user is not recorded as welcomed', async () => {
      await expect(run(sendWelcomeEmail, { userId: 7 })).rejects.toThrow(NonRetryableError)
      expect(await welcomedAt()).toBeNull()
    })

    test.each<[attempt: number, welcome: boolean, because: string]>([
      [1, true, 'the isolate may die before that attempt is recorded'],
      [2, false, 'a second attempt proves that the engine has the job'],
    ])('in attempt %d, that the watchdog looks after the user is %j, because %s', async (attempt, welcome) => {
      await expect(run(sendWelcomeEmail, { userId: 7 }, { attempt })).rejects.toThrow()
      expect(await owed()).toEqual([{ id: 7, image: true, welcome }])
    })

    test('for good, a person must look at the job, and the watchdog sends nothing', async () => {
      await runOnFailed(sendWelcomeEmail, { userId: 7 })
      expect(await owed()).toEqual([{ id: 7, image: true, welcome: false }])
    })
  })

  test('an aborted attempt sends nothing', async () => {
    await expect(run(sendWelcomeEmail, { userId: 7 }, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(carrier).not.toHaveBeenCalled()
  })

  test('without a sender it sends nothing and says so, in its output, its log and the Worker’s log, naming nobody', async () => {
    env.MAIL_FROM = ''
    const console_ = vi.spyOn(console, 'log').mockImplementation(() => {})
    const log: string[] = []
    const output = await run(sendWelcomeEmail, { userId: 7 }, { log })
    expect(output).toEqual({ sent: false, reason: 'MAIL_FROM is not set' })
    expect(carrier).not.toHaveBeenCalled()
    expect(log).toEqual(['not sent to user 7, because MAIL_FROM is not set: Welcome to Chard'])
    expect(console_).toHaveBeenCalledOnce()
    expect(JSON.stringify([log, console_.mock.calls])).not.toContain('@')
    expect(await welcomedAt()).toBeNull()
  })

  test('its timeout lets it run right after a response', () => {
    expect(sendWelcomeEmail.definition).toMatchObject({ name: 'send-welcome-email', timeoutMs: 25_000 })
  })
})

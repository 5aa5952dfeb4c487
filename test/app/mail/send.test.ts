import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { send, sender } from '../../../src/app/mail/send.ts'
import { NonRetryableError, RetryAfterError } from '../../../src/engine/index.ts'
import { dismissCarrier, hireCarrier, refusal } from './carrier.ts'

const letter = { subject: 'Hello', text: 'Hello', html: '<p>Hello</p>' }
const envelope = { from: 'us@example.com', to: 'ann@example.com', reference: 'job-1' }

let carrier: ReturnType<typeof hireCarrier>
beforeEach(() => {
  carrier = hireCarrier()
})
afterEach(dismissCarrier)

async function refusedWith(error: unknown): Promise<unknown> {
  carrier.mockRejectedValueOnce(error)
  return send(env, letter, envelope).catch((thrown: unknown) => thrown)
}

describe('send', () => {
  test('hands the letter in both forms to the binding, with the job as its reference', async () => {
    await send(env, letter, envelope)
    expect(carrier).toHaveBeenCalledExactlyOnceWith({
      from: { email: 'us@example.com', name: 'Chard' },
      to: 'ann@example.com',
      ...letter,
      headers: { 'X-Job-Id': 'job-1' },
    })
  })

  test('the local binding accepts the letter as it is', async () => {
    dismissCarrier()
    await expect(send(env, letter, envelope)).resolves.toBeUndefined()
  })

  test.each<[code: string | undefined, kind: new (...args: never[]) => Error, because: string]>([
    ['E_VALIDATION_ERROR', NonRetryableError, 'the letter stays as it is'],
    ['E_FIELD_MISSING', NonRetryableError, 'the letter stays as it is'],
    ['E_TOO_MANY_RECIPIENTS', NonRetryableError, 'the letter stays as it is'],
    ['E_CONTENT_TOO_LARGE', NonRetryableError, 'the letter stays as it is'],
    ['E_HEADER_NOT_ALLOWED', NonRetryableError, 'so do its headers, whatever is wrong with them'],
    ['E_SENDER_NOT_VERIFIED', NonRetryableError, 'somebody must set the sender up'],
    ['E_SENDER_DOMAIN_NOT_AVAILABLE', NonRetryableError, 'somebody must set the domain up'],
    ['E_RECIPIENT_NOT_ALLOWED', NonRetryableError, 'somebody must allow the recipient'],
    ['E_RECIPIENT_SUPPRESSED', NonRetryableError, 'the recipient does not want it'],
    ['E_DAILY_LIMIT_EXCEEDED', RetryAfterError, 'tomorrow is another day'],
    ['E_RATE_LIMIT_EXCEEDED', Error, 'it passes'],
    ['E_DELIVERY_FAILED', Error, 'it may pass'],
    ['E_INTERNAL_SERVER_ERROR', Error, 'it may pass'],
    ['E_NEVER_HEARD_OF', Error, 'nobody knows'],
    [undefined, Error, 'nobody knows'],
  ])('%s is thrown as %o, because %s', async (code, kind) => {
    const thrown = await refusedWith(code === undefined ? new Error('no') : refusal(code))
    expect((thrown as Error).constructor).toBe(kind)
    if (code) expect((thrown as Error).message).toContain(code)
  })

  test('a spent quota of the day is tried again a day later', async () => {
    const thrown = await refusedWith(refusal('E_DAILY_LIMIT_EXCEEDED'))
    expect(thrown).toMatchObject({ when: '24h' })
  })

  test.each([new Error('mail to <ann@example.com> is not allowed'), 'ann@example.com', null])(
    'no address gets out of %o',
    async (error) => {
      const thrown = (await refusedWith(error)) as Error
      expect(`${thrown.message} ${thrown.stack} ${String(thrown.cause)}`).not.toContain('ann@')
    },
  )
})

describe('sender', () => {
  test.each([
    ['us@example.com', 'us@example.com'],
    [' us@example.com\n', 'us@example.com'],
    ['', undefined],
    [' ', undefined],
  ])('MAIL_FROM %j is %j where nothing is local', (MAIL_FROM, from) => expect(sender({ MAIL_FROM })).toBe(from))
})

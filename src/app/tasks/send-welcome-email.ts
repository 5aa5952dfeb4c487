/**
 * The task that welcomes a user by e-mail, in the background tier: it runs right after the response, and only a failure is
 * recorded as a job.
 *
 * It normally sends once, because it checks right before whether the user was welcomed, and records it right after. It can send
 * twice, when the isolate dies or the database fails between the two. E-mail has no idempotency key that could prevent this.
 */
import * as z from 'zod'
import { chard } from '../chard.ts'
import { openUsers } from '../database/database.ts'
import { send, sender } from '../mail/send.ts'
import { welcomeLetter } from '../mail/welcome-letter.ts'
import { isUserId } from '../users/user-id.ts'

export const sendWelcomeEmail = chard.task({
  name: 'send-welcome-email',
  input: z.object({ userId: z.custom<number>(isUserId) }),
  // Jobs are sent no faster than a provider takes them, however many have waited together.
  rateLimit: { limit: 20, per: '1s' },

  /** Its output is part of the job's public view, so it names nobody. */
  async run({ userId }, { env, job, attempt, signal, log }) {
    const users = await openUsers(env)
    // Perhaps only this isolate knows of the first attempt. A later one proves that the engine has recorded the job, so
    // the watchdog need not do it.
    if (attempt > 1) await users.welcomeHandedOver(userId, job.id)
    const user = await users.get(userId)
    if (!user) return { sent: false, reason: 'the user is gone' }
    if (user.welcomedAt !== null) return { sent: false, reason: 'the user is welcomed already' }

    const letter = welcomeLetter(user)
    const from = sender(env)
    if (from === undefined) {
      // The job records that it was not sent: redrive it once there is a sender.
      const reason = 'MAIL_FROM is not set'
      log(`not sent to user ${userId}, because ${reason}: ${letter.subject}`)
      console.log({ event: 'mail-not-sent', reason, userId, subject: letter.subject })
      return { sent: false, reason }
    }
    signal.throwIfAborted()
    await send(env, letter, { from, to: user.email, reference: job.id })
    await users.welcomed(userId, Date.now())
    return { sent: true }
  },

  /** A person must look at a welcome that failed for good, so the watchdog need not do it either. */
  async onFailed({ userId }, { env, job }) {
    const users = await openUsers(env)
    await users.welcomeHandedOver(userId, job.id)
  },
})

/** The idempotency key of a user's welcome, for users who were not welcomed right after the sign-up. */
export function welcomeKey(userId: number): string {
  return `welcome:${userId}`
}

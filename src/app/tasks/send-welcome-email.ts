/**
 * The task that welcomes a user by e-mail. Made for the background tier: it runs right after the response, and only a
 * failure leaves a job behind.
 *
 * It sends once in all ordinary cases, because it looks whether the user is welcomed right before, and says so right
 * after. It can send twice: when the isolate dies, or the database fails, between the sending and the note of it.
 * E-mail has no idempotency key that could prevent this.
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
  // What has become a job is sent no faster than a provider takes it, however many were held up together.
  rateLimit: { limit: 20, per: '1s' },

  /** Its output is public, with the job's view, and names nobody. */
  async run({ userId }, { env, job, attempt, signal, log }) {
    const users = await openUsers(env)
    // The first attempt may be known to this isolate only. A later one proves that the engine has recorded the job, so
    // that the watchdog can keep out of it.
    if (attempt > 1) await users.welcomeHandedOver(userId, job.id)
    const user = await users.get(userId)
    if (!user) return { sent: false, reason: 'the user is gone' }
    if (user.welcomedAt !== null) return { sent: false, reason: 'the user is welcomed already' }

    const letter = welcomeLetter(user)
    const from = sender(env)
    if (from === undefined) {
      // This job is the record of it: redrive it once there is a sender.
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

  /** A welcome that failed for good is for a person to look at: the watchdog keeps out of it too. */
  async onFailed({ userId }, { env, job }) {
    const users = await openUsers(env)
    await users.welcomeHandedOver(userId, job.id)
  },
})

/** One welcome job a user, for those who were not welcomed right after signing up. */
export function welcomeKey(userId: number): string {
  return `welcome:${userId}`
}

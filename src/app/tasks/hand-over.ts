/**
 * Hands to the engine what is to be done for a new user: a picture and a welcome. A user and its jobs are in two stores without a
 * common transaction. So the row in the database is the record of what must happen, the hand-over may fail at any point, and the
 * watchdog hands over whatever is missing. Idempotency keys make it safe to repeat.
 */
import { env } from 'cloudflare:workers'
import type { Job } from '../../engine/index.ts'
import { openUsers } from '../database/database.ts'
import type { Owed, Users } from '../database/users.ts'
import { sender } from '../mail/send.ts'
import { avatarKey, drawAvatar } from './draw-avatar.ts'
import { sendWelcomeEmail, welcomeKey } from './send-welcome-email.ts'

/** By then the request that created the user has ended. */
const missingAfterMs = 2 * 60_000
/** Users in one run. Each takes up to four of the invocation's 1,000 subrequests. The others wait for the next minute. */
const usersMax = 200

/** The job that draws the user's picture. It is the same job however often this is called. */
export function handOverImage(userId: number): Promise<Job> {
  return drawAvatar.enqueue({ userId }, { idempotencyKey: avatarKey(userId) })
}

/**
 * Welcomes the user right after the response. Without a sender it records a job at once, which fails and says so.
 */
export async function welcome(users: Users, userId: number): Promise<void> {
  if (sender(env) !== undefined) await sendWelcomeEmail.background({ userId })
  else await handOverWelcome(users, userId)
}

/**
 * The watchdog: hands over what users have been missing for two minutes. A user for whom it fails does not stop the others, and
 * is found again a minute later.
 *
 * @returns for how many users it worked, and for how many it failed
 */
export async function handOverMissing(now = Date.now()): Promise<{ handedOver: number; failed: number }> {
  const users = await openUsers(env)
  const owed = await users.owedSince(now - missingAfterMs, usersMax)
  const results = await Promise.allSettled(owed.map((user) => handOver(users, user)))
  const failures = results.filter((result) => result.status === 'rejected')
  if (failures.length > 0) {
    console.error({ event: 'hand-over-failed', users: failures.length, error: String(failures[0]?.reason) })
  }
  return { handedOver: owed.length - failures.length, failed: failures.length }
}

async function handOver(users: Users, { id, image, welcome }: Owed): Promise<void> {
  if (image) await users.imageHandedOver(id, (await handOverImage(id)).id)
  if (welcome) await handOverWelcome(users, id)
}

async function handOverWelcome(users: Users, userId: number): Promise<void> {
  const job = await sendWelcomeEmail.enqueue({ userId }, { idempotencyKey: welcomeKey(userId) })
  await users.welcomeHandedOver(userId, job.id)
}

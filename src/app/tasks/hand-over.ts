/**
 * What the service owes a new user, handed to the engine: a picture and a welcome. Two stores without a common
 * transaction lie between a user and those jobs, so the row in the database is the promise, the hand-over may fail or be
 * cut off at any point, and the watchdog makes good whatever is missing. Idempotency keys make that safe to repeat.
 */
import { env } from 'cloudflare:workers'
import type { Job } from '../../engine/index.ts'
import { openUsers } from '../database/database.ts'
import type { Owed, Users } from '../database/users.ts'
import { sender } from '../mail/send.ts'
import { avatarKey, drawAvatar } from './draw-avatar.ts'
import { sendWelcomeEmail, welcomeKey } from './send-welcome-email.ts'

/** By then no request that made a user is still at work. */
const missingAfterMs = 2 * 60_000
/** Users a turn. Each takes up to four subrequests, of the 1,000 that an invocation has. The rest waits a minute. */
const usersMax = 200

/** The job that draws the user's picture, the same one however often this is called. */
export function handOverImage(userId: number): Promise<Job> {
  return drawAvatar.enqueue({ userId }, { idempotencyKey: avatarKey(userId) })
}

/**
 * Welcomes the user right after the response. Without a sender nobody is welcomed, and a job is recorded at once that
 * says so.
 */
export async function welcome(users: Users, userId: number): Promise<void> {
  if (sender(env) !== undefined) await sendWelcomeEmail.background({ userId })
  else await handOverWelcome(users, userId)
}

/**
 * The watchdog's part: hands over what users have been missing for two minutes. One that fails does not stop the others
 * and is found again in a minute.
 *
 * @returns how many users got what they were owed, and how many did not
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

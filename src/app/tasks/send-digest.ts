/**
 * The task that tells the operator once a day how many users were created, and the schedule that runs it. Without an address to
 * send it to, the digest is the job's output.
 */
import * as z from 'zod'
import { chard } from '../chard.ts'
import { openUsers } from '../database/database.ts'
import { digestLetter } from '../mail/digest-letter.ts'
import { send, sender } from '../mail/send.ts'

const dayMs = 24 * 60 * 60_000

export const sendDigest = chard.task({
  name: 'send-digest',
  input: z.object({}),

  /** The day ends at the job's slot, however late the job runs, so a repeated attempt is about the same day. */
  async run(_input, { env, job, signal, log }) {
    const to = job.schedule?.slot ?? job.createdAt
    const users = await openUsers(env)
    const digest = { from: to - dayMs, to, ...(await users.madeBetween(to - dayMs, to)) }
    const [from, address] = [sender(env), env.ADMIN_EMAIL?.trim()]
    if (from === undefined || !address) {
      log(`not sent: ${from === undefined ? 'MAIL_FROM' : 'ADMIN_EMAIL'} is not set`)
      return { sent: false, ...digest }
    }
    signal.throwIfAborted()
    await send(env, digestLetter(digest), { from, to: address, reference: job.id })
    return { sent: true, ...digest }
  },
})

/** Every morning. After a downtime it runs once, for the newest day. */
export const dailyDigest = chard.schedule({
  name: 'daily-digest',
  cron: '0 8 * * *',
  timezone: 'UTC',
  task: sendDigest,
  input: {},
  catchUp: 'latest',
})

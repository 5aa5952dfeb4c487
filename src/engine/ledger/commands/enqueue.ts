/**
 * Records jobs: one transaction; a repeated call and a known key record nothing twice (I5). What a key does is in `keyed.ts`,
 * a first attempt that the caller runs itself in `start.ts`.
 */
import { ChardError } from '../../task/errors.ts'
import { isDraining } from '../domain/settings.ts'
import type { Enqueued, EnqueueReply, EnqueueRequest, NewJob } from '../protocol/enqueue.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { recordKeyed } from './keyed.ts'
import { addJob, found, type Holders, keyName } from './new-job.ts'
import { callerStarts } from './start.ts'

/**
 * Most calls arrive once, and bring jobs without a key. Whether one of these jobs is known is left to its insert, which then
 * fails as a whole: nearly every look before it would find nothing.
 * @param attempt one transaction; with `looksUp` it looks for the jobs by their ids first
 */
export function recordOnce<T>(context: Context, jobs: readonly NewJob[], attempt: (looksUp: boolean) => T): T {
  // A key answers with the job that holds it, and a task that takes no new jobs answers with those that it has.
  const { settings } = context.cached
  if (jobs.some(({ key, task }) => key !== undefined || isDraining(settings, task))) return attempt(true)
  try {
    return attempt(false)
  } catch (error) {
    if (context.jobs.byIds(jobs.map(({ id }) => id)).length === 0) throw error
    return attempt(true)
  }
}

export function enqueue(tx: Transaction, { homeShards, jobs }: EnqueueRequest, looksUp: boolean): EnqueueReply {
  const mismatch = recordHomeShards(tx, homeShards)
  if (mismatch) return mismatch
  const known = new Map((looksUp ? tx.jobs(jobs.map(({ id }) => id)) : []).map((row) => [row.id, row]))
  const holders: Holders = new Map()
  const starts = callerStarts(tx)
  const replies = jobs.map((job): Enqueued => {
    const before = known.get(job.id)
    if (before) return found(tx, before, false)
    const { holder, reply } = job.key === undefined ? addJob(tx, job, starts) : recordKeyed(tx, job, holders, starts)
    if (holder) {
      known.set(job.id, holder)
      if (job.key !== undefined) holders.set(keyName(job), holder)
    }
    return reply
  })
  tx.context.limits.recordStarts(tx, starts.claimed)
  return { jobs: replies }
}

/** Remembers the number of home shards. It is chosen once: with another one, keys would be looked for on the wrong shard. */
function recordHomeShards(tx: Transaction, homeShards: number): Refusal | undefined {
  const { cached, facts } = tx.context
  if (cached.homeShards === undefined) {
    facts.write('home-shards', homeShards)
    tx.onCommit(() => {
      cached.homeShards = homeShards
    })
    return undefined
  }
  if (cached.homeShards === homeShards) return undefined
  const { code: refused, message } = new ChardError(
    'home-shards-mismatch',
    `homeShards is ${homeShards}, but this deployment began with ${cached.homeShards}, and home shards are chosen once. Set the option homeShards of createChard to ${cached.homeShards}`,
  )
  return { refused, message }
}

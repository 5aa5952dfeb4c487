/** The verb that records jobs. One transaction; a retried call and a known key record nothing twice (I5). */
import { ChardError } from '../task/errors.ts'
import { claimedOf } from './claim.ts'
import type { CoreParts } from './core.ts'
import { leaseToken } from './lease.ts'
import type { Enqueued, EnqueueReply, EnqueueRequest, NewJob, Start } from './protocol.ts'
import { isReady, type JobRow, type JobRowWithInput, newRow } from './row.ts'
import { settleRow } from './settle.ts'
import { begun } from './transitions.ts'
import { type Turn, wakeUpPatienceMs } from './turn.ts'

export function enqueue(core: CoreParts, turn: Turn, { homes, jobs }: EnqueueRequest): EnqueueReply {
  const mismatch = homesMismatch(core, turn, homes)
  if (mismatch) return mismatch
  const known = new Map(core.jobs.byIds(jobs.map(({ id }) => id)).map((row) => [row.id, row]))
  const keyed = new Map<string, JobRowWithInput>()
  return {
    jobs: jobs.map((job): Enqueued => {
      const recorded = known.get(job.id)
      if (recorded) return found(core, turn, recorded, false)
      const holder =
        job.key === undefined ? undefined : (keyed.get(`${job.task} ${job.key}`) ?? core.jobs.byKey(job.key, job.task))
      if (holder) return sameInput(holder, job) ? found(core, turn, holder, true) : keyConflict(job)
      const { row, reply } = record(core, turn, job)
      known.set(row.id, row)
      if (job.key !== undefined) keyed.set(`${job.task} ${job.key}`, row)
      return reply
    }),
  }
}

/** Homes are chosen once: with another count, keys and partitions would be looked for on the wrong shard. */
function homesMismatch(core: CoreParts, turn: Turn, homes: number): EnqueueReply | undefined {
  if (core.homes === undefined) {
    core.facts.write('homes', homes)
    turn.after(() => core.setHomes(homes))
    return undefined
  }
  if (core.homes === homes) return undefined
  const { code: refused, message } = new ChardError(
    'homes-mismatch',
    `createChard says shards: ${homes}, but this deployment began with ${core.homes}. Home shards are chosen once; set it back`,
  )
  return { refused, message }
}

function record(core: CoreParts, turn: Turn, job: NewJob): { row: JobRowWithInput; reply: Enqueued } {
  const fresh = newRow(job, turn.now)
  const row = turn.add(started(core, turn, fresh, job.start))
  core.tallies.enqueued(turn.now, job.task)
  const claimed = row.state === 'running' ? claimedOf(row, turn.now) : undefined
  return { row, reply: { id: row.id, state: row.state, duplicate: false, ...(claimed && { claimed }) } }
}

/** The new row, further on by what its caller did or does with it. */
function started(core: CoreParts, turn: Turn, fresh: JobRowWithInput, start: Start | undefined): JobRowWithInput {
  if (!start) return fresh
  // What ran before it was recorded began before it was recorded, and so did its job.
  const startedAt = turn.now - (start.kind === 'claim' ? 0 : Math.max(0, start.ranMs))
  const job = { ...fresh, createdAt: startedAt }
  if (start.kind === 'ended') {
    const running = begun(job, 'ended', turn.now, startedAt)
    return { ...job, ...settleRow(core, turn, running, start, job.input) }
  }
  if (start.kind === 'claim' && !isReady(job, turn.now)) return job
  return { ...job, ...begun(job, leaseToken(start.runner, 1, core.random), turn.now + start.leaseMs, startedAt) }
}

/** A job that was recorded before. Its alarm is made sure of again: the first call may have been the one that died. */
function found(core: CoreParts, turn: Turn, row: JobRow, duplicate: boolean): Enqueued {
  if (isReady(row, turn.now)) turn.need(turn.now + wakeUpPatienceMs)
  else if (row.dueAt !== null && row.dueAt > turn.now) turn.need(row.dueAt)
  if (row.state === 'running') turn.need(row.leaseUntil ?? turn.now)
  // A retried startNow whose first answer was lost still holds the lease that the first call made.
  const running = row.state === 'running' && !duplicate ? core.jobs.withInput([row.id])[0] : undefined
  return { id: row.id, state: row.state, duplicate, ...(running && { claimed: claimedOf(running, turn.now) }) }
}

function keyConflict(job: NewJob): Enqueued {
  return {
    refused: 'key-conflict',
    message: `idempotency key ${JSON.stringify(job.key)} of task ${job.task} is known with another input`,
  }
}

/** Compared as values: the order of an object's keys says nothing. */
function sameInput(holder: JobRowWithInput, job: NewJob): boolean {
  if (job.keyWins || holder.input === job.input) return true
  return canonical(JSON.parse(holder.input)) === canonical(JSON.parse(job.input))
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** The verb that records jobs. One transaction; a retried call and a known key record nothing twice (I5). */
import { ChardError } from '../../task/errors.ts'
import { leaseToken } from '../domain/lease.ts'
import { isReady, type JobRow, type JobRowWithInput, newRow } from '../domain/row.ts'
import { isDraining, isPaused } from '../domain/settings.ts'
import { begun, callsOf, following, renewed } from '../domain/transitions.ts'
import { type Decision, decide, firstStart } from '../domain/unique.ts'
import type { Group } from '../memory/limits.ts'
import type { Admission } from '../memory/ready-index.ts'
import type { Enqueued, EnqueueReply, EnqueueRequest, NewJob, Start } from '../protocol/protocol.ts'
import type { Context } from '../transaction/context.ts'
import { type Transaction, wakeUpTimeoutMs } from '../transaction/transaction.ts'
import { claimedOf } from './claim.ts'
import { expire, predecessor, settleRow } from './settle.ts'

/**
 * Most calls are heard once, and bring jobs without a key. Whether one of those is known is asked of its insert, which
 * fails as a whole if so: nearly every look before it would find nothing.
 * @param attempt one transaction; with `looksUp` it looks for the jobs by their ids first
 */
export function recordedOnce<T>(core: Context, jobs: readonly NewJob[], attempt: (looksUp: boolean) => T): T {
  // A key answers with the job that holds it, and a task that takes no new jobs with those that it has.
  const { settings } = core.cached
  if (jobs.some(({ key, task }) => key !== undefined || isDraining(settings, task))) return attempt(true)
  try {
    return attempt(false)
  } catch (error) {
    if (core.jobs.byIds(jobs.map(({ id }) => id)).length === 0) throw error
    return attempt(true)
  }
}

export function enqueue(
  core: Context,
  tx: Transaction,
  { homeShards, jobs }: EnqueueRequest,
  looksUp: boolean,
): EnqueueReply {
  const mismatch = homeShardsMismatch(core, tx, homeShards)
  if (mismatch) return mismatch
  const recorded = looksUp ? core.jobs.byIds(jobs.map(({ id }) => id)) : []
  const known = new Map(recorded.map((row) => [row.id, row]))
  const keyed = new Map<string, JobRowWithInput>()
  const inline: Inline = { admission: core.limits.admission(tx.now), claimed: [] }
  const replies = jobs.map((job): Enqueued => {
    const before = known.get(job.id)
    if (before) return found(core, tx, before, false)
    const { holder, reply } = record(core, tx, job, keyed, inline)
    if (holder) {
      known.set(job.id, holder)
      if (job.key !== undefined) keyed.set(keyName(job), holder)
    }
    return reply
  })
  core.limits.started(tx, inline.claimed)
  return { jobs: replies }
}

/** What the caller of this request runs itself: admitted together, as the jobs of one claim are. */
interface Inline {
  readonly admission: Admission
  readonly claimed: Group[]
}

/** Homes are chosen once: with another count, keys and partitions would be looked for on the wrong shard. */
function homeShardsMismatch(core: Context, tx: Transaction, homeShards: number): EnqueueReply | undefined {
  if (core.cached.homeShards === undefined) {
    core.facts.write('home-shards', homeShards)
    tx.onCommit(() => {
      core.cached.homeShards = homeShards
    })
    return undefined
  }
  if (core.cached.homeShards === homeShards) return undefined
  const { code: refused, message } = new ChardError(
    'home-shards-mismatch',
    `homeShards is ${homeShards}, but this deployment began with ${core.cached.homeShards}, and home shards are chosen once. Set the option homeShards of createChard to ${core.cached.homeShards}`,
  )
  return { refused, message }
}

/** A job that is new, or that its key answers. `holder` is the job that holds the key afterwards. */
function record(
  core: Context,
  tx: Transaction,
  job: NewJob,
  keyed: ReadonlyMap<string, JobRowWithInput>,
  inline: Inline,
): { holder?: JobRowWithInput; reply: Enqueued } {
  if (job.key === undefined) return added(core, tx, job, inline)
  const rule = job.unique ?? { kind: 'kept' }
  const stored = keyed.get(keyName(job)) ?? core.jobs.byKey(job.key, job.task, job.partition ?? '')
  if (!stored) return added(core, tx, job, inline, { notBefore: firstStart(rule, tx.now) })
  // One whose deadline has passed has ended, though nobody has looked.
  expire(core, tx, tx.latest(stored))
  const holder = tx.latest(stored)
  // A repeated call whose input the holder has taken changes nothing a second time.
  if (callsOf(holder).includes(job.id)) return { holder, reply: found(core, tx, holder, true) }
  const decision = decide(rule, holder, job.keyWins === true || sameInput(holder, job), tx.now)
  if (decision.do === 'refuse') return { reply: keyConflict(job) }
  if (decision.do === 'join') return { holder, reply: found(core, tx, holder, true) }
  if (decision.do === 'renew') return renew(core, tx, job, holder, decision.dueAt)
  return takeOver(core, tx, job, inline, holder, decision)
}

/** The holder takes the newest input. */
function renew(
  core: Context,
  tx: Transaction,
  job: NewJob,
  holder: JobRowWithInput,
  dueAt: number | undefined,
): { holder: JobRowWithInput; reply: Enqueued } {
  const { bytes, priority, expiresAt } = newRow(job, tx.now)
  const renewal = { call: job.id, bytes, priority, expiresAt, dueAt }
  const next = tx.change(holder, renewed(holder, renewal, tx.now), job.input)
  const row = { ...holder, ...next, input: job.input }
  return { holder: row, reply: found(core, tx, row, true) }
}

/** A new job takes the key from its holder, and waits for its end where they must not meet. */
function takeOver(
  core: Context,
  tx: Transaction,
  job: NewJob,
  inline: Inline,
  holder: JobRowWithInput,
  decision: Decision & { do: 'follow' | 'new' },
): { holder?: JobRowWithInput; reply: Enqueued } {
  if (refusesNew(core, job)) return added(core, tx, job, inline)
  const isFollowing = decision.do === 'follow'
  const before = isFollowing ? holder : job.unique?.kind === 'window' ? undefined : predecessor(core, tx, holder)
  tx.change(holder, {
    ...holder,
    key: null,
    formerKey: holder.key,
    successor: isFollowing ? job.id : holder.successor,
  })
  if (before && !isFollowing) tx.change(before, { ...before, successor: job.id })
  return added(core, tx, job, inline, { notBefore: decision.notBefore, before, holder })
}

function added(
  core: Context,
  tx: Transaction,
  job: NewJob,
  inline: Inline,
  place: Place = {},
): { holder?: JobRowWithInput; reply: Enqueued } {
  if (refusesNew(core, job)) return { reply: drainingRefusal(job) }
  const row = tx.add(started(core, tx, inline, placedRow(job, tx.now, place), job.start))
  tx.minuteStats.enqueued(tx.now, job.task)
  const claimed = row.state === 'running' ? claimedOf(row, tx.now) : undefined
  return { holder: row, reply: { id: row.id, state: row.state, duplicate: false, ...(claimed && { claimed }) } }
}

/** What its caller runs already, and what a handler makes, is recorded all the same: nothing accepted is lost. */
function refusesNew({ cached }: Context, { task, start, child }: NewJob): boolean {
  return isDraining(cached.settings, task) && !child && (start === undefined || start.kind === 'claim')
}

/** What a job's key says of it. */
interface Place {
  readonly notBefore?: number
  /** The job that must have ended before. */
  readonly before?: JobRow | undefined
  /** The job that held the key. */
  readonly holder?: JobRow
}

function placedRow(job: NewJob, now: number, { notBefore, before, holder }: Place): JobRowWithInput {
  const timed = newRow(notBefore === undefined ? job : { ...job, at: Math.max(job.at ?? 0, notBefore) }, now)
  const row = holder ? { ...timed, calls: holder.calls, keyStartedAt: holder.startedAt ?? holder.keyStartedAt } : timed
  return before ? { ...row, ...following(row, before.id, row.dueAt ?? now, now) } : row
}

/** The new row, further on by what its caller did or does with it. */
function started(
  core: Context,
  tx: Transaction,
  inline: Inline,
  fresh: JobRowWithInput,
  start: Start | undefined,
): JobRowWithInput {
  if (!start) return fresh
  // What ran before it was recorded began before it was recorded, and so did its job.
  const startedAt = tx.now - (start.kind === 'claim' ? 0 : Math.max(0, start.ranMs))
  const job = { ...fresh, createdAt: startedAt }
  if (start.kind === 'ended') {
    const running = begun(job, 'ended', tx.now, startedAt)
    return { ...job, ...settleRow(core, tx, running, start, job.input) }
  }
  if (start.kind === 'claim') {
    if (!isReady(job, tx.now) || !isAdmitted(core, inline, job)) return job
    inline.admission.take(job.task, job.partition)
    inline.claimed.push(job)
  }
  return { ...job, ...begun(job, leaseToken(start.runner, 1, core.random), tx.now + start.leaseMs, startedAt) }
}

/** Admitted as any claim: limits, pause and the kill switch hold. */
function isAdmitted({ cached }: Context, { admission }: Inline, { task, partition }: JobRow): boolean {
  if (cached.isHalted || isPaused(cached.settings, task)) return false
  return admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1
}

/** A job that was recorded before. Its alarm is made sure of again: the first call may have been the one that died. */
function found(core: Context, tx: Transaction, row: JobRow, duplicate: boolean): Enqueued {
  if (isReady(row, tx.now)) tx.armBy(tx.now + wakeUpTimeoutMs)
  else if (row.dueAt !== null && row.dueAt > tx.now) tx.armBy(row.dueAt)
  if (row.state === 'running') tx.armBy(row.leaseUntil ?? tx.now)
  // A retried startNow whose first answer was lost still holds the lease that the first call made.
  const running = row.state === 'running' && !duplicate ? core.jobs.withInput([row.id])[0] : undefined
  return { id: row.id, state: row.state, duplicate, ...(running && { claimed: claimedOf(running, tx.now) }) }
}

function keyName({ task, key, partition = '' }: NewJob): string {
  return `${task} ${JSON.stringify([partition, key])}`
}

function keyConflict(job: NewJob): Enqueued {
  return {
    refused: 'key-conflict',
    message: `idempotency key ${JSON.stringify(job.key)} of task ${job.task} is known with another input`,
  }
}

function drainingRefusal({ task }: NewJob): Enqueued {
  return { refused: 'draining', message: `task ${task} is being drained and takes no new jobs; resume it first` }
}

/** Compared as values: the order of an object's keys says nothing. */
function sameInput(holder: JobRowWithInput, job: NewJob): boolean {
  if (holder.input === job.input) return true
  return canonical(JSON.parse(holder.input)) === canonical(JSON.parse(job.input))
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

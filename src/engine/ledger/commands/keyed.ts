/** Records a job that has a key: what becomes of it is decided by the rule of its call and the job that holds the key. */
import type { JobRowWithInput } from '../domain/row.ts'
import { newRow } from '../domain/row.ts'
import { callsOf, renewed } from '../domain/transitions.ts'
import { type Decision, decide, firstStart } from '../domain/unique.ts'
import type { Enqueued, NewJob } from '../protocol/enqueue.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { addJob, drainingRefusal, found, type Holders, keyName, type Recorded } from './new-job.ts'
import { failExpired, predecessor } from './settle.ts'
import type { CallerStarts } from './start.ts'

export function recordKeyed(tx: Transaction, job: NewJob, holders: Holders, starts: CallerStarts): Recorded {
  const rule = job.unique ?? { kind: 'kept' }
  const holder = currentHolder(tx, job, holders)
  if (!holder) return addJob(tx, job, starts, { notBefore: firstStart(rule, tx.now) })
  // A repeated call whose input the holder has taken changes nothing a second time.
  if (callsOf(holder).includes(job.id)) return { holder, reply: found(tx, holder, true) }
  const decision = decide(rule, holder, job.keyWins === true || isSameInput(holder, job), tx.now)
  if (decision.do === 'refuse') return { reply: keyConflict(job) }
  if (decision.do === 'join') return { holder, reply: found(tx, holder, true) }
  if (decision.do === 'renew') return renew(tx, job, holder, decision.dueAt)
  return takeOver(tx, job, starts, holder, decision)
}

/** The job that holds the key. If its deadline has passed it fails first: it has ended, though nobody has looked. */
function currentHolder(tx: Transaction, job: NewJob, holders: Holders): JobRowWithInput | undefined {
  const { key = '', task, partition = '' } = job
  const known = holders.get(keyName(job))
  const holder = known ? tx.jobWithInput(known.id) : tx.jobByKey(key, task, partition)
  if (!holder || !failExpired(tx, holder)) return holder
  return tx.jobWithInput(holder.id)
}

/** The holder takes the newest input. */
function renew(tx: Transaction, job: NewJob, holder: JobRowWithInput, dueAt: number | undefined): Recorded {
  const { bytes, priority, expiresAt } = newRow(job, tx.now)
  const renewal = { call: job.id, bytes, priority, expiresAt, dueAt }
  const next = tx.change(holder, renewed(holder, renewal, tx.now), job.input)
  const row = { ...holder, ...next, input: job.input }
  return { holder: row, reply: found(tx, row, true) }
}

/** A new job takes the key from its holder, and waits for the holder's end where the two must not meet. */
function takeOver(
  tx: Transaction,
  job: NewJob,
  starts: CallerStarts,
  holder: JobRowWithInput,
  decision: Decision & { do: 'follow' | 'new' },
): Recorded {
  const refusal = drainingRefusal(tx, job)
  if (refusal) return { reply: refusal }
  const isFollowing = decision.do === 'follow'
  const before = isFollowing ? holder : job.unique?.kind === 'window' ? undefined : predecessor(tx, holder)
  tx.change(holder, {
    ...holder,
    key: null,
    formerKey: holder.key,
    successor: isFollowing ? job.id : holder.successor,
  })
  if (before && !isFollowing) tx.change(before, { ...before, successor: job.id })
  return addJob(tx, job, starts, { notBefore: decision.notBefore, before, holder })
}

function keyConflict(job: NewJob): Enqueued {
  return {
    refused: 'key-conflict',
    message: `idempotency key ${JSON.stringify(job.key)} of task ${job.task} is known with another input`,
  }
}

/** Compared as values: the order of an object's keys says nothing. */
function isSameInput(holder: JobRowWithInput, job: NewJob): boolean {
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

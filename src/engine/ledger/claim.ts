/**
 * The verb that gives jobs to a runner: by count and by bytes, only tasks it knows, only what its remaining time fits.
 *
 * I2: a claim writes a new lease over a row that waits, and only over that. I4: only while attempts are left.
 */
import type { CoreParts } from './core.ts'
import { leaseMs, leasePrefix, leaseToken } from './lease.ts'
import type { Claimed, SyncRequest } from './protocol.ts'
import type { ReadyJob } from './ready-index.ts'
import { isReady, type JobRowWithInput } from './row.ts'
import { begun, soloFromLapse } from './transitions.ts'
import type { Turn } from './turn.ts'

/** The bytes of input in one answer. An RPC carries 32 MiB. */
const answerBytesMax = 4 * 1024 * 1024
/** Jobs in one answer, whatever a runner wants. */
const answerJobsMax = 500
/** What a runner needs after a job's timeout to settle it. */
export const settleMarginMs = 2_000

export function claim(core: CoreParts, turn: Turn, request: SyncRequest): Claimed[] {
  if (request.want < 1 || request.done) return []
  const picked = pick(core, request)
  const rows = core.jobs.withInput(picked.map(({ id }) => id))
  const token = leaseToken(request.runner, request.seq, core.random)
  for (const job of picked) core.tallies.claimed(turn.now, job.task, turn.now - job.readyAt)
  return rows
    .filter((row) => claimable(core, turn, row))
    .map((row) => {
      const running = turn.change(row, begun(row, token, turn.now + leaseMs, turn.now))
      return claimedOf({ ...row, ...running }, turn.now)
    })
}

/** What a retried sync claimed the first time, read from the rows: memory may have been lost in between. */
export function claimedBefore(core: CoreParts, turn: Turn, { runner, seq }: SyncRequest): Claimed[] {
  const prefix = leasePrefix(runner, seq)
  const ids = [...core.books.running.values()].filter(({ lease }) => lease.startsWith(prefix)).map(({ id }) => id)
  return ids.length === 0 ? [] : core.jobs.withInput(ids).map((row) => claimedOf(row, turn.now))
}

function pick({ books }: CoreParts, { seq, beat, tasks, want, remainingMs, settle }: SyncRequest): ReadyJob[] {
  // A job whose late success comes with this very sync still waits in memory, and must not be claimed.
  const late = new Set(settle.map(({ id }) => id).filter((id) => books.ready.has(id)))
  const accepts = (task: string) => {
    const timeoutMs = tasks[task]
    return timeoutMs !== undefined && timeoutMs + settleMarginMs <= remainingMs
  }
  const emptyHanded = beat.length === 0
  const oldest = emptyHanded ? books.ready.nextSolo(accepts) : undefined
  const solo = oldest && !late.has(oldest.id) ? oldest : undefined
  // A fresh runner serves a solo job first, so that it is not starved; a used one only when nothing else is there.
  if (solo && seq === 1) return [solo]
  const count = Math.min(want, answerJobsMax)
  const jobs = books.ready
    .next({ accepts, count: count + late.size, bytesMax: answerBytesMax })
    .filter(({ id }) => !late.has(id))
    .slice(0, count)
  return jobs.length === 0 && solo ? [solo] : jobs
}

/** Memory mirrors rows; should it ever be wrong, the row wins. A clock that stepped back makes a job wait again. */
function claimable({ books }: CoreParts, turn: Turn, row: JobRowWithInput): boolean {
  const ready = isReady(row, turn.now)
  if (ready && row.attempt < row.maxAttempts) return true
  turn.after(() => {
    books.ready.remove(row.id)
    if (!ready) books.place(row, turn.now)
  })
  return false
}

/** The answer to a claim, from the row of a running job. */
export function claimedOf(row: JobRowWithInput, now: number): Claimed {
  return {
    id: row.id,
    task: row.task,
    input: row.input,
    lease: row.lease ?? '',
    leaseMs: Math.max(0, (row.leaseUntil ?? now) - now),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    priority: row.priority,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    createdAt: row.createdAt,
    ...(row.lapses >= soloFromLapse && { solo: true }),
  }
}

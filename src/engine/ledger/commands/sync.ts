/**
 * The one verb between a runner and its ledger: settle, extend, report and claim in one transaction.
 *
 * A retry repeats its `seq` and gets the answer of the first time: what it settled is settled, what it claimed is read
 * from the rows. `ack` tells which answers the runner has. A claim of an answer that it has, but does not hold, never
 * started: it is given back. A claim of an answer that it may not have stays as it is until its lease lapses.
 */

import { leaseMs, leaseParts } from '../domain/lease.ts'
import { leaseIsLive } from '../domain/row.ts'
import { refunded, refundsMax } from '../domain/transitions.ts'
import type { Group } from '../memory/limits.ts'
import type { Claimed, Heartbeat, SyncReply, SyncRequest } from '../protocol/protocol.ts'
import type { Context } from '../transaction/context.ts'
import { type Transaction, wakeUpTimeoutMs } from '../transaction/transaction.ts'
import { claim, claimedBefore } from './claim.ts'
import { lapseRow, settle } from './settle.ts'

/** What becomes of a runner with nothing to do. */
export interface Idle {
  /** It is kept waiting for a moment rather than sent home. */
  readonly mayPark: boolean
  /** A limit opens so soon that it is told to come back then. */
  readonly againAt?: number | undefined
}

export function sync(core: Context, tx: Transaction, request: SyncRequest, { mayPark, againAt }: Idle): SyncReply {
  const { memory } = core
  const known = memory.runners.get(request.runner)
  // Overtaken on its way: what it says of attempts still counts, what it says of the runner does not.
  const stale = known !== undefined && known.seq > request.seq
  const tooLate = settle(core, tx, request.settle)
  const { live, lost, cancelled } = heartbeats(core, tx, request.heartbeats)
  giveBack(core, tx, request)
  const repeated = stale ? [] : claimedBefore(core, tx, request)
  const claimed = repeated.length > 0 || stale ? repeated : claim(core, tx, request)
  // What waits for a place has no alarm of its own while all are taken.
  if (leavesPlaces(core, tx, claimed)) tx.armBy(tx.now + wakeUpTimeoutMs)
  const { goodUntil, storedUntil } = extend(core, tx, request, stale)
  const isEmptyHanded = claimed.length === 0 && request.heartbeats.length === 0
  const comesBack = isEmptyHanded && againAt !== undefined && againAt - tx.now < request.remainingMs && request.want > 0
  const leaves = request.done === true || (isEmptyHanded && !mayPark && !comesBack)
  if (leaves && !stale && !holdsMore(core, request)) leave(core, tx, request.runner)
  else if (!stale)
    tx.onCommit(() => hear(core, tx, request, claimed.length, storedUntil, comesBack ? againAt : undefined))
  // A job that it settles under an old lease may be one that it has claimed anew, and that lease is not lost.
  const gone = [...tooLate.filter((id) => !live.has(id)), ...lost]
  const againInMs = comesBack && !leaves && !stale ? againAt - tx.now : undefined
  return {
    claimed,
    lost: gone,
    cancelled,
    leaseMs: goodUntil - tx.now,
    ...(againInMs !== undefined && { againInMs }),
  }
}

/**
 * One bad settlement fails its own job and not the batch: if the whole cannot be written, each is written alone, and
 * the one that cannot be is recorded as a failure that says so.
 */
export function settlingEach(request: SyncRequest, verb: (request: SyncRequest) => SyncReply): SyncReply {
  try {
    return verb(request)
  } catch (error) {
    if (request.settle.length === 0) throw error
    for (const settlement of request.settle) {
      const alone: SyncRequest = { ...request, settle: [settlement], heartbeats: [], want: 0, ack: 0, done: false }
      try {
        verb(alone)
      } catch (cause) {
        const message = `the outcome could not be recorded: ${(cause as Error).message}`
        const outcome = { kind: 'failed', error: { name: 'UnstorableOutcome', message } } as const
        verb({ ...alone, settle: [{ id: settlement.id, lease: settlement.lease, ranMs: settlement.ranMs, outcome }] })
      }
    }
    return verb(request)
  }
}

/** True when this sync frees places of a limited task that it does not fill, and others wait. */
function leavesPlaces({ memory, limits }: Context, tx: Transaction, claimed: readonly Claimed[]): boolean {
  if (memory.ready.size <= claimed.length) return false
  const free = new Map<string, number>()
  const count = (group: Group, by: 1 | -1) => {
    const place = limits.placeOf(group)
    if (place !== undefined) free.set(place, (free.get(place) ?? 0) + by)
  }
  for (const row of tx.ended()) count(row, 1)
  for (const { task, partition = '' } of claimed) count({ task, partition }, -1)
  return [...free.values()].some((places) => places > 0)
}

/** What goes on: progress is written, and the runner learns what it lost and what it should stop. */
function heartbeats(
  core: Context,
  tx: Transaction,
  beats: readonly Heartbeat[],
): { live: Set<string>; lost: string[]; cancelled: string[] } {
  const running = core.memory.running
  placeAbsent(core, tx, beats)
  const isLive = ({ id, lease }: Heartbeat) => running.get(id)?.lease === lease
  const told = beats.filter((one) => one.progress && isLive(one))
  // A job that this very sync settles has ended, whatever its beat says.
  const rows = new Map(core.jobs.byIds(told.map(({ id }) => id)).map((row) => [row.id, tx.latest(row)]))
  for (const { id, lease, progress } of told) {
    const row = rows.get(id)
    if (row?.state === 'running' && leaseIsLive(row, lease))
      tx.change(row, { ...row, progress: JSON.stringify(progress) })
  }
  const live = new Set(beats.filter(isLive).map(({ id }) => id))
  return {
    live,
    lost: beats.filter(({ id }) => !live.has(id)).map(({ id }) => id),
    cancelled: [...live].filter((id) => running.get(id)?.cancelling),
  }
}

/** By a clock that is behind, a restart finds no job that fell due later: the row says whether its lease is live. */
function placeAbsent({ memory, jobs }: Context, tx: Transaction, beats: readonly Heartbeat[]): void {
  const absent = beats.filter(({ id }) => !memory.running.has(id))
  if (absent.length === 0) return
  for (const row of jobs.byIds(absent.map(({ id }) => id))) {
    if (row.state === 'running' && absent.some(({ id, lease }) => id === row.id && lease === row.lease)) {
      memory.insert(row, tx.now)
    }
  }
}

/** Claims whose answer the runner has, or has given up on, and which it does not hold. */
function giveBack(
  core: Context,
  tx: Transaction,
  { runner, ack, heartbeats: beats, settle: settlements }: SyncRequest,
): void {
  const held = new Set([...beats, ...settlements].map(({ id }) => id))
  const dropped = core.memory.running
    .of(runner)
    .filter(({ id, lease }) => leaseParts(lease).seq <= ack && !held.has(id))
  if (dropped.length === 0) return
  for (const row of core.jobs.byIds(dropped.map(({ id }) => id)).map((one) => tx.latest(one))) {
    if (row.state !== 'running') continue
    if (row.refunds < refundsMax && !row.cancelling) tx.change(row, refunded(row, tx.now))
    else lapseRow(core, tx, row, false)
  }
}

/**
 * Until when the leases in `beat` are good, on disk. One row a runner, and only once half of what is stored is used up:
 * a runner of short jobs never writes it. What is not on disk is not promised.
 */
function extend(
  { memory, runners }: Context,
  tx: Transaction,
  { runner, heartbeats: beats, done }: SyncRequest,
  stale: boolean,
): { goodUntil: number; storedUntil: number } {
  const full = tx.now + leaseMs
  const storedUntil = memory.runners.get(runner)?.until ?? 0
  const ends = beats.flatMap(({ id, lease }) => {
    const job = memory.running.get(id)
    return job?.lease === lease ? [Math.max(job.leaseUntil, storedUntil)] : []
  })
  const goodUntil = Math.min(full, ...ends)
  if (ends.length === 0 || done || stale || goodUntil - tx.now >= leaseMs / 2) return { goodUntil, storedUntil }
  runners.extend(runner, full)
  tx.armBy(full)
  return { goodUntil: full, storedUntil: full }
}

/** A claim whose answer is still on its way holds its runner: forgetting it would cut the lease short. */
function holdsMore({ memory }: Context, { runner, settle: settlements }: SyncRequest): boolean {
  const settled = new Set(settlements.map(({ id }) => id))
  return memory.running.of(runner).some(({ id }) => !settled.has(id))
}

/** Memory of a runner that goes on. */
function hear(
  { memory }: Context,
  tx: Transaction,
  { runner, seq, ack, want }: SyncRequest,
  claimed: number,
  until: number,
  againAt: number | undefined,
): void {
  const spare = Math.max(0, want - claimed)
  const known = memory.runners.get(runner)
  const cameFor = known?.againAt ?? known?.cameFor
  memory.runners.set(runner, { heardAt: tx.now, seq, ack, spare, until, againAt, cameFor })
}

/** The runner's end: its row goes, and the minute's sums are written, unless what still runs will see to that. */
function leave({ memory, runners }: Context, tx: Transaction, runner: string): void {
  if ((memory.runners.get(runner)?.until ?? 0) > 0) runners.forget(runner)
  if (memory.running.size <= tx.ended().length) tx.flushStats()
  tx.onCommit(() => memory.runners.delete(runner))
}

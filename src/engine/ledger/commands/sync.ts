/**
 * The one verb between a runner and its ledger: settle, extend, report and claim in one transaction.
 *
 * A repeated sync has the same `seq` and gets the answer of the first time: what it settled is settled, and what it claimed
 * is read from the rows. `ack` tells which answers the runner has. A claim from an answer that it has, but that it does not
 * hold, never started: it is given back. A claim from an answer that it may not have stays as it is until its lease lapses.
 */
import { leaseParts } from '../domain/lease.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import { refunded, refundsMax } from '../domain/transitions.ts'
import type { Group } from '../memory/limits.ts'
import type { Claimed, SyncReply, SyncRequest } from '../protocol/sync.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { claim, claimedBefore } from './claim.ts'
import { extendLeases, recordHeartbeats } from './heartbeats.ts'
import { lapse, settle } from './settle.ts'

/** What becomes of a runner with nothing to do. */
export interface Idle {
  /** It is kept waiting for a moment and not sent home. */
  readonly mayWait: boolean
  /** A limit resets so soon that the runner is told to come back then. */
  readonly returnAt?: number | undefined
}

export function sync(tx: Transaction, request: SyncRequest, { mayWait, returnAt }: Idle): SyncReply {
  const { memory } = tx.context
  const known = memory.runners.get(request.runner)
  // Overtaken on its way: what it says of attempts still counts, what it says of the runner does not.
  const isStale = known !== undefined && known.seq > request.seq
  const tooLate = settle(tx, request.settle)
  const { live, lost, cancelled } = recordHeartbeats(tx, request.heartbeats)
  giveBack(tx, request)
  const repeated = isStale ? [] : claimedBefore(tx, request)
  const claimed = repeated.length > 0 || isStale ? repeated : claim(tx, request)
  // A job that waits for a slot has no alarm of its own while all slots are taken.
  if (freesSlots(tx, claimed)) tx.armBy(tx.now + wakeUpTimeoutMs)
  const { goodUntil, storedUntil } = extendLeases(tx, request, isStale)
  const isIdle = claimed.length === 0 && request.heartbeats.length === 0
  const comesBack = isIdle && returnAt !== undefined && returnAt - tx.now < request.remainingMs && request.want > 0
  const leaves = request.done === true || (isIdle && !mayWait && !comesBack)
  if (leaves && !isStale && !holdsMore(tx, request)) leave(tx, request.runner)
  else if (!isStale)
    tx.onCommit(() => remember(tx, request, claimed.length, storedUntil, comesBack ? returnAt : undefined))
  // A job that it settles under an old lease may be one that it has claimed again, and that lease is not lost.
  const gone = [...tooLate.filter((id) => !live.has(id)), ...lost]
  const againInMs = comesBack && !leaves && !isStale ? returnAt - tx.now : undefined
  return {
    claimed,
    lost: gone,
    cancelled,
    leaseMs: goodUntil - tx.now,
    ...(againInMs !== undefined && { againInMs }),
  }
}

/**
 * One bad settlement fails its own job and not the batch: if all of them cannot be written together, each is written alone, and
 * one that still cannot be is recorded as a failure that says so.
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

/** True when this sync frees slots of a limited task that it does not fill, and other jobs wait. */
function freesSlots(tx: Transaction, claimed: readonly Claimed[]): boolean {
  const { memory, limits } = tx.context
  if (memory.ready.size <= claimed.length) return false
  const free = new Map<string, number>()
  const count = (group: Group, by: 1 | -1) => {
    const slot = limits.slotOf(group)
    if (slot !== undefined) free.set(slot, (free.get(slot) ?? 0) + by)
  }
  for (const row of tx.endedAttempts()) count(row, 1)
  for (const { task, partition = '' } of claimed) count({ task, partition }, -1)
  return [...free.values()].some((slots) => slots > 0)
}

/** Gives back the claims whose answer the runner has, or has given up on, and which it does not hold. */
function giveBack(tx: Transaction, { runner, ack, heartbeats, settle: settlements }: SyncRequest): void {
  const held = new Set([...heartbeats, ...settlements].map(({ id }) => id))
  const ofRunner = tx.context.memory.running.of(runner)
  const dropped = ofRunner.filter(({ id, lease }) => leaseParts(lease).seq <= ack && !held.has(id))
  for (const row of tx.jobs(dropped.map(({ id }) => id))) {
    if (row.state !== 'running') continue
    if (row.refunds < refundsMax && !row.cancelling) tx.change(row, refunded(row, tx.now))
    else lapse(tx, row, false)
  }
}

/** True when claims whose answer is still on its way hold their runner: forgetting it would cut their leases short. */
function holdsMore(tx: Transaction, { runner, settle: settlements }: SyncRequest): boolean {
  const settled = new Set(settlements.map(({ id }) => id))
  return tx.context.memory.running.of(runner).some(({ id }) => !settled.has(id))
}

/** Remembers a runner that goes on. */
function remember(
  { context, now }: Transaction,
  { runner, seq, ack, want }: SyncRequest,
  claimed: number,
  until: number,
  againAt: number | undefined,
): void {
  const { runners } = context.memory
  const known = runners.get(runner)
  const cameFor = known?.againAt ?? known?.cameFor
  runners.set(runner, { heardAt: now, seq, ack, spare: Math.max(0, want - claimed), until, againAt, cameFor })
}

/** The runner's end: its row goes, and the stats are written, unless the jobs that still run will see to that. */
function leave(tx: Transaction, runner: string): void {
  const { memory, runners } = tx.context
  if ((memory.runners.get(runner)?.until ?? 0) > 0) runners.forget(runner)
  if (memory.running.size <= tx.endedAttempts().length) tx.flushStats()
  tx.onCommit(() => memory.runners.delete(runner))
}

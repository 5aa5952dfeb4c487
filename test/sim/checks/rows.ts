/**
 * The rows of one ledger, and what may become of a row in one write. Every change is compared with the request that caused
 * it, independently of the code that made it.
 */

import type { Settlement, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import { isFinal, type JobState } from '../../../src/engine/task/job.ts'
import type { Cause } from './cause.ts'
import type { SeenRow } from './seen.ts'

export interface Row extends SeenRow {
  readonly state: JobState
}

/** Reports that a promise is broken, unless it holds. */
export type Claim = (holds: boolean, invariant: string, message: () => string) => void

/** What was given out of one job. */
interface History {
  /** How often it was claimed, and how often an attempt was given back for a known reason. */
  claims: number
  givenBack: number
  /** All leases that it had. */
  readonly leases: Set<string>
  redriven: boolean
}

/** Who makes a change: a verb, and perhaps a bulk action in it. */
interface By {
  readonly cause: Cause | undefined
  readonly inBulk: boolean
}

export class Rows {
  readonly all = new Map<string, Row>()
  /** Those that are not final. */
  readonly live = new Map<string, Row>()
  /** Ids of jobs that were pruned. */
  readonly pruned = new Set<string>()
  /** How far runners have extended their leases. */
  readonly extended = new Map<string, number>()
  readonly #histories = new Map<string, History>()
  /** Which job holds a key of a task and partition. */
  readonly #holders = new Map<string, string>()

  private readonly claim: Claim
  /** The shortest time this task's finished jobs may be kept. */
  /** The shortest time for which finished jobs of a task may be kept. */
  private readonly retentionMs: (task: string) => number
  private readonly mayPruneEarly: boolean

  constructor(claim: Claim, retentionMs: (task: string) => number, mayPruneEarly: boolean) {
    this.claim = claim
    this.retentionMs = retentionMs
    this.mayPruneEarly = mayPruneEarly
  }

  /** True for a job that was given its attempts anew. */
  isRedriven(id: string): boolean {
    return this.#histories.get(id)?.redriven === true
  }

  /** When the lease of a running row ends. */
  leaseEnd({ lease, leaseUntil }: Row): number {
    return Math.max(leaseUntil ?? 0, this.extended.get(runnerOf(lease)) ?? 0)
  }

  /** @param inBulk true when a bulk action works in the same transaction */
  write(seen: SeenRow, cause: Cause | undefined, inBulk: boolean): void {
    const after = seen as Row
    const before = this.all.get(after.id)
    if (before) this.#changed(before, after, { cause, inBulk })
    else this.#added(after, cause)
    this.#holds(before, after)
    this.all.set(after.id, after)
    if (isFinal(after.state)) this.live.delete(after.id)
    else this.live.set(after.id, after)
  }

  remove(id: string, cause: Cause | undefined): void {
    const row = this.all.get(id)
    if (!row) return
    this.claim(isFinal(row.state), 'I1', () => `${id} is deleted in state ${row.state}`)
    const kept = (cause?.now ?? 0) - (row.finishedAt ?? 0)
    this.claim(this.mayPruneEarly || kept >= this.retentionMs(row.task), 'I1', () => `${id} is pruned after ${kept} ms`)
    this.all.delete(id)
    this.live.delete(id)
    this.pruned.add(id)
    if (this.#holders.get(holding(row) ?? '') === id) this.#holders.delete(holding(row) ?? '')
  }

  #added(row: Row, cause: Cause | undefined): void {
    const { claim } = this
    // A ledger that is too full prunes early, and does not know a caller that repeats its call.
    claim(this.mayPruneEarly || !this.pruned.has(row.id), 'I5', () => `${row.id} is recorded anew after it was pruned`)
    claim(cause !== undefined, 'I1', () => `${row.id} is recorded by nobody's asking`)
    this.#histories.set(row.id, {
      claims: row.attempt,
      givenBack: 0,
      leases: new Set(row.lease === null ? [] : [row.lease]),
      redriven: false,
    })
    this.#sound(row)
  }

  /** I5: a key of a task and partition has one holder. */
  #holds(before: Row | undefined, after: Row): void {
    const [was, is] = [before && holding(before), holding(after)]
    if (was === is) return
    if (was !== undefined && this.#holders.get(was) === after.id) this.#holders.delete(was)
    if (is === undefined) return
    const holder = this.#holders.get(is)
    this.claim(holder === undefined, 'I5', () => `${after.id} and ${holder} have one key`)
    this.#holders.set(is, after.id)
  }

  #changed(before: Row, after: Row, by: By): void {
    const { claim } = this
    const { cause, inBulk } = by
    const { id } = after
    const history = this.#histories.get(id) as History
    this.#sound(after)
    const told = () => `${id} ${before.state} ${before.attempt} -> ${after.state} ${after.attempt} by ${cause?.verb}`
    if (isFinal(before.state)) {
      const isAsked = (cause?.verb === 'redrive' && cause.id === id) || (cause?.verb === 'maintain' && inBulk)
      const isRedriven = isAsked && after.state === 'queued'
      if (isRedriven) history.redriven = true
      const isAnchored =
        after.state === before.state && after.output === before.output && after.attempt === before.attempt
      claim(isRedriven || isAnchored, 'I3', told)
      return
    }
    if (before.state === 'running') this.#fromRunning(before, after, by, told)
    else this.#fromWaiting(before, after, by, history, told)
    if (after.attempt < before.attempt) history.givenBack++
    claim(
      after.attempt === history.claims - history.givenBack || before.attempt === 0,
      'I4',
      () => `${told()}: ${history.claims} claims, ${history.givenBack} given back`,
    )
  }

  #fromWaiting(before: Row, after: Row, by: By, history: History, told: () => string): void {
    const { claim } = this
    const { cause } = by
    if (after.state === 'running') {
      history.claims++
      const request = cause?.verb === 'sync' ? cause.request : undefined
      claim(request !== undefined, 'I2', () => `${told()}: claimed by no sync`)
      if (!request) return
      claim(
        after.lease?.startsWith(`${request.runner}.${request.seq}.`) === true,
        'I2',
        () => `${told()}: ${after.lease}`,
      )
      claim(!history.leases.has(after.lease ?? ''), 'I2', () => `${told()}: an old lease again`)
      history.leases.add(after.lease ?? '')
      claim(after.attempt === before.attempt + 1, 'I4', told)
      const isReady = before.state === 'queued' || (before.dueAt ?? 0) <= (cause?.now ?? 0)
      claim(isReady, 'I7', () => `${told()}: claimed before its time`)
      const isInTime = before.startedAt !== null || (before.expiresAt ?? Number.POSITIVE_INFINITY) > (cause?.now ?? 0)
      claim(isInTime, 'I3', () => `${told()}: claimed after its deadline of ${before.expiresAt}`)
      claim(
        request.tasks[after.task] !== undefined,
        'I10',
        () => `${told()}: claimed by a runner that does not know it`,
      )
      return
    }
    const isPutOff = before.state === 'queued' && after.state === 'scheduled'
    if (after.state === before.state || isPutOff) {
      claim(after.attempt === before.attempt && after.lease === before.lease, 'I4', told)
      // Only an operator, a call with its key or the job that it waits for may move its time.
      const isMoved = isPutOff || (before.dueAt !== null && after.dueAt !== before.dueAt)
      const mayMove =
        cause?.verb === 'update' ? cause.id === after.id : cause?.verb === 'enqueue' || before.after !== null
      claim(!isMoved || mayMove, 'I3', () => `${told()}: its time is moved from ${before.dueAt} to ${after.dueAt}`)
      return
    }
    if (after.state === 'cancelled') {
      claim(isCancelAsked(before, by), 'I3', told)
      return
    }
    if (after.state === 'failed') {
      const isLookedAt = cause !== undefined && ['maintain', 'sync', 'enqueue'].includes(cause.verb)
      claim(
        isLookedAt && after.reason === 'expired' && (before.expiresAt ?? Number.POSITIVE_INFINITY) <= cause.now,
        'I3',
        told,
      )
      claim(before.startedAt === null, 'I3', () => `${told()}: it was started, and is expired`)
      return
    }
    // It has lapsed, and then its own runner has reported a success.
    const settlement = settlementOf(cause, after.id)
    const isLate = after.state === 'completed' && before.leaseUntil !== null && settlement?.lease === before.lease
    claim(isLate && settlement?.outcome.kind === 'completed', 'I2', told)
    if (isLate && after.attempt > before.attempt) history.givenBack--
  }

  #fromRunning(before: Row, after: Row, by: By, told: () => string): void {
    const { claim } = this
    const { cause } = by
    claim(after.lease === before.lease, 'I2', () => `${told()}: the lease is replaced while it runs`)
    if (after.state === 'running') {
      claim(after.attempt === before.attempt, 'I4', told)
      claim(after.leaseUntil === before.leaseUntil, 'I2', () => `${told()}: the lease is moved`)
      claim(after.cancelling === before.cancelling || isCancelAsked(before, by), 'I3', () => `${told()}: is to stop`)
      return
    }
    const settlement = settlementOf(cause, after.id)
    const isSettled = settlement?.lease === before.lease
    const isRefund = after.refunds === before.refunds + 1 && after.refunds <= 3
    if (after.attempt < before.attempt) {
      const isSnoozed = isSettled && settlement?.outcome.kind === 'snoozed'
      claim(isSnoozed || isRefund, 'I4', () => `${told()}: the attempt is given back`)
    }
    if (cause?.verb === 'sync') {
      claim(isSettled || isGivenBack(cause.request, before), 'I2', () => `${told()}: settled by another lease`)
      if (isSettled && after.state === 'completed') claim(settlement?.outcome.kind === 'completed', 'I2', told)
      return
    }
    claim(cause?.verb === 'maintain', 'I2', told)
    const end = this.leaseEnd(before)
    claim(end <= (cause?.now ?? 0), 'I2', () => `${told()}: lapsed ${end - (cause?.now ?? 0)} ms before its end`)
  }

  #sound(row: Row): void {
    const { claim } = this
    claim(row.attempt >= 0 && row.attempt <= row.maxAttempts, 'I4', () => `attempt ${row.attempt} of ${row.id}`)
    claim(
      row.state !== 'running' || (row.lease !== null && row.leaseUntil !== null),
      'I2',
      () => `${row.id} runs unleased`,
    )
    claim(!isFinal(row.state) || row.leaseUntil === null, 'I2', () => `${row.id} is final under a live lease`)
    claim(
      row.state === 'running' || row.cancelling === 0,
      'I3',
      () => `${row.id} is to be cancelled, and is ${row.state}`,
    )
    claim(row.refunds <= 3, 'I4', () => `${row.id} was given back ${row.refunds} times`)
  }
}

function settlementOf(cause: Cause | undefined, id: string): Settlement | undefined {
  if (cause?.verb !== 'sync') return undefined
  return cause.request.settle.findLast((one) => one.id === id)
}

/** True when an operator stops it, or its schedule does because the next slot has come. */
function isCancelAsked(row: Row, { cause, inBulk }: By): boolean {
  if (cause?.verb === 'cancel') return cause.id === row.id
  return cause?.verb === 'maintain' && (inBulk || row.schedule !== null)
}

/** The key of its task and partition that the row holds. */
function holding({ key, task, partition }: Row): string | undefined {
  return key === null ? undefined : JSON.stringify([task, partition, key])
}

/** True when the runner knows the answer of the claim, or gave up on it, and does not hold the job. */
function isGivenBack({ runner, ack }: SyncRequest, before: Row): boolean {
  const [owner, seq] = (before.lease ?? '').split('.')
  return owner === runner && Number(seq) <= ack
}

export function runnerOf(lease: string | null): string {
  return (lease ?? '').split('.')[0] ?? ''
}

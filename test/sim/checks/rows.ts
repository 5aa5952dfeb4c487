/**
 * The rows of one ledger as an onlooker knows them, and what may become of a row in one write: every change is held
 * against what was asked, independently of the code that made it.
 */

import type { Settlement, SyncRequest } from '../../../src/engine/ledger/protocol.ts'
import { isFinal, type JobState } from '../../../src/engine/task/job.ts'
import type { SeenRow } from '../platform/storage.ts'
import type { Cause } from './cause.ts'

export interface Row extends SeenRow {
  readonly state: JobState
}

/** Says that a promise is broken, unless it holds. */
export type Claim = (holds: boolean, invariant: string, message: () => string) => void

/** What has been handed out of one job. */
interface History {
  /** Claims, and attempts given back for a reason that was seen. */
  claims: number
  givenBack: number
  /** Leases there were. */
  readonly leases: Set<string>
  redriven: boolean
}

export class Rows {
  readonly all = new Map<string, Row>()
  /** Those that are not final. */
  readonly live = new Map<string, Row>()
  /** Ids that were recorded, were final, and have been forgotten. */
  readonly pruned = new Set<string>()
  /** How far runners have extended their leases. */
  readonly extended = new Map<string, number>()
  readonly #histories = new Map<string, History>()

  constructor(
    private readonly claim: Claim,
    /** The shortest time this task's finished jobs may be kept. */
    private readonly retentionMs: (task: string) => number,
    private readonly mayPruneEarly: boolean,
  ) {}

  /** When the lease of a running row ends. */
  leaseEnd({ lease, leaseUntil }: Row): number {
    return Math.max(leaseUntil ?? 0, this.extended.get(runnerOf(lease)) ?? 0)
  }

  write(seen: SeenRow, cause: Cause | undefined): void {
    const after = seen as Row
    const before = this.all.get(after.id)
    if (before) this.#changed(before, after, cause)
    else this.#added(after, cause)
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
  }

  #added(row: Row, cause: Cause | undefined): void {
    const { claim } = this
    // An overfull ledger forgets before its time, and a caller that asks again comes too late to be known.
    claim(this.mayPruneEarly || !this.pruned.has(row.id), 'I5', () => `${row.id} is recorded anew after it was pruned`)
    claim(cause !== undefined, 'I1', () => `${row.id} is recorded by nobody's asking`)
    const holder =
      row.key === null ? undefined : [...this.all.values()].find((one) => one.key === row.key && one.task === row.task)
    claim(!holder, 'I5', () => `${row.id} and ${holder?.id} have one key`)
    this.#histories.set(row.id, {
      claims: row.attempt,
      givenBack: 0,
      leases: new Set(row.lease === null ? [] : [row.lease]),
      redriven: false,
    })
    this.#sound(row)
  }

  #changed(before: Row, after: Row, cause: Cause | undefined): void {
    const { claim } = this
    const { id } = after
    const history = this.#histories.get(id) as History
    this.#sound(after)
    const told = () => `${id} ${before.state} ${before.attempt} -> ${after.state} ${after.attempt} by ${cause?.verb}`
    if (isFinal(before.state)) {
      const isRedriven = cause?.verb === 'redrive' && cause.id === id && after.state === 'queued'
      const isAnchored =
        after.state === before.state && after.output === before.output && after.attempt === before.attempt
      claim(isRedriven || isAnchored, 'I3', told)
      return
    }
    if (before.state === 'running') this.#fromRunning(before, after, cause, history, told)
    else this.#fromWaiting(before, after, cause, history, told)
    if (after.attempt < before.attempt) history.givenBack++
    claim(
      after.attempt === history.claims - history.givenBack || before.attempt === 0,
      'I4',
      () => `${told()}: ${history.claims} claims, ${history.givenBack} given back`,
    )
  }

  #fromWaiting(before: Row, after: Row, cause: Cause | undefined, history: History, told: () => string): void {
    const { claim } = this
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
      claim(
        request.tasks[after.task] !== undefined,
        'I10',
        () => `${told()}: claimed by a runner that does not know it`,
      )
      return
    }
    if (after.state === before.state) {
      claim(after.attempt === before.attempt && after.lease === before.lease, 'I4', told)
      return
    }
    if (after.state === 'cancelled') {
      claim(cause?.verb === 'cancel' && cause.id === after.id, 'I3', told)
      return
    }
    // Lapsed, and its own runner's success has come after all.
    const settlement = settlementOf(cause, after.id)
    const isLate = after.state === 'completed' && before.leaseUntil !== null && settlement?.lease === before.lease
    claim(isLate && settlement?.outcome.kind === 'completed', 'I2', told)
    if (isLate && after.attempt > before.attempt) history.givenBack--
  }

  #fromRunning(before: Row, after: Row, cause: Cause | undefined, history: History, told: () => string): void {
    const { claim } = this
    claim(after.lease === before.lease, 'I2', () => `${told()}: the lease is replaced while it runs`)
    if (after.state === 'running') {
      claim(after.attempt === before.attempt, 'I4', told)
      claim(after.leaseUntil === before.leaseUntil, 'I2', () => `${told()}: the lease is moved`)
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
    claim(cause?.verb === 'upkeep', 'I2', told)
    const end = this.leaseEnd(before)
    claim(end <= (cause?.now ?? 0), 'I2', () => `${told()}: lapsed ${end - (cause?.now ?? 0)} ms before its end`)
    void history
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

/** The runner that has the answer of the claim, or has given up on it, does not hold the job. */
function isGivenBack({ runner, ack }: SyncRequest, before: Row): boolean {
  const [owner, seq] = (before.lease ?? '').split('.')
  return owner === runner && Number(seq) <= ack
}

export function runnerOf(lease: string | null): string {
  return (lease ?? '').split('.')[0] ?? ''
}

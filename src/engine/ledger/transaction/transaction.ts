/**
 * One transaction of a ledger. A verb reads rows, decides, and hands its changes to the turn; the turn writes them, arms
 * the alarm they need inside the same transaction, and lets memory follow once it has committed.
 *
 * I1, I8: a change that leaves a job unfinished cannot commit without an alarm early enough for it.
 */
import { isFinal } from '../../task/job.ts'
import { movedCounts } from '../domain/counts.ts'
import { isReady, type JobRow, type JobRowWithInput, type LightRow } from '../domain/row.ts'
import { recyclableRows } from '../maintenance/recycle.ts'
import { type Cursors, type Memory, storedCursors } from '../memory/memory.ts'
import { MinuteStats } from '../memory/minute-stats.ts'
import type { Change, JobStatements } from '../storage/jobs.ts'
import type { RowCache } from '../storage/row-cache.ts'
import type { factStatements, minuteStatements } from '../storage/small-tables.ts'

/** How long work may wait for an answer to its wake-up before the alarm looks after it. */
export const wakeUpTimeoutMs = 500

/** What a turn needs to know of its ledger. */
export interface TransactionParts {
  readonly memory: Memory
  readonly jobs: JobStatements
  readonly rowCache: RowCache
  readonly facts: ReturnType<typeof factStatements>
  readonly minuteStats: MinuteStats
  readonly statsRows: ReturnType<typeof minuteStatements>
  /** How long a finished job of this task is kept. */
  readonly retentionMs: (task: string) => number
  /** False: a later release has written here, and its columns of an old job must not become a new one's. */
  readonly isNewest: boolean
  /** The retention that the sweep goes by. */
  readonly defaultRetentionMs: number
}

export class Transaction {
  readonly #context: TransactionParts
  readonly #added = new Map<string, JobRowWithInput>()
  readonly #changes = new Map<string, Change>()
  /** Rows that went, for the counts. */
  readonly #removals: { id: string; task: string; from: JobRow['state'] }[] = []
  readonly #effects: (() => void)[] = []
  #moved: Cursors | undefined
  #flushesTallies = false
  /** What this turn counts. */
  readonly minuteStats = new MinuteStats()
  #upkeep: Cursors | undefined
  #armAt = Number.POSITIVE_INFINITY

  constructor(
    context: TransactionParts,
    readonly now: number,
  ) {
    this.#context = context
  }

  /** Records a job. */
  add(row: JobRowWithInput): JobRowWithInput {
    const anchored = { ...row, ...this.#anchor(row) }
    this.#added.set(row.id, anchored)
    this.#armFor(anchored)
    return anchored
  }

  /**
   * Replaces a row by the next one, if it is still as it was read. Of several changes to a row the last one is written.
   * @param input its new input, as JSON text; left out, it keeps the one it has
   */
  change(before: JobRow, after: JobRow, input?: string): JobRow {
    const anchored = { ...after, ...this.#anchor(after) }
    this.#armFor(anchored)
    const added = this.#added.get(before.id)
    if (added) {
      this.#added.set(before.id, { ...anchored, input: input ?? added.input })
      return anchored
    }
    const earlier = this.#changes.get(before.id)
    const inputNow = input ?? earlier?.input
    this.#changes.set(before.id, {
      before: earlier?.before ?? before,
      after: anchored,
      ...(inputNow !== undefined && { input: inputNow }),
    })
    return anchored
  }

  /** A job that this turn records. */
  added(id: string): JobRowWithInput | undefined {
    return this.#added.get(id)
  }

  /** The row as this turn leaves it so far. */
  latest<Row extends JobRow>(row: Row): Row {
    const change = this.#changes.get(row.id)
    const next = this.#added.get(row.id) ?? change?.after
    if (!next) return row
    return { ...row, ...next, ...('input' in row && change?.input !== undefined && { input: change.input }) }
  }

  /** The rows of a lease's end in this turn: memory does not know yet that their places are free. */
  ended(): JobRow[] {
    return [...this.#changes.values()].flatMap(({ before, after }) =>
      before.state === 'running' && after.state !== 'running' ? [before] : [],
    )
  }

  /** Forgets finished jobs. The states they had are given, for the counts. */
  remove(rows: readonly Pick<JobRow, 'id' | 'task' | 'state'>[]): void {
    if (rows.length === 0) return
    const gone = new Set(this.#context.jobs.remove(rows.map(({ id }) => id)))
    for (const { id, task, state: from } of rows) if (gone.has(id)) this.#removals.push({ id, task, from })
  }

  /** The mark, the sweep or the tail moves. The counts are given as they are with that, before this turn's own changes. */
  moveCursors(upkeep: Cursors): void {
    this.#moved = upkeep
  }

  /** The sums that are open are written with this turn. */
  flushStats(): void {
    this.#flushesTallies = true
  }

  /** The alarm must ring by then. */
  armBy(at: number): void {
    if (at < this.#armAt) this.#armAt = at
  }

  /** Something for memory to follow, once the transaction has committed. */
  onCommit(effect: () => void): void {
    this.#effects.push(effect)
  }

  get armAt(): number {
    return this.#armAt
  }

  /** Inside the transaction: writes everything. */
  write(): void {
    const { jobs, facts, memory, minuteStats, statsRows } = this.#context
    // Changes first: a key that passes from one job to another must be free before it is taken.
    if (this.#changes.size > 0 && jobs.update([...this.#changes.values()]) !== this.#changes.size) {
      throw new Error('a job changed between being read and being written')
    }
    if (this.#added.size > 0) this.#record([...this.#added.values()])
    const upkeep = this.#moved ?? memory.upkeep()
    this.#upkeep = this.#counted(upkeep)
    if (this.#moved || this.#upkeep.below !== upkeep.below || memory.isRecounted)
      facts.write('cursors', storedCursors(this.#upkeep))
    this.onCommit(minuteStats.flush(statsRows, this.minuteStats, this.now, this.#flushesTallies))
  }

  /** After the commit: memory follows. */
  applyToMemory(): void {
    const { memory, rowCache } = this.#context
    memory.isRecounted = false
    if (this.#upkeep) {
      const { watermark, sweepCursor, recyclableEnd, below, recyclable } = this.#upkeep
      memory.watermark = watermark
      memory.sweepCursor = sweepCursor
      memory.recyclableEnd = recyclableEnd
      memory.counts.below = below
      memory.counts.recyclable = recyclable
    }
    for (const { id, task, from } of this.#removals)
      if (!memory.isBelowWatermark(id)) memory.counts.moveAbove({ task, from, to: undefined })
    for (const row of this.#added.values()) {
      memory.mirror(undefined, row, this.now)
      if (!memory.cut.leaves(row)) rowCache.keep(row, row.input)
    }
    for (const { before, after, input } of this.#changes.values()) {
      memory.mirror(before, after, this.now)
      rowCache.keep(after, input ?? inputOf(after))
    }
    for (const effect of this.#effects) effect()
  }

  /** New jobs take over the rows of old ones that are over, as far as there are any: a row to remove is saved. */
  #record(rows: readonly JobRowWithInput[]): void {
    const { memory, jobs } = this.#context
    const { over, from } = recyclableRows(this.#context, rows.length, this.now, (id) => this.#changes.has(id))
    for (const { id, task, state } of over) this.#removals.push({ id, task, from: state })
    this.onCommit(() => {
      memory.recycleFrom = from
    })
    const taken = jobs.takeOver(over.map(({ id }, index) => ({ id, row: rows[index] as JobRowWithInput })))
    const fresh = jobs.insert(rows.slice(over.length))
    if (taken !== over.length || taken + fresh !== rows.length)
      throw new Error('a job to be added was already recorded')
  }

  /** The counts below the mark and of the tail after this turn. The same ones when it touches none of them. */
  #counted(upkeep: Cursors): Cursors {
    const { watermark, sweepCursor, recyclableEnd, below, recyclable } = upkeep
    const added = [...this.#added.values()].map(({ id, task, state }) => ({ id, task, from: undefined, to: state }))
    const changed = [...this.#changes.values()].map(({ before, after }) => ({
      id: after.id,
      task: after.task,
      from: before.state,
      to: after.state,
    }))
    const moves = [...this.#removals.map((one) => ({ ...one, to: undefined })), ...added, ...changed].filter(
      ({ id }) => id < watermark,
    )
    const isInTail = ({ id }: { readonly id: string }) => id >= sweepCursor && id < recyclableEnd
    const [inTail, others] = [moves.filter(isInTail), moves.filter((move) => !isInTail(move))]
    return {
      ...upkeep,
      ...(others.length > 0 && { below: movedCounts(below, others) }),
      ...(inTail.length > 0 && { recyclable: movedCounts(recyclable, inTail) }),
    }
  }

  /**
   * Keeps the invariant that a live row is found on activation: one below the mark carries a due time. And a finished
   * row that the sweep will not meet, or not in time, carries the time at which it is pruned.
   */
  #anchor(row: JobRow): { dueAt: number | null } {
    const { memory, retentionMs, defaultRetentionMs } = this.#context
    if (isFinal(row.state)) {
      const kept = retentionMs(row.task)
      const own = kept < defaultRetentionMs || row.id <= memory.sweepCursor
      // From its end: it may change once more when another job takes its key, and is kept no longer and no shorter for that.
      return { dueAt: own ? (row.finishedAt ?? this.now) + kept : null }
    }
    if (row.dueAt === null && memory.isBelowWatermark(row.id)) return { dueAt: this.now }
    return { dueAt: row.dueAt }
  }

  #armFor(row: LightRow): void {
    if (row.state === 'running') this.armBy(row.leaseUntil ?? this.now)
    else if (isReady(row, this.now))
      this.armBy(Math.min(this.now + wakeUpTimeoutMs, row.expiresAt ?? Number.POSITIVE_INFINITY))
    if (row.dueAt !== null && row.dueAt > this.now) this.armBy(row.dueAt)
  }
}

/** A row that was read with its input carries it from step to step. */
function inputOf(row: JobRow): string | undefined {
  return 'input' in row ? (row as JobRowWithInput).input : undefined
}

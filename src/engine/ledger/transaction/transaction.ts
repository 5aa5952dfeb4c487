/**
 * One transaction of a ledger: the unit of work of a verb. A verb reads through it, decides, and gives it the next rows. The
 * transaction reads its own writes, writes everything at the end, says by when the alarm must ring, and lets memory follow
 * once it has committed. `transact` runs it.
 *
 * I1, I8: a change that leaves a job unfinished cannot commit without an alarm early enough for it.
 */
import { isFinal, type JobState } from '../../task/states.ts'
import { movedCounts } from '../domain/counts.ts'
import { isReady, type JobRow, type JobRowWithInput } from '../domain/row.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import { type Cursors, storedCursors } from '../memory/cursors.ts'
import { MinuteStats } from '../memory/minute-stats.ts'
import { recyclableRows } from '../memory/recyclable-rows.ts'
import type { LightRow } from '../storage/columns.ts'
import type { Change } from '../storage/jobs.ts'
import type { Alarm } from './alarm.ts'
import type { Context } from './context.ts'
import { waitingAt } from './next-due.ts'

/**
 * Runs a verb as one transaction: read, decide, write; the alarm in the same commit; then memory follows.
 *
 * @throws what the verb throws, or the database. Nothing has changed then: not the rows, the alarm or memory.
 */
export function transact<T>(context: Context, alarm: Alarm, now: number, verb: (tx: Transaction) => T): T {
  const tx = new Transaction(context, now)
  const { result, onArmed } = context.sql.transaction(() => {
    const result = verb(tx)
    tx.write()
    return { result, onArmed: alarm.armWithin(tx.armAt, () => waitingAt(context, now)) }
  })
  onArmed()
  tx.applyToMemory()
  return result
}

/** A row that goes, for the counts. */
interface Removal {
  readonly id: string
  readonly task: string
  readonly from: JobState
}

export class Transaction {
  /** What this transaction counts. The ledger's stats take it over once this has committed. */
  readonly stats = new MinuteStats()
  /** Rows as they were read, so that a row that is needed again in this transaction is not read again. */
  readonly #read = new Map<string, JobRow>()
  readonly #added = new Map<string, JobRowWithInput>()
  readonly #changes = new Map<string, Change>()
  readonly #removals: Removal[] = []
  readonly #effects: (() => void)[] = []
  #movedCursors: Cursors | undefined
  #cursors: Cursors | undefined
  #flushesStats = false
  #armAt = Number.POSITIVE_INFINITY

  constructor(
    readonly context: Context,
    readonly now: number,
  ) {}

  // Reads: rows as this transaction leaves them so far.

  job(id: string): JobRow | undefined {
    const known = this.#added.get(id) ?? this.#read.get(id)
    return known ? this.#changed(known) : this.jobs([id])[0]
  }

  /** The jobs with these ids, in the order of the ids. Unknown ids are left out. */
  jobs(ids: readonly string[]): JobRow[] {
    if (ids.length === 0) return []
    for (const row of this.context.jobs.byIds(ids)) this.#read.set(row.id, row)
    return ids.flatMap((id) => this.#added.get(id) ?? this.#maybeChanged(this.#read.get(id)))
  }

  jobWithInput(id: string): JobRowWithInput | undefined {
    return this.#added.get(id) ?? this.jobsWithInput([id])[0]
  }

  /** As `jobs`, of jobs that were recorded before this transaction, with their inputs: for claims and for people. */
  jobsWithInput(ids: readonly string[]): JobRowWithInput[] {
    return ids.length === 0 ? [] : this.context.jobs.withInput(ids).map((row) => this.#changed(row))
  }

  /** The recorded job that held a key when this transaction began, as it is now. */
  jobByKey(key: string, task: string, partition: string): JobRowWithInput | undefined {
    return this.#maybeChanged(this.context.jobs.byKey(key, task, partition))[0]
  }

  /** The rows whose attempts have ended in this transaction, as they were before. Memory still counts their slots as taken. */
  endedAttempts(): JobRow[] {
    const ended: JobRow[] = []
    for (const { before, after } of this.#changes.values())
      if (before.state === 'running' && after.state !== 'running') ended.push(before)
    return ended
  }

  // Writes: noted here, and written at the end.

  /** Records a job. */
  add(row: JobRowWithInput): JobRowWithInput {
    const anchored = { ...row, dueAt: this.#anchoredDueAt(row) }
    this.#added.set(row.id, anchored)
    this.#armFor(anchored)
    return anchored
  }

  /**
   * Replaces a row by the next one, if it is still as it was read. Of several changes to a row the last one is written.
   * @param input its new input, as JSON text; left out, it keeps the one it has
   */
  change(before: JobRow, after: JobRow, input?: string): JobRow {
    const anchored = { ...after, dueAt: this.#anchoredDueAt(after) }
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

  /** Forgets finished jobs. Their states are given for the counts. Written at once. */
  remove(rows: readonly Pick<JobRow, 'id' | 'task' | 'state'>[]): void {
    if (rows.length === 0) return
    const gone = new Set(this.context.jobs.remove(rows.map(({ id }) => id)))
    for (const id of gone) this.#read.delete(id)
    for (const { id, task, state: from } of rows) if (gone.has(id)) this.#removals.push({ id, task, from })
  }

  /** Moves the cursors. The counts are given as they are after the move, before this transaction's own changes to rows. */
  moveCursors(cursors: Cursors): void {
    this.#movedCursors = cursors
  }

  /** Writes the stats that are in memory together with this transaction. */
  flushStats(): void {
    this.#flushesStats = true
  }

  /** The alarm must ring by then. */
  armBy(at: number): void {
    if (at < this.#armAt) this.#armAt = at
  }

  /** Something for memory to follow, once this has committed. */
  onCommit(effect: () => void): void {
    this.#effects.push(effect)
  }

  // The end: called by `transact` alone.

  /** When the alarm must ring at the latest; infinity when this transaction needs none. */
  get armAt(): number {
    return this.#armAt
  }

  /** Writes everything. Inside the database's transaction. */
  write(): void {
    const { jobs, facts, memory, stats, statsRows } = this.context
    // Changes first: a key that passes from one job to another must be free before it is taken.
    if (this.#changes.size > 0 && jobs.update([...this.#changes.values()]) !== this.#changes.size) {
      throw new Error('a job changed between being read and being written')
    }
    if (this.#added.size > 0) this.#record([...this.#added.values()])
    const cursors = this.#movedCursors ?? memory.cursors
    this.#cursors = this.#counted(cursors)
    if (this.#movedCursors || this.#cursors.below !== cursors.below)
      facts.write('cursors', storedCursors(this.#cursors))
    this.onCommit(stats.flush(statsRows, this.stats, this.now, this.#flushesStats))
  }

  /** Lets memory follow. After the commit. */
  applyToMemory(): void {
    const { memory, rowCache } = this.context
    if (this.#cursors) memory.moveCursors(this.#cursors)
    for (const { id, task, from } of this.#removals)
      if (!memory.isBelowWatermark(id)) memory.counts.moveAbove({ task, from, to: undefined })
    for (const row of this.#added.values()) {
      memory.mirror(undefined, row, this.now)
      if (!memory.spilled.isOnDisk(row)) rowCache.keep(row, row.input)
    }
    for (const { before, after, input } of this.#changes.values()) {
      memory.mirror(before, after, this.now)
      rowCache.keep(after, input ?? inputOf(after))
    }
    for (const effect of this.#effects) effect()
  }

  #changed<Row extends JobRow>(row: Row): Row {
    const change = this.#changes.get(row.id)
    if (!change) return row
    return { ...row, ...change.after, ...('input' in row && { input: change.input ?? row.input }) }
  }

  #maybeChanged<Row extends JobRow>(row: Row | undefined): Row[] {
    return row ? [this.#changed(row)] : []
  }

  /** New jobs take over the rows of old ones whose retention is over, as far as there are any: no row need be removed then. */
  #record(rows: readonly JobRowWithInput[]): void {
    const { memory, jobs } = this.context
    const { over, from } = recyclableRows(this.context, rows.length, this.now, (id) => this.#changes.has(id))
    for (const { id, task, state } of over) this.#removals.push({ id, task, from: state })
    this.onCommit(() => {
      memory.recycleFrom = from
    })
    const taken = jobs.takeOver(over.map(({ id }, index) => ({ id, row: rows[index] as JobRowWithInput })))
    const fresh = jobs.insert(rows.slice(over.length))
    if (taken !== over.length || taken + fresh !== rows.length)
      throw new Error('a job to be added was already recorded')
  }

  /** The cursors with the counts after this transaction. The same counts where it touches none of them. */
  #counted(cursors: Cursors): Cursors {
    const { watermark, sweepCursor, recyclableEnd, below, recyclable } = cursors
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
    if (moves.length === 0) return cursors
    const isRecyclable = ({ id }: { readonly id: string }) => id >= sweepCursor && id < recyclableEnd
    const [ofRecyclable, ofOthers] = [moves.filter(isRecyclable), moves.filter((move) => !isRecyclable(move))]
    return {
      ...cursors,
      ...(ofOthers.length > 0 && { below: movedCounts(below, ofOthers) }),
      ...(ofRecyclable.length > 0 && { recyclable: movedCounts(recyclable, ofRecyclable) }),
    }
  }

  /**
   * Keeps the invariant that a live row is found on activation: one below the watermark carries a due time. And a finished
   * row that the sweep will not meet, or not in time, carries the time at which it is pruned.
   */
  #anchoredDueAt(row: JobRow): number | null {
    const { memory, retentionMs, defaultRetentionMs } = this.context
    if (isFinal(row.state)) {
      const keptMs = retentionMs(row.task)
      const carriesTime = keptMs < defaultRetentionMs || row.id <= memory.sweepCursor
      // From its end: it may change once more when another job takes its key, and that does not change how long it is kept.
      return carriesTime ? (row.finishedAt ?? this.now) + keptMs : null
    }
    return row.dueAt === null && memory.isBelowWatermark(row.id) ? this.now : row.dueAt
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

/**
 * One transaction of a ledger. A verb reads rows, decides, and hands its changes to the turn; the turn writes them, arms
 * the alarm they need inside the same transaction, and lets memory follow once it has committed.
 *
 * I1, I8: a change that leaves a job unfinished cannot commit without an alarm early enough for it.
 */
import { isFinal } from '../task/job.ts'
import type { Books, Upkeep } from './books.ts'
import type { StateCounts } from './counts.ts'
import { isReady, type JobRow, type JobRowWithInput, type LightRow } from './row.ts'
import type { Change, factStatements, JobStatements } from './statements.ts'

/** How long work may wait for an answer to its wake-up before the alarm looks after it. */
export const wakeUpPatienceMs = 500

/** What a turn needs to know of its ledger. */
export interface TurnParts {
  readonly books: Books
  readonly jobs: JobStatements
  readonly facts: ReturnType<typeof factStatements>
  /** How long a finished job of this task is kept. */
  readonly retentionMs: (task: string) => number
  /** The retention that the sweep goes by. */
  readonly defaultRetentionMs: number
}

export class Turn {
  readonly #parts: TurnParts
  readonly #added: JobRowWithInput[] = []
  readonly #changes: Change[] = []
  /** Removals of rows, for the counts below the mark. */
  readonly #removals: { id: string; from: JobRow['state'] }[] = []
  readonly #effects: (() => void)[] = []
  #moved: Upkeep | undefined
  #neededAt = Number.POSITIVE_INFINITY

  constructor(
    parts: TurnParts,
    readonly now: number,
  ) {
    this.#parts = parts
  }

  /** Records a job. */
  add(row: JobRowWithInput): JobRowWithInput {
    const anchored = { ...row, ...this.#anchor(row) }
    this.#added.push(anchored)
    this.#needFor(anchored)
    return anchored
  }

  /** Replaces a row by the next one, if it is still as it was read. */
  change(before: JobRow, after: JobRow): JobRow {
    const anchored = { ...after, ...this.#anchor(after) }
    this.#changes.push({ before, after: anchored })
    this.#needFor(anchored)
    return anchored
  }

  /** Forgets finished jobs. The states they had are given, for the counts. */
  remove(rows: readonly Pick<JobRow, 'id' | 'state'>[]): void {
    if (rows.length === 0) return
    const gone = new Set(this.#parts.jobs.remove(rows.map(({ id }) => id)))
    for (const { id, state } of rows) {
      if (gone.has(id)) this.after(() => this.#parts.books.counts.move(this.#side(id), state, undefined))
    }
    this.#removals.push(...rows.filter(({ id }) => gone.has(id)).map(({ id, state }) => ({ id, from: state })))
  }

  /** The mark or the sweep moves. The counts below the mark are given as they will be. */
  moveUpkeep(upkeep: Upkeep): void {
    this.#moved = upkeep
  }

  /** The alarm must ring by then. */
  need(at: number): void {
    if (at < this.#neededAt) this.#neededAt = at
  }

  /** Something for memory to follow, once the transaction has committed. */
  after(effect: () => void): void {
    this.#effects.push(effect)
  }

  get neededAt(): number {
    return this.#neededAt
  }

  /** Inside the transaction: writes everything. */
  write(): void {
    const { jobs, facts, books } = this.#parts
    if (this.#added.length > 0) {
      const fresh = jobs.insert(this.#added)
      if (fresh.length !== this.#added.length) throw new Error('a job to be added was already recorded')
    }
    if (this.#changes.length > 0 && jobs.update(this.#changes) !== this.#changes.length) {
      throw new Error('a job changed between being read and being written')
    }
    const upkeep = this.#moved ?? books.upkeep()
    const below = this.#belowAfter(upkeep)
    if (this.#moved || below) facts.write('upkeep', { ...upkeep, below: below ?? upkeep.below })
  }

  /** After the commit: memory follows. */
  settle(): void {
    const { books } = this.#parts
    if (this.#moved) {
      books.mark = this.#moved.mark
      books.swept = this.#moved.swept
    }
    for (const row of this.#added) books.mirror(undefined, row, this.now)
    for (const { before, after } of this.#changes) books.mirror(before, after, this.now)
    for (const effect of this.#effects) effect()
  }

  /** The counts below the mark after this turn, if it touches one of them. */
  #belowAfter(upkeep: Upkeep): StateCounts | undefined {
    const moves = [
      ...this.#removals.map(({ id, from }) => ({ id, from, to: undefined })),
      ...this.#added.map(({ id, state }) => ({ id, from: undefined, to: state })),
      ...this.#changes.map(({ before, after }) => ({ id: after.id, from: before.state, to: after.state })),
    ].filter(({ id }) => id < this.#parts.books.mark)
    if (moves.length === 0) return undefined
    const below = { ...upkeep.below }
    for (const { from, to } of moves) {
      if (from) below[from]--
      if (to) below[to]++
    }
    return below
  }

  #side(id: string): 'above' | 'below' {
    return this.#parts.books.isBelowMark(id) ? 'below' : 'above'
  }

  /**
   * Keeps the invariant that a live row is found on activation: one below the mark carries a due time. And a finished
   * row that the sweep will not meet, or not in time, carries the time at which it is pruned.
   */
  #anchor(row: LightRow): { dueAt: number | null } {
    const { books, retentionMs, defaultRetentionMs } = this.#parts
    if (isFinal(row.state)) {
      const kept = retentionMs(row.task)
      const own = kept < defaultRetentionMs || row.id <= books.swept
      return { dueAt: own ? this.now + kept : null }
    }
    if (row.dueAt === null && books.isBelowMark(row.id)) return { dueAt: this.now }
    return { dueAt: row.dueAt }
  }

  #needFor(row: LightRow): void {
    if (row.state === 'running') this.need(row.leaseUntil ?? this.now)
    else if (isReady(row, this.now)) this.need(this.now + wakeUpPatienceMs)
    if (row.dueAt !== null && row.dueAt > this.now) this.need(row.dueAt)
  }
}

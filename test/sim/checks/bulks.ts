/** Bulk actions: each changes every matching job that existed when it began exactly once. */
import { isFinal } from '../../../src/engine/task/job.ts'
import type { Claim, Row, Rows } from './rows.ts'
import type { SeenBulk } from './seen.ts'

interface Open {
  /** Jobs that it must still change, unless they stop matching before. */
  readonly meant: Set<string>
  readonly changed: Set<string>
}

export class Bulks {
  readonly rows = new Map<string, SeenBulk>()
  readonly #open = new Map<string, Open>()

  private readonly claim: Claim
  private readonly jobs: Rows
  /** False when clocks may be wrong: then an id may be far ahead of the ledger's time, and be taken for a later job. */
  /** False when clocks may be wrong: then an id may be far ahead of the ledger's time, and be taken for a later job. */
  private readonly isClockTrue: () => boolean

  constructor(claim: Claim, jobs: Rows, isClockTrue: () => boolean) {
    this.claim = claim
    this.jobs = jobs
    this.isClockTrue = isClockTrue
  }

  /** Actions that are not finished. */
  get unfinished(): SeenBulk[] {
    return [...this.rows.values()].filter(({ below }) => below !== null)
  }

  written(after: SeenBulk, changes: readonly { before: Row | undefined; after: Row }[]): void {
    const before = this.rows.get(after.id)
    this.rows.set(after.id, after)
    if (!before) {
      this.#open.set(after.id, { meant: this.#meant(after), changed: new Set() })
      return
    }
    this.claim(before.below !== null, 'I3', () => `bulk ${after.id} goes on although it is done`)
    this.claim(
      after.below === null || after.below < (before.below ?? ''),
      'I3',
      () => `bulk ${after.id} goes back from ${before.below} to ${after.below}`,
    )
    const open = this.#open.get(after.id)
    if (!open) return
    for (const change of changes) {
      if (!change.before || !isBy(after, change.before, change.after)) continue
      const { id } = change.after
      this.claim(!open.changed.has(id), 'I3', () => `bulk ${after.id} changes ${id} twice`)
      open.changed.add(id)
    }
    if (after.below !== null) return
    this.#open.delete(after.id)
    for (const id of open.meant)
      this.claim(open.changed.has(id), 'I3', () => `bulk ${after.id} is done, and has left out ${id}`)
    this.claim(
      after.changed >= open.changed.size,
      'I3',
      () => `bulk ${after.id} says it has changed ${after.changed} jobs, it has changed ${open.changed.size}`,
    )
  }

  /** A job has changed for any reason. It may no longer match an action. */
  changed(row: Row): void {
    for (const [id, { meant }] of this.#open) {
      const bulk = this.rows.get(id)
      if (meant.has(row.id) && bulk && !matches(bulk, row)) meant.delete(row.id)
    }
  }

  removed(id: string): void {
    for (const { meant } of this.#open.values()) meant.delete(id)
  }

  #meant(bulk: SeenBulk): Set<string> {
    if (!this.isClockTrue()) return new Set()
    return new Set([...this.jobs.all.values()].filter((row) => matches(bulk, row)).map(({ id }) => id))
  }
}

function matches({ action, filter, startedAt }: SeenBulk, { task, state, finishedAt, cancelling }: Row): boolean {
  const wanted = JSON.parse(filter) as { task?: string; state?: string }
  if (wanted.task !== undefined && wanted.task !== task) return false
  if (wanted.state !== undefined && wanted.state !== state) return false
  if (action === 'cancel') return !isFinal(state) && cancelling === 0
  return isFinal(state) && (finishedAt ?? 0) <= startedAt
}

/** True for a change that the action itself made. */
function isBy({ action }: SeenBulk, before: Row, after: Row): boolean {
  if (action === 'redrive') return isFinal(before.state) && after.state === 'queued'
  return (
    !isFinal(before.state) &&
    ((before.state !== 'running' && after.state === 'cancelled') || after.cancelling > before.cancelling)
  )
}

/**
 * What a ledger keeps in memory beside its rows, and the one place where memory follows a row.
 *
 * Owns: the ready index, the running jobs, the runners, the counts, the cursors, and the places up to which rows are loaded.
 * Everything here is rebuilt from rows on activation (`load.ts`). Activation gives nothing to anybody, so the jobs of a dead
 * runner lapse on time however often the ledger wakes. Nothing here changes before the transaction that wrote the rows has
 * committed.
 */
import { Counts } from '../domain/counts.ts'
import { lesser } from '../domain/job-id.ts'
import { leaseParts } from '../domain/lease.ts'
import { isReady } from '../domain/row.ts'
import type { LedgerSizes } from '../domain/sizes.ts'
import { soloFromLapse } from '../domain/transitions.ts'
import type { LightRow } from '../storage/columns.ts'
import type { Cursors } from './cursors.ts'
import { ReadyIndex } from './ready-index.ts'
import type { Runners } from './runners.ts'
import { type RunningJob, RunningJobs } from './running-jobs.ts'
import { SpilledLanes } from './spilled-lanes.ts'

/** A position in the due index. */
export interface DuePosition {
  readonly at: number
  readonly id: string
}

export class Memory {
  readonly ready = new ReadyIndex()
  readonly running = new RunningJobs()
  readonly runners: Runners = new Map()
  readonly counts = new Counts()
  watermark = ''
  sweepCursor = ''
  recyclableEnd = ''
  /** Where to look for the next row to take over: the recyclable rows before it are gone or cannot be taken. */
  recycleFrom = ''
  /** Before then there is nothing to make recyclable. */
  recycleNotBefore = 0
  /** Rows of the due index up to here have been looked at. */
  dueLoadedTo: DuePosition = { at: 0, id: '' }
  /** When the next row of the due index beyond that falls due; undefined when there is none. Never later than the truth. */
  nextDueAt: number | undefined
  /** Finished jobs whose own time to be pruned has come. A set: a clock that steps back has them met twice. */
  readonly prunable = new Set<string>()
  /** When the sweep for old jobs goes on. */
  nextSweepAt: number | undefined
  /** Memory was full: plain waiting jobs beyond this id are on disk only. Undefined when all of them are in memory. */
  plainLoadedTo: string | undefined
  /** Lanes of which activation has left the rest on disk. */
  readonly spilled = new SpilledLanes()

  constructor(readonly sizes: LedgerSizes) {}

  /** When rows next come into memory by their due time. Not while memory is full: a claim that makes room loads them. */
  get nextLoadAt(): number | undefined {
    return this.ready.size >= this.sizes.readyMax ? undefined : this.nextDueAt
  }

  /** The cursors as they stand in memory. */
  get cursors(): Cursors {
    const { watermark, sweepCursor, recyclableEnd, counts } = this
    return { watermark, sweepCursor, recyclableEnd, below: counts.below, recyclable: counts.recyclable }
  }

  /** Every live job with an id below this one is in memory or has a due time. */
  get loadedTo(): string {
    return this.spilled.values().reduce((least, { from }) => lesser(least, from), this.plainLoadedTo ?? '~')
  }

  /** The cursors have moved on disk. */
  moveCursors({ watermark, sweepCursor, recyclableEnd, below, recyclable }: Cursors): void {
    this.watermark = watermark
    this.sweepCursor = sweepCursor
    this.recyclableEnd = recyclableEnd
    this.counts.below = below
    this.counts.recyclable = recyclable
  }

  isBelowWatermark(id: string): boolean {
    return id < this.watermark
  }

  /** Memory follows a committed row: every entry of it goes, then the entries that its state calls for come. */
  mirror(before: LightRow | undefined, after: LightRow, now: number): void {
    if (!this.isBelowWatermark(after.id))
      this.counts.moveAbove({ task: after.task, from: before?.state, to: after.state })
    this.ready.remove(after.id)
    this.running.delete(after.id)
    this.insert(after, now)
    // However an attempt has ended, its slot is free, and nothing else might ever open a partition that waits for one.
    if (before?.state === 'running' && after.state !== 'running') this.ready.unpark(after.task, after.partition)
  }

  /** A row enters memory where its state says. Of a final row only the time to prune it is remembered. */
  insert(row: LightRow, now: number): void {
    if (row.state === 'running') this.running.set(runningJob(row))
    else if (isReady(row, now)) this.#insertReady(row)
    else if (row.dueAt !== null) this.expectDue(row.dueAt)
  }

  /** When the lease of a running job ends: at its own end, or later where its runner has extended it on disk. */
  leaseEnd({ lease, leaseUntil }: RunningJob): number {
    return Math.max(leaseUntil, this.runners.get(leaseParts(lease).runner)?.until ?? 0)
  }

  /** A row falls due at `at`. One before the loaded position (the clock has stepped back) must be met again. */
  expectDue(at: number): void {
    if (at <= this.dueLoadedTo.at) this.dueLoadedTo = { at: at - 1, id: '' }
    if (this.nextDueAt === undefined || at < this.nextDueAt) this.nextDueAt = at
  }

  /** The row carries a due time now, so that the watermark may pass it. It is in memory and need not be met again. */
  tag(id: string): void {
    this.ready.tag(id)
    const job = this.running.get(id)
    if (job) this.running.set({ ...job, due: true })
  }

  #insertReady(row: LightRow): void {
    if (this.spilled.isOnDisk(row)) return
    const { readyMax, laneJobsMin } = this.sizes
    const isPlain = row.dueAt === null && row.priority <= 0
    if (isPlain && this.plainLoadedTo === undefined && this.ready.size >= readyMax)
      this.plainLoadedTo = this.#largestPlainId()
    const isBeyond = isPlain && this.plainLoadedTo !== undefined && row.id > this.plainLoadedTo
    if (isBeyond && (this.ready.size >= 2 * readyMax || this.ready.laneSize(row) >= laneJobsMin)) return
    const isFirst = row.attempt === 0 && row.state === 'queued'
    this.ready.add({
      id: row.id,
      task: row.task,
      partition: row.partition,
      priority: row.priority,
      readyAt: row.notBefore ?? (isFirst ? row.createdAt : (row.dueAt ?? row.createdAt)),
      expiresAt: row.startedAt === null ? (row.expiresAt ?? undefined) : undefined,
      bytes: row.bytes,
      solo: row.lapses >= soloFromLapse,
      due: row.dueAt !== null,
    })
  }

  #largestPlainId(): string {
    let largest = ''
    for (const { id, due } of this.ready.values()) if (!due && id > largest) largest = id
    return largest
  }
}

function runningJob(row: LightRow): RunningJob {
  return {
    id: row.id,
    task: row.task,
    partition: row.partition,
    lease: row.lease ?? '',
    leaseUntil: row.leaseUntil ?? 0,
    startedAt: row.startedAt ?? 0,
    due: row.dueAt !== null,
    cancelling: row.cancelling === 1,
  }
}

/**
 * What a ledger keeps in memory beside its rows, and the one place where memory follows a row.
 *
 * Owns: the ready index, the running jobs, the runners, the counts, the mark and the places up to which rows are
 * loaded. Everything here is rebuilt from rows on activation; activation grants nothing, so a dead runner's jobs lapse
 * on time however often the ledger wakes. Nothing here changes before the transaction that wrote the rows has returned.
 */
import { isFinal } from '../../task/job.ts'
import { Counts, countsOf, type StateCounts, type TaskCounts, totalOf } from '../domain/counts.ts'
import { lesser } from '../domain/job-id.ts'
import { leaseParts } from '../domain/lease.ts'
import { isReady, type LightRow } from '../domain/row.ts'
import { soloFromLapse } from '../domain/transitions.ts'
import type { JobStatements } from '../storage/jobs.ts'
import type { RowCache } from '../storage/row-cache.ts'
import type { factStatements, runnerStatements } from '../storage/small-tables.ts'
import { ReadyIndex } from './ready-index.ts'
import { type RunningJob, RunningJobs } from './running-jobs.ts'
import { type CutLane, CutLanes, laneShare } from './spilled-lanes.ts'

/**
 * Waiting jobs held in memory at most; further plain ones stay on disk until there is room. About 20 MB. Beyond that, and
 * up to twice as many, jobs of a lane of which few are in memory still enter: one that has filled it holds no other up.
 */
export const readyMax = 100_000
/** Rows read at a time while loading. */
const loadSlice = 1_000
/** Jobs that a lane which was cut gets at a time: as many as one claim takes. */
const lengthenedBy = 500
/** Jobs that wait in memory before activation cuts long lanes. */
const openedMax = 4_000
/** Lanes that it cuts: each is a condition of the statements that pass its rows over. */
const cutLanesMax = 8

/** A runner as its last sync left it. */
export interface RunnerState {
  heardAt: number
  /** The newest seq it spoke with, and the newest whose answer it has. */
  seq: number
  ack: number
  /** Jobs it would still take. */
  spare: number
  /** Leases it holds are good until then, on disk. 0: nothing stored. */
  until: number
  /** It has nothing to do and comes back then, when a limit opens. */
  againAt?: number | undefined
  /** The last opening that it has come for. */
  cameFor?: number | undefined
}

/** Facts that move together, in one row: one write a slice of upkeep. */
export interface Cursors {
  /** Ids below it are found by `due_at` alone. */
  readonly watermark: string
  /** The sweep has passed ids up to this one. */
  readonly sweepCursor: string
  /** The tail are the rows from `swept` on and below this id: new jobs take them over once their retention is over. */
  readonly recyclableEnd: string
  /** Counts of the rows below the mark that are not in the tail. */
  readonly below: TaskCounts
  /** Counts of the tail: not stored, but counted on activation, so that taking a row over writes nothing else. */
  readonly recyclable: TaskCounts
}

/** As it is stored. Counts without a tail go under another name: code that knows of none must count anew. */
interface StoredCursors {
  readonly watermark: string
  readonly sweepCursor: string
  readonly recyclableEnd?: string
  readonly below: StateCounts
  readonly tasks?: TaskCounts
  readonly besideTail?: TaskCounts
}

export function storedCursors({ watermark, sweepCursor, recyclableEnd, below }: Cursors): StoredCursors {
  const stats = { watermark, sweepCursor, below: totalOf(below) }
  return recyclableEnd > sweepCursor ? { ...stats, recyclableEnd, besideTail: below } : { ...stats, tasks: below }
}

/** A place in the due index. */
export interface DuePosition {
  readonly at: number
  readonly id: string
}

export const dueStart: DuePosition = { at: 0, id: '' }

export class Memory {
  readonly ready = new ReadyIndex()
  readonly running = new RunningJobs()
  readonly runners = new Map<string, RunnerState>()
  readonly counts = new Counts()
  watermark = ''
  sweepCursor = ''
  recyclableEnd = ''
  /** Where in the tail to look for a row to take over: those before are gone or not to be had. */
  recycleFrom = ''
  /** Not before then is there anything for the tail to be extended by. */
  recycleNotBefore = 0
  /** Rows of the due index up to here have been looked at. */
  dueLoadedTo: DuePosition = dueStart
  /** The next row of the due index beyond that; undefined when there is none. Never later than the truth. */
  nextDueAt: number | undefined
  /** Finished jobs whose own time to be pruned has come. A set: a clock that steps back has them met twice. */
  readonly prunable = new Set<string>()
  /** When the sweep for old jobs should go on. */
  nextSweepAt: number | undefined
  /** Memory was full: plain waiting jobs beyond this id are on disk only. Undefined when all are in memory. */
  plainLoadedTo: string | undefined
  /** Lanes of which activation has left the rest on disk. */
  readonly cut = new CutLanes()

  /** The counts below the mark were not stored by task, and had to be counted: the next transaction stores them. */
  isRecounted = false

  /** When rows will next come into memory by their due time. Not while it is full: a claim that makes room loads them. */
  get nextLoadAt(): number | undefined {
    return this.ready.size >= readyMax ? undefined : this.nextDueAt
  }

  /** The counts of the rows below the mark are a stored fact; this is the fact as it stands in memory. */
  upkeep(): Cursors {
    const { watermark, sweepCursor, recyclableEnd, counts } = this
    return { watermark, sweepCursor, recyclableEnd, below: counts.below, recyclable: counts.recyclable }
  }

  /** Below this id every live job is in memory or has a due time. */
  get loadedTo(): string {
    return this.cut.values().reduce((least, { from }) => lesser(least, from), this.plainLoadedTo ?? '~')
  }

  isBelowWatermark(id: string): boolean {
    return id < this.watermark
  }

  /** Memory follows a committed row: every entry of it goes, then those its state calls for come. */
  mirror(before: LightRow | undefined, after: LightRow, now: number): void {
    if (!this.isBelowWatermark(after.id))
      this.counts.moveAbove({ task: after.task, from: before?.state, to: after.state })
    this.ready.remove(after.id)
    this.running.delete(after.id)
    this.insert(after, now)
    // However an attempt has ended, its place is free, and nothing else may ever open a partition that waits for one.
    if (before?.state === 'running' && after.state !== 'running') this.ready.unpark(after.task, after.partition)
  }

  /** A row enters memory where its state says. Final rows do not. */
  insert(row: LightRow, now: number): void {
    if (row.state === 'running') this.running.set(runningJob(row))
    else if (isReady(row, now)) this.#insertReady(row)
    else if (!isFinal(row.state) && row.dueAt !== null) this.expectDue(row.dueAt)
    if (isFinal(row.state) && row.dueAt !== null) this.expectDue(row.dueAt)
  }

  /** When a running job's lease ends: its own end, or further, as its runner has extended it on disk. */
  leaseEnd({ lease, leaseUntil }: RunningJob): number {
    return Math.max(leaseUntil, this.runners.get(leaseParts(lease).runner)?.until ?? 0)
  }

  /** A runner that waits for a limit to open, and has not failed to come back. */
  expectedRunner(now: number): string | undefined {
    for (const [runner, { againAt }] of this.runners) if (againAt !== undefined && againAt + 1_000 > now) return runner
    return undefined
  }

  /** A row will be due at `at`. One before the loaded place (the clock stepped back) must be met again. */
  expectDue(at: number): void {
    if (at <= this.dueLoadedTo.at) this.dueLoadedTo = { at: at - 1, id: '' }
    if (this.nextDueAt === undefined || at < this.nextDueAt) this.nextDueAt = at
  }

  /** These rows carry a due time now, and the mark may pass them. They are in memory and need not be met again. */
  tag(id: string): void {
    this.ready.tag(id)
    const job = this.running.get(id)
    if (job) this.running.set({ ...job, due: true })
  }

  #insertReady(row: LightRow): void {
    if (this.cut.leaves(row)) return
    const plain = row.dueAt === null && row.priority <= 0
    if (plain && this.plainLoadedTo === undefined && this.ready.size >= readyMax)
      this.plainLoadedTo = this.#largestPlainId()
    const isBeyond = plain && this.plainLoadedTo !== undefined && row.id > this.plainLoadedTo
    if (isBeyond && (this.ready.size >= 2 * readyMax || this.ready.laneSize(row) >= laneShare)) return
    this.ready.add({
      id: row.id,
      task: row.task,
      partition: row.partition,
      priority: row.priority,
      readyAt:
        row.notBefore ?? (row.attempt === 0 && row.state === 'queued' ? row.createdAt : (row.dueAt ?? row.createdAt)),
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

/**
 * Rebuilds the books from the rows: those at or above the mark by key, those that are due by the due index. Reads no
 * finished job below the mark.
 */
export function opened(
  jobs: JobStatements,
  facts: ReturnType<typeof factStatements>,
  runners: ReturnType<typeof runnerStatements>,
  now: number,
): Memory {
  const memory = new Memory()
  const upkeep = facts.read<StoredCursors>('cursors')
  memory.watermark = upkeep?.watermark ?? ''
  memory.sweepCursor = upkeep?.sweepCursor ?? ''
  memory.recyclableEnd = upkeep?.recyclableEnd ?? ''
  memory.recycleFrom = memory.sweepCursor
  if (memory.recyclableEnd > memory.sweepCursor)
    memory.counts.recyclable = countsOf(jobs.countBetween(memory.sweepCursor, memory.recyclableEnd))
  const below = upkeep?.besideTail ?? storedBelow(upkeep)
  memory.counts.below = below ?? countsOf(jobs.countBetween('', memory.watermark))
  memory.isRecounted = below === undefined
  for (const { runner, until } of runners.all()) {
    memory.runners.set(runner, { heardAt: 0, seq: 0, ack: Number.MAX_SAFE_INTEGER, spare: 0, until })
  }
  loadAbove(memory, jobs, now)
  memory.nextDueAt = jobs.nextDueAt(memory.dueLoadedTo.at, memory.dueLoadedTo.id)
  loadDue(memory, jobs, now)
  // More is due than one slice, or than memory holds: what waits may come later, but a lease is known from the start.
  if ((memory.nextDueAt ?? Number.POSITIVE_INFINITY) <= now)
    for (const row of jobs.runningDue(now)) memory.insert(row, now)
  return memory
}

/** Every row at or above the mark; but once much is in memory, what is left of long lanes is only counted. */
function loadAbove(memory: Memory, jobs: JobStatements, now: number): void {
  let after = ''
  for (let rows: LightRow[]; ; after = (rows.at(-1) as LightRow).id) {
    const cut = memory.ready.size < openedMax ? [] : cutLanes(memory, after)
    rows = cut.length > 0 ? jobs.besides(cut, after, loadSlice) : jobs.fromWatermark(memory.watermark, after, loadSlice)
    for (const row of rows) {
      memory.counts.moveAbove({ task: row.task, from: undefined, to: row.state })
      if (!isFinal(row.state)) memory.insert(row, now)
    }
    if (rows.length < loadSlice) break
  }
  const cut = memory.cut.values()
  if (cut.length === 0) return
  for (const [index, count] of jobs.countLeft(cut).entries())
    memory.counts.foundAbove((cut[index] as CutLane).task, 'queued', count)
}

/** Cuts the lanes that have become long, and answers all that are cut. */
function cutLanes({ cut, ready }: Memory, from: string): CutLane[] {
  const long = ready.longLanes(laneShare).filter((lane) => lane.priority <= 0 && !cut.has(lane))
  for (const { priority, task, partition } of long.slice(0, cutLanesMax - cut.values().length))
    cut.cut({ priority, task, partition, from })
  return cut.values()
}

/**
 * The counts below the mark by task. After the release before this one has written them they are sums alone: then, and
 * only then, the rows must be counted.
 */
function storedBelow(upkeep: StoredCursors | undefined): TaskCounts | undefined {
  if (!upkeep) return {}
  const { below, tasks } = upkeep
  const total = tasks && totalOf(tasks)
  return total && Object.entries(below).every(([state, n]) => total[state as keyof StateCounts] === n)
    ? tasks
    : undefined
}

/** Brings what has fallen due into memory, a slice at a time; `nextDueAt` stays in the past while there is more. */
export function loadDue(memory: Memory, jobs: JobStatements, now: number): void {
  if (memory.nextLoadAt === undefined || memory.nextLoadAt > now) return
  const rows = jobs.due(memory.dueLoadedTo.at, memory.dueLoadedTo.id, now, loadSlice)
  const last = rows.at(-1)
  if (last?.dueAt != null) memory.dueLoadedTo = { at: last.dueAt, id: last.id }
  for (const row of rows) {
    if (isFinal(row.state)) memory.prunable.add(row.id)
    else if (!memory.running.has(row.id)) memory.insert(row, now)
  }
  memory.nextDueAt = jobs.nextDueAt(memory.dueLoadedTo.at, memory.dueLoadedTo.id)
}

/** Fills the ready index from disk again: each lane that was cut in time, and the rest once there is room. */
export function refill(memory: Memory, jobs: JobStatements, rowCache: RowCache, now: number): void {
  for (const lane of memory.cut.values()) lengthen(memory, jobs, rowCache, lane, now)
  if (memory.plainLoadedTo === undefined || memory.ready.size > readyMax / 2) return
  const rows = jobs.waitingAfter(memory.plainLoadedTo, loadSlice)
  const last = rows.at(-1)
  memory.plainLoadedTo = rows.length < loadSlice || !last ? undefined : last.id
  for (const row of rows) memory.insert(row, now)
}

/** A lane that was cut has fewer in memory than it should. */
function lengthen(memory: Memory, jobs: JobStatements, rowCache: RowCache, lane: CutLane, now: number): void {
  if (memory.ready.laneSize(lane) >= laneShare) return
  const rows = jobs.left(lane, lengthenedBy)
  const last = rows.at(-1)
  if (rows.length < lengthenedBy || !last) memory.cut.mend(lane)
  else memory.cut.cut({ ...lane, from: last.id })
  for (const row of rows) {
    memory.insert(row, now)
    rowCache.keep(row, row.input)
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

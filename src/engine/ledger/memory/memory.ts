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
import type { RecentRows } from '../storage/row-cache.ts'
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
export interface Upkeep {
  /** Ids below it are found by `due_at` alone. */
  readonly mark: string
  /** The sweep has passed ids up to this one. */
  readonly swept: string
  /** The tail are the rows from `swept` on and below this id: new jobs take them over once their retention is over. */
  readonly tailEnd: string
  /** Counts of the rows below the mark that are not in the tail. */
  readonly below: TaskCounts
  /** Counts of the tail: not stored, but counted on activation, so that taking a row over writes nothing else. */
  readonly tail: TaskCounts
}

/** As it is stored. Counts without a tail go under another name: code that knows of none must count anew. */
interface StoredUpkeep {
  readonly mark: string
  readonly swept: string
  readonly tailEnd?: string
  readonly below: StateCounts
  readonly tasks?: TaskCounts
  readonly besideTail?: TaskCounts
}

export function storedUpkeep({ mark, swept, tailEnd, below }: Upkeep): StoredUpkeep {
  const sums = { mark, swept, below: totalOf(below) }
  return tailEnd > swept ? { ...sums, tailEnd, besideTail: below } : { ...sums, tasks: below }
}

/** A place in the due index. */
export interface DuePlace {
  readonly at: number
  readonly id: string
}

export const dueStart: DuePlace = { at: 0, id: '' }

export class Books {
  readonly ready = new ReadyIndex()
  readonly running = new RunningJobs()
  readonly runners = new Map<string, RunnerState>()
  readonly counts = new Counts()
  mark = ''
  swept = ''
  tailEnd = ''
  /** Where in the tail to look for a row to take over: those before are gone or not to be had. */
  tailFrom = ''
  /** Not before then is there anything for the tail to be extended by. */
  tailAt = 0
  /** Rows of the due index up to here have been looked at. */
  dueLoadedTo: DuePlace = dueStart
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
  upkeep(): Upkeep {
    const { mark, swept, tailEnd, counts } = this
    return { mark, swept, tailEnd, below: counts.below, tail: counts.tail }
  }

  /** Below this id every live job is in memory or has a due time. */
  get loadedTo(): string {
    return this.cut.values().reduce((least, { from }) => lesser(least, from), this.plainLoadedTo ?? '~')
  }

  isBelowMark(id: string): boolean {
    return id < this.mark
  }

  /** Memory follows a committed row: every entry of it goes, then those its state calls for come. */
  mirror(before: LightRow | undefined, after: LightRow, now: number): void {
    if (!this.isBelowMark(after.id)) this.counts.moveAbove({ task: after.task, from: before?.state, to: after.state })
    this.ready.remove(after.id)
    this.running.delete(after.id)
    this.place(after, now)
    // However an attempt has ended, its place is free, and nothing else may ever open a partition that waits for one.
    if (before?.state === 'running' && after.state !== 'running') this.ready.unpark(after.task, after.partition)
  }

  /** A row enters memory where its state says. Final rows do not. */
  place(row: LightRow, now: number): void {
    if (row.state === 'running') this.running.set(runningJob(row))
    else if (isReady(row, now)) this.#placeReady(row)
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

  #placeReady(row: LightRow): void {
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
): Books {
  const books = new Books()
  const upkeep = facts.read<StoredUpkeep>('upkeep')
  books.mark = upkeep?.mark ?? ''
  books.swept = upkeep?.swept ?? ''
  books.tailEnd = upkeep?.tailEnd ?? ''
  books.tailFrom = books.swept
  if (books.tailEnd > books.swept) books.counts.tail = countsOf(jobs.countBetween(books.swept, books.tailEnd))
  const below = upkeep?.besideTail ?? storedBelow(upkeep)
  books.counts.below = below ?? countsOf(jobs.countBetween('', books.mark))
  books.isRecounted = below === undefined
  for (const { runner, until } of runners.all()) {
    books.runners.set(runner, { heardAt: 0, seq: 0, ack: Number.MAX_SAFE_INTEGER, spare: 0, until })
  }
  loadAbove(books, jobs, now)
  books.nextDueAt = jobs.nextDueAt(books.dueLoadedTo.at, books.dueLoadedTo.id)
  loadDue(books, jobs, now)
  // More is due than one slice, or than memory holds: what waits may come later, but a lease is known from the start.
  if ((books.nextDueAt ?? Number.POSITIVE_INFINITY) <= now)
    for (const row of jobs.runningDue(now)) books.place(row, now)
  return books
}

/** Every row at or above the mark; but once much is in memory, what is left of long lanes is only counted. */
function loadAbove(books: Books, jobs: JobStatements, now: number): void {
  let after = ''
  for (let rows: LightRow[]; ; after = (rows.at(-1) as LightRow).id) {
    const cut = books.ready.size < openedMax ? [] : cutLanes(books, after)
    rows = cut.length > 0 ? jobs.besides(cut, after, loadSlice) : jobs.fromMark(books.mark, after, loadSlice)
    for (const row of rows) {
      books.counts.moveAbove({ task: row.task, from: undefined, to: row.state })
      if (!isFinal(row.state)) books.place(row, now)
    }
    if (rows.length < loadSlice) break
  }
  const cut = books.cut.values()
  if (cut.length === 0) return
  for (const [index, count] of jobs.countLeft(cut).entries())
    books.counts.foundAbove((cut[index] as CutLane).task, 'queued', count)
}

/** Cuts the lanes that have become long, and answers all that are cut. */
function cutLanes({ cut, ready }: Books, from: string): CutLane[] {
  const long = ready.longLanes(laneShare).filter((lane) => lane.priority <= 0 && !cut.has(lane))
  for (const { priority, task, partition } of long.slice(0, cutLanesMax - cut.values().length))
    cut.cut({ priority, task, partition, from })
  return cut.values()
}

/**
 * The counts below the mark by task. After the release before this one has written them they are sums alone: then, and
 * only then, the rows must be counted.
 */
function storedBelow(upkeep: StoredUpkeep | undefined): TaskCounts | undefined {
  if (!upkeep) return {}
  const { below, tasks } = upkeep
  const total = tasks && totalOf(tasks)
  return total && Object.entries(below).every(([state, n]) => total[state as keyof StateCounts] === n)
    ? tasks
    : undefined
}

/** Brings what has fallen due into memory, a slice at a time; `nextDueAt` stays in the past while there is more. */
export function loadDue(books: Books, jobs: JobStatements, now: number): void {
  if (books.nextLoadAt === undefined || books.nextLoadAt > now) return
  const rows = jobs.due(books.dueLoadedTo.at, books.dueLoadedTo.id, now, loadSlice)
  const last = rows.at(-1)
  if (last?.dueAt != null) books.dueLoadedTo = { at: last.dueAt, id: last.id }
  for (const row of rows) {
    if (isFinal(row.state)) books.prunable.add(row.id)
    else if (!books.running.has(row.id)) books.place(row, now)
  }
  books.nextDueAt = jobs.nextDueAt(books.dueLoadedTo.at, books.dueLoadedTo.id)
}

/** Fills the ready index from disk again: each lane that was cut in time, and the rest once there is room. */
export function refill(books: Books, jobs: JobStatements, recent: RecentRows, now: number): void {
  for (const lane of books.cut.values()) lengthen(books, jobs, recent, lane, now)
  if (books.plainLoadedTo === undefined || books.ready.size > readyMax / 2) return
  const rows = jobs.waitingAfter(books.plainLoadedTo, loadSlice)
  const last = rows.at(-1)
  books.plainLoadedTo = rows.length < loadSlice || !last ? undefined : last.id
  for (const row of rows) books.place(row, now)
}

/** A lane that was cut has fewer in memory than it should. */
function lengthen(books: Books, jobs: JobStatements, recent: RecentRows, lane: CutLane, now: number): void {
  if (books.ready.laneSize(lane) >= laneShare) return
  const rows = jobs.left(lane, lengthenedBy)
  const last = rows.at(-1)
  if (rows.length < lengthenedBy || !last) books.cut.mend(lane)
  else books.cut.cut({ ...lane, from: last.id })
  for (const row of rows) {
    books.place(row, now)
    recent.keep(row, row.input)
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

/** How rows come into memory: on activation, when they fall due, and when there is room again. Reads; never writes a row. */
import { isFinal } from '../../task/states.ts'
import { countsOf } from '../domain/counts.ts'
import type { SpilledLane } from '../domain/lane-name.ts'
import type { LedgerSizes } from '../domain/sizes.ts'
import type { LightRow } from '../storage/columns.ts'
import type { JobStatements } from '../storage/jobs.ts'
import type { RowCache } from '../storage/row-cache.ts'
import type { factStatements, runnerStatements } from '../storage/small-tables.ts'
import type { StoredCursors } from './cursors.ts'
import { Memory } from './memory.ts'

/** Lanes that activation leaves on disk at most: each is a condition of the statements that pass over its rows. */
const spilledLanesMax = 8

export interface LoadSources {
  readonly jobs: JobStatements
  readonly facts: ReturnType<typeof factStatements>
  readonly runners: ReturnType<typeof runnerStatements>
}

/**
 * Rebuilds memory from the rows: those at or above the watermark by key, those below it that are due by the due index. Reads
 * no finished job below the watermark.
 */
export function loadMemory({ jobs, facts, runners }: LoadSources, sizes: LedgerSizes, now: number): Memory {
  const memory = new Memory(sizes)
  const cursors = facts.read<StoredCursors>('cursors') ?? {
    watermark: '',
    sweepCursor: '',
    recyclableEnd: '',
    below: {},
  }
  const { sweepCursor, recyclableEnd } = cursors
  const recyclable = recyclableEnd > sweepCursor ? countsOf(jobs.countBetween(sweepCursor, recyclableEnd)) : {}
  memory.moveCursors({ ...cursors, recyclable })
  memory.recycleFrom = sweepCursor
  for (const { runner, until } of runners.all())
    memory.runners.set(runner, { heardAt: 0, seq: 0, ack: Number.MAX_SAFE_INTEGER, spare: 0, until })
  loadAbove(memory, jobs, now)
  memory.nextDueAt = jobs.nextDueAt(memory.dueLoadedTo.at, memory.dueLoadedTo.id)
  loadDue(memory, jobs, now)
  // More may be due than one slice, or than memory holds. Waiting jobs may come later, but leases are known from the start.
  if ((memory.nextDueAt ?? Number.POSITIVE_INFINITY) <= now)
    for (const row of jobs.runningDue(now)) memory.insert(row, now)
  return memory
}

/** Loads every row at or above the watermark. Once much is in memory, the rest of long lanes is only counted. */
function loadAbove(memory: Memory, jobs: JobStatements, now: number): void {
  const { activationReadyMax, loadSlice } = memory.sizes
  let after = ''
  for (let rows: LightRow[]; ; after = (rows.at(-1) as LightRow).id) {
    const spilled = memory.ready.size < activationReadyMax ? [] : spillLongLanes(memory, after)
    rows =
      spilled.length > 0
        ? jobs.besides(spilled, after, loadSlice)
        : jobs.fromWatermark(memory.watermark, after, loadSlice)
    for (const row of rows) {
      memory.counts.moveAbove({ task: row.task, from: undefined, to: row.state })
      if (!isFinal(row.state)) memory.insert(row, now)
    }
    if (rows.length < loadSlice) break
  }
  const spilled = memory.spilled.values()
  if (spilled.length === 0) return
  for (const [index, count] of jobs.countLeft(spilled).entries())
    memory.counts.foundAbove((spilled[index] as SpilledLane).task, 'queued', count)
}

/** Leaves the rest of the lanes that have become long on disk, and answers all lanes that are spilled. */
function spillLongLanes({ spilled, ready, sizes }: Memory, from: string): SpilledLane[] {
  const long = ready.longLanes(sizes.laneJobsMin).filter((lane) => lane.priority <= 0 && !spilled.has(lane))
  for (const { priority, task, partition } of long.slice(0, spilledLanesMax - spilled.values().length))
    spilled.spill({ priority, task, partition, from })
  return spilled.values()
}

/** Brings a slice of what has fallen due into memory. `nextDueAt` stays in the past while there is more. */
export function loadDue(memory: Memory, jobs: JobStatements, now: number): void {
  if (memory.nextLoadAt === undefined || memory.nextLoadAt > now) return
  const rows = jobs.due(memory.dueLoadedTo.at, memory.dueLoadedTo.id, now, memory.sizes.loadSlice)
  const last = rows.at(-1)
  if (last?.dueAt != null) memory.dueLoadedTo = { at: last.dueAt, id: last.id }
  for (const row of rows) {
    if (isFinal(row.state)) memory.prunable.add(row.id)
    else if (!memory.running.has(row.id)) memory.insert(row, now)
  }
  memory.nextDueAt = jobs.nextDueAt(memory.dueLoadedTo.at, memory.dueLoadedTo.id)
}

/** Fills the ready index from disk again: each spilled lane before it runs short, and the rest once there is room. */
export function refill(memory: Memory, jobs: JobStatements, rowCache: RowCache, now: number): void {
  const { readyMax, loadSlice } = memory.sizes
  for (const lane of memory.spilled.values()) refillLane(memory, jobs, rowCache, lane, now)
  if (memory.plainLoadedTo === undefined || memory.ready.size > readyMax / 2) return
  const rows = jobs.waitingAfter(memory.plainLoadedTo, loadSlice)
  const last = rows.at(-1)
  memory.plainLoadedTo = rows.length < loadSlice || !last ? undefined : last.id
  for (const row of rows) memory.insert(row, now)
}

function refillLane(memory: Memory, jobs: JobStatements, rowCache: RowCache, lane: SpilledLane, now: number): void {
  const { laneJobsMin, laneRefill } = memory.sizes
  if (memory.ready.laneSize(lane) >= laneJobsMin) return
  const rows = jobs.left(lane, laneRefill)
  const last = rows.at(-1)
  if (rows.length < laneRefill || !last) memory.spilled.restore(lane)
  else memory.spilled.spill({ ...lane, from: last.id })
  for (const row of rows) {
    memory.insert(row, now)
    rowCache.keep(row, row.input)
  }
}

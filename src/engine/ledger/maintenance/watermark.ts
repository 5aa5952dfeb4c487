/**
 * The watermark: the id below which a live row is found by its due time alone. Activation reads every row at or above it, so it
 * moves up behind the oldest live job.
 */
import { isFinal, type JobState } from '../../task/states.ts'
import { addedCounts, countsOf } from '../domain/counts.ts'
import { idLateMsMax, jobIdFloor, lesser } from '../domain/job-id.ts'
import type { Transaction } from '../transaction/transaction.ts'

/**
 * Moves the watermark up to the oldest live plain job; and past a few of them if they hold it back, each given a due time so
 * that it is still found. Rows that are on disk only, because memory was full, stay above it.
 */
export function moveWatermark(tx: Transaction): void {
  const { memory, jobs, shard, sizes } = tx.context
  const limit = lesser(jobIdFloor(shard, tx.now - idLateMsMax), memory.loadedTo)
  const live = [...memory.ready.values(), ...memory.running.values()]
    .filter(({ due, id }) => !due && id < limit)
    .map(({ id }) => id)
  live.sort()
  const oldest = live[0] ?? limit
  const isHeldBack =
    live.length > 0 && finishedIn(jobs.countBetween(memory.watermark, oldest)) * 2 < memory.counts.finishedAbove
  const passed = isHeldBack ? live.slice(0, sizes.stragglersMax) : []
  const watermark = passed.length > 0 ? (live[sizes.stragglersMax] ?? limit) : oldest
  if (watermark <= memory.watermark) return
  jobs.setDue(passed.map((id) => ({ id, dueAt: tx.now })))
  const crossed = jobs.countBetween(memory.watermark, watermark)
  const below = addedCounts(memory.counts.below, countsOf(crossed))
  tx.moveCursors({ ...memory.cursors, watermark, below })
  tx.onCommit(() => {
    memory.counts.removeCrossed(crossed)
    for (const id of passed) memory.tag(id)
  })
}

function finishedIn(counts: readonly { readonly state: JobState; readonly n: number }[]): number {
  return counts.reduce((sum, { state, n }) => (isFinal(state) ? sum + n : sum), 0)
}

/** What has fallen due, what did not fit into memory before, and what a limit lets start again becomes ready for a claim. */
import { loadDue, refill } from '../memory/load.ts'
import type { Context } from '../transaction/context.ts'

export function loadReady({ memory, jobs, rowCache, limits }: Context, now: number): void {
  loadDue(memory, jobs, now)
  refill(memory, jobs, rowCache, now)
  for (const { task, partition } of limits.takeReset(now)) memory.ready.unpark(task, partition)
}

/** How much work could start now. */
import { isPaused } from '../domain/settings.ts'
import type { Context } from '../transaction/context.ts'
import { parkAll } from './claim.ts'

/** More work than this makes no difference to anybody who asks. */
const countMax = 1_000

/** Counts the jobs that could start now, pause and limits included, and parks those that a limit holds back. */
export function parkAndCount(context: Context, now: number): number {
  const { memory, limits, cached } = context
  if (cached.isHalted || memory.ready.size === 0) return 0
  const accepts = (task: string) => !isPaused(cached.settings, task)
  const { count, full, held } = memory.ready.available({ accepts, admission: limits.admission(now) }, countMax)
  parkAll(context, full, now)
  for (const group of held) limits.park(group, now)
  return count
}

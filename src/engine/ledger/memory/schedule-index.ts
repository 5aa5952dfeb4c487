/** The schedules of one ledger in memory: what the code says, and how far the rows are. */
import { jitterOffsetMs, type ScheduleDefinition } from '../../task/schedule.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'

/** A schedule of the code, and where its jobs live. A slot and its job are one transaction, so both live on one shard. */
export interface ShardSchedule extends ScheduleDefinition {
  readonly shard: number
  readonly partition: string
}

export class ScheduleIndex {
  readonly rows: Map<string, ScheduleRow>
  readonly #known: ReadonlyMap<string, ShardSchedule>

  constructor(rows: readonly ScheduleRow[], known: readonly ShardSchedule[]) {
    this.rows = new Map(rows.map((row) => [row.name, row]))
    this.#known = new Map(known.map((one) => [one.name, one]))
  }

  known(name: string): ShardSchedule | undefined {
    return this.#known.get(name)
  }

  names(): string[] {
    return [...this.#known.keys()]
  }

  /** When the next slot comes due, its jitter included. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const row of this.rows.values()) {
      const at = this.dueAt(row)
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  /** When a row's next slot comes due; undefined when none will. */
  dueAt({ name, nextAt, paused, stopped }: ScheduleRow): number | undefined {
    const known = this.#known.get(name)
    if (!known || nextAt === null || paused !== 0 || stopped !== null) return undefined
    return nextAt + jitterOffsetMs(name, known.jitterMs)
  }
}

/** What tells whether the rows follow this code already. */
export function scheduleSignature(known: readonly ShardSchedule[], serves: (task: string) => boolean): string {
  return known
    .map(({ name, task, ruleText }) => `${name} ${task.name} ${serves(task.name)} ${ruleText}`)
    .sort()
    .join('\n')
}

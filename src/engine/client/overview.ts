/** The deployment now: what every shard says of itself, and the jobs by state over all of them. */
import type { ShardOverview } from '../ledger/protocol/shard.ts'
import { type JobState, jobStates } from '../task/job.ts'
import type { Ledgers } from './ledgers.ts'

/** The deployment at a glance. */
export interface Overview {
  /** Recorded jobs by state, over the shards that answered. */
  readonly states: Readonly<Record<JobState, number>>
  readonly shards: readonly ShardOverview[]
  /** Shards that did not answer. */
  readonly missing: readonly number[]
}

export async function overviewOf(ledgers: Ledgers): Promise<Overview> {
  const { answers: shards, missing } = await ledgers.all((ledger) => ledger.overview())
  const states = Object.fromEntries(
    jobStates.map((state) => [state, shards.reduce((sum, shard) => sum + shard.states[state], 0)]),
  ) as Record<JobState, number>
  return { states, shards, missing }
}

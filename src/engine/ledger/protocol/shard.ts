/** One shard as people, charts and metrics see it. */
import type { StateCounts } from '../../task/states.ts'
import type { Counters } from './stats.ts'

/** One shard at a glance. */
export interface ShardOverview {
  readonly shard: number
  readonly states: Readonly<StateCounts>
  /** When the job that has waited longest became ready, in epoch milliseconds. */
  readonly oldestReadyAt?: number
  /** Runners that hold a lease or were heard of a moment ago. */
  readonly runners: number
  /** Wake-ups that were sent and not answered yet, and how often in a row they were sent again. */
  readonly wakeUps: { readonly unanswered: number; readonly resent: number }
  /** When the alarm will ring, in epoch milliseconds. */
  readonly alarmAt?: number
  /** Recorded jobs by task and state. */
  readonly tasks: Readonly<Record<string, StateCounts>>
  /** The version of the settings that it has. */
  readonly settings: number
  readonly bytes: number
  /** The kill switch is on: nothing is given out, sent or armed. */
  readonly halted?: true
}

/** A range of the stats: `steps` steps of so many minutes, the first from this minute of the epoch on. */
export interface ChartsRequest {
  readonly fromMinute: number
  readonly stepMinutes: number
  readonly steps: number
}

/** What was counted of a task, by steps. Histograms are counts by bucket, up to the last one that is not zero. */
export interface TaskChart {
  readonly task: string
  readonly enqueued: readonly number[]
  /** Attempts. `failed` counts those that failed, were rejected or lapsed. */
  readonly completed: readonly number[]
  readonly failed: readonly number[]
  /** Jobs that nobody started in time. */
  readonly expired: readonly number[]
  readonly queueMs: readonly (readonly number[])[]
  readonly runMs: readonly (readonly number[])[]
}

export interface ChartsReply {
  /** Tasks of which anything was counted. */
  readonly tasks: readonly TaskChart[]
}

/** What was counted of a task since its ledger began, as far as it is on disk. The costs are the ledger's, in parts. */
export interface TaskCounters {
  readonly task: string
  readonly counters: Counters
}

/** One shard for metrics. */
export interface ShardMetrics extends ShardOverview {
  readonly counters: readonly TaskCounters[]
}

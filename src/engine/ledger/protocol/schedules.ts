/** Schedules as people see them, and what they do to them. Times in epoch milliseconds. */

/** What became of one slot of a schedule. */
export interface SlotRecord {
  readonly slot: number
  /** When it was dealt with. */
  readonly at: number
  readonly job?: string
  /** Why it made no job. */
  readonly skipped?: SkipReason
  /** How many slots from this one on were skipped together, when more than one. */
  readonly count?: number
  /** A person has triggered the schedule; this is no slot of its rule. */
  readonly trigger?: true
}

/**
 * - `missed`: its time had passed, and the schedule's `catchUp` does not make up for it.
 * - `overlap`: the job before had not ended.
 * - `paused`: the schedule was paused.
 * - `draining`: its task took no new jobs.
 */
export const skipReasons = ['missed', 'overlap', 'paused', 'draining'] as const
export type SkipReason = (typeof skipReasons)[number]

/** Why the code no longer runs a schedule that is stored. */
export const stopReasons = ['removed', 'unknown-task'] as const
export type StopReason = (typeof stopReasons)[number]

/** A schedule as it is now. */
export interface ScheduleRecord {
  readonly name: string
  readonly task: string
  readonly shard: number
  readonly state: 'active' | 'paused' | 'stopped'
  readonly stopped?: StopReason
  /** Absent when the code no longer has it. */
  readonly rule?: { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }
  readonly catchUp?: string
  readonly overlap?: string
  readonly jitterMs?: number
  /** The slot that comes next. */
  readonly nextAt?: number
  /** That slot and a few after it. */
  readonly next: readonly number[]
  /** The newest first. */
  readonly history: readonly SlotRecord[]
}

export type ScheduleAction = 'pause' | 'resume'

/** What a person does to a schedule. */
export interface ScheduleControl {
  readonly name: string
  readonly action: ScheduleAction
}

/** Makes a job of a schedule now, beside its slots. The caller makes the id, so that a repeated call makes one job. */
export interface TriggerRequest {
  readonly name: string
  readonly id: string
  /** An idempotency key. */
  readonly key?: string
}

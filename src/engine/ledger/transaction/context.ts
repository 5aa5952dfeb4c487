/** What a ledger's core is opened with, and what its verbs work with. Types, and the opening of what they name. */
import type { TaskFlow } from '../../task/limits.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import { type PlacedSchedule, Schedules } from '../commands/schedules.ts'
import { flowNow, noSettings, type Settings } from '../domain/settings.ts'
import { noWakeUpCounts, type WakeUpCounts } from '../host/wake-ups.ts'
import { Limits } from '../memory/limits.ts'
import { opened } from '../memory/memory.ts'
import { Tallies } from '../memory/minute-stats.ts'
import { jobStatements } from '../storage/jobs.ts'
import { RecentRows } from '../storage/row-cache.ts'
import { migrate } from '../storage/schema.ts'
import {
  bulkStatements,
  factStatements,
  limitStatements,
  runnerStatements,
  scheduleStatements,
  tallyStatements,
} from '../storage/small-tables.ts'
import type { Sql } from '../storage/sql.ts'
import type { TurnParts } from './transaction.ts'

/** What the ledger's code knows of a task. Runners know the rest. */
export interface TaskPolicy {
  readonly retry: RetryPolicy
  /** Undefined: the deployment's. */
  readonly retentionMs?: number | undefined
  readonly onFailed: boolean
  /** Undefined: it has no limits. */
  readonly flow?: TaskFlow
}

/** What a core is opened with. */
export interface CoreOptions {
  readonly shard: number
  readonly sql: Sql
  /** Sets the one alarm. Called inside the transaction that needs it, and must be atomic with it. */
  readonly setAlarm: (at: number) => void
  /** Numbers from 0 up to 1, fit for secrets. */
  readonly random: () => number
  /** A task's policy; the default one for a task that this code does not know. */
  readonly policy: (task: string) => TaskPolicy
  /** How long finished jobs are kept, unless their task says otherwise. */
  readonly retentionMs: number
  /** From this size on the oldest finished jobs go before their time. */
  readonly historyBytesMax: number
  /** The schedules that live here, as the code has them. Default: none. */
  readonly schedules?: readonly PlacedSchedule[]
  /** Whether a job that has failed for good is told to somebody. Default: none is. */
  readonly announces?: () => boolean
  /** Whether the code runs a task. Default: it runs every one. */
  readonly serves?: (task: string) => boolean
}

/** What the verbs work with. */
export interface CoreParts extends TurnParts {
  readonly shard: number
  readonly runners: ReturnType<typeof runnerStatements>
  /** What was done about wake-ups, for the tallies. */
  readonly wakeUpCounts: WakeUpCounts
  readonly limits: Limits
  readonly limitRows: ReturnType<typeof limitStatements>
  readonly schedules: Schedules
  readonly scheduleRows: ReturnType<typeof scheduleStatements>
  readonly bulkRows: ReturnType<typeof bulkStatements>
  /** Bulk actions that are not done, the oldest first. */
  readonly bulks: Set<string>
  readonly standing: Standing
  readonly serves: (task: string) => boolean
  readonly announces: () => boolean
  readonly policy: CoreOptions['policy']
  readonly random: () => number
  readonly historyBytesMax: number
  readonly bytes: () => number
}

/** Stored facts as they stand in memory. Each follows its row once that is committed. */
export interface Standing {
  /** The home count this ledger recorded; undefined before its first job. */
  homes: number | undefined
  /** The kill switch is on: nothing is armed and nothing is claimed. */
  isHalted: boolean
  settings: Settings
}

/** Opens the database, brings it to this code's schema, and rebuilds memory from it. Writes nothing else. */
export function openParts(options: CoreOptions, now: number): CoreParts {
  const { sql, policy, retentionMs, schedules = [], serves = () => true, announces = () => false, ...given } = options
  const isNewest = migrate(sql, now)
  const recent = new RecentRows()
  const [jobs, facts, runners] = [jobStatements(sql, recent), factStatements(sql), runnerStatements(sql)]
  const [limitRows, scheduleRows, bulkRows] = [limitStatements(sql), scheduleStatements(sql), bulkStatements(sql)]
  const standing: Standing = {
    homes: facts.read<number>('homes'),
    isHalted: facts.read<boolean>('halted') ?? false,
    settings: facts.read<Settings>('settings') ?? noSettings,
  }
  const wakeUpCounts = noWakeUpCounts()
  const books = opened(jobs, facts, runners, now)
  const unfinished = bulkRows.all().filter(({ below }) => below !== null)
  return {
    books,
    standing,
    jobs,
    recent,
    facts,
    runners,
    limits: new Limits(limitRows, books.running, (task) => flowNow(standing.settings, task, policy(task).flow)),
    limitRows,
    schedules: new Schedules(scheduleRows.all(), schedules),
    scheduleRows,
    bulkRows,
    bulks: new Set(unfinished.map(({ id }) => id)),
    tallyRows: tallyStatements(sql),
    tallies: new Tallies(() => ({ ...(sql.cost?.() ?? { rowsRead: 0, rowsWritten: 0 }), ...wakeUpCounts })),
    wakeUpCounts,
    shard: given.shard,
    policy,
    serves,
    announces,
    random: given.random,
    isNewest,
    retentionMs: (task) => policy(task).retentionMs ?? retentionMs,
    defaultRetentionMs: retentionMs,
    historyBytesMax: given.historyBytesMax,
    bytes: () => sql.bytes(),
  }
}

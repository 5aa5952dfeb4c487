/** What a ledger's core is opened with, and what its verbs work with. Types, and the opening of what they name. */
import type { CheckedLimits } from '../../task/limits.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import { Schedules, type ShardSchedule } from '../commands/schedules.ts'
import { limitsNow, noSettings, type Settings } from '../domain/settings.ts'
import { noWakeUpCounts, type WakeUpCounts } from '../host/wake-ups.ts'
import { Limits } from '../memory/limits.ts'
import { opened } from '../memory/memory.ts'
import { MinuteStats } from '../memory/minute-stats.ts'
import { jobStatements } from '../storage/jobs.ts'
import { RowCache } from '../storage/row-cache.ts'
import { migrate } from '../storage/schema.ts'
import {
  bulkStatements,
  factStatements,
  limitStatements,
  minuteStatements,
  runnerStatements,
  scheduleStatements,
} from '../storage/small-tables.ts'
import type { Sql } from '../storage/sql.ts'
import type { TransactionParts } from './transaction.ts'

/** What the ledger's code knows of a task. Runners know the rest. */
export interface TaskPolicy {
  readonly retry: RetryPolicy
  /** Undefined: the deployment's. */
  readonly retentionMs?: number | undefined
  readonly onFailed: boolean
  /** Undefined: it has no limits. */
  readonly limits?: CheckedLimits
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
  readonly schedules?: readonly ShardSchedule[]
  /** Whether a job that has failed for good is told to somebody. Default: none is. */
  readonly notifies?: () => boolean
  /** Whether the code runs a task. Default: it runs every one. */
  readonly serves?: (task: string) => boolean
}

/** What the verbs work with. */
export interface Context extends TransactionParts {
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
  readonly cached: CachedFacts
  readonly serves: (task: string) => boolean
  readonly notifies: () => boolean
  readonly policy: CoreOptions['policy']
  readonly random: () => number
  readonly historyBytesMax: number
  readonly bytes: () => number
}

/** Stored facts as they stand in memory. Each follows its row once that is committed. */
export interface CachedFacts {
  /** The home count this ledger recorded; undefined before its first job. */
  homeShards: number | undefined
  /** The kill switch is on: nothing is armed and nothing is claimed. */
  isHalted: boolean
  settings: Settings
}

/** Opens the database, brings it to this code's schema, and rebuilds memory from it. Writes nothing else. */
export function openContext(options: CoreOptions, now: number): Context {
  const { sql, policy, retentionMs, schedules = [], serves = () => true, notifies = () => false, ...given } = options
  const isNewest = migrate(sql, now)
  const rowCache = new RowCache()
  const [jobs, facts, runners] = [jobStatements(sql, rowCache), factStatements(sql), runnerStatements(sql)]
  const [limitRows, scheduleRows, bulkRows] = [limitStatements(sql), scheduleStatements(sql), bulkStatements(sql)]
  const cached: CachedFacts = {
    homeShards: facts.read<number>('home-shards'),
    isHalted: facts.read<boolean>('halted') ?? false,
    settings: facts.read<Settings>('settings') ?? noSettings,
  }
  const wakeUpCounts = noWakeUpCounts()
  const memory = opened(jobs, facts, runners, now)
  const unfinished = bulkRows.all().filter(({ below }) => below !== null)
  return {
    memory,
    cached,
    jobs,
    rowCache,
    facts,
    runners,
    limits: new Limits(limitRows, memory.running, (task) => limitsNow(cached.settings, task, policy(task).limits)),
    limitRows,
    schedules: new Schedules(scheduleRows.all(), schedules),
    scheduleRows,
    bulkRows,
    bulks: new Set(unfinished.map(({ id }) => id)),
    statsRows: minuteStatements(sql),
    minuteStats: new MinuteStats(() => ({ ...(sql.cost?.() ?? { rowsRead: 0, rowsWritten: 0 }), ...wakeUpCounts })),
    wakeUpCounts,
    shard: given.shard,
    policy,
    serves,
    notifies,
    random: given.random,
    isNewest,
    retentionMs: (task) => policy(task).retentionMs ?? retentionMs,
    defaultRetentionMs: retentionMs,
    historyBytesMax: given.historyBytesMax,
    bytes: () => sql.bytes(),
  }
}

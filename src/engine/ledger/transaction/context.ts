/** What a ledger is opened with, and what its verbs work with. Opening it brings the database to this code's schema. */
import type { CheckedLimits } from '../../task/limits.ts'
import type { RetryPolicy } from '../../task/retry.ts'
import { limitsNow, noSettings } from '../domain/settings.ts'
import { type LedgerSizes, production } from '../domain/sizes.ts'
import { noWakeUpCounts, type WakeUpCounts } from '../domain/stats.ts'
import { Limits } from '../memory/limits.ts'
import { loadMemory } from '../memory/load.ts'
import { MinuteStats } from '../memory/minute-stats.ts'
import type { Recycling } from '../memory/recyclable-rows.ts'
import { ScheduleIndex, type ShardSchedule } from '../memory/schedule-index.ts'
import type { Settings } from '../protocol/settings.ts'
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

/** What the ledger's code knows of a task. Runners know the rest. */
export interface TaskPolicy {
  readonly retry: RetryPolicy
  /** Undefined: the deployment's. */
  readonly retentionMs?: number | undefined
  readonly onFailed: boolean
  /** Undefined: it has no limits. */
  readonly limits?: CheckedLimits
}

/** What a ledger is opened with. */
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
  /** From this size of the database on, the oldest finished jobs go before their time. */
  readonly historyBytesMax: number
  /** The code's schedules that live here. Default: none. */
  readonly schedules?: readonly ShardSchedule[]
  /** Whether somebody is notified of a job that has failed for good. Default: nobody is. */
  readonly notifies?: () => boolean
  /** Whether the code runs a task. Default: it runs every one. */
  readonly serves?: (task: string) => boolean
  /** Default: those of production. */
  readonly sizes?: LedgerSizes
}

/** What the verbs work with. */
export interface Context extends Recycling {
  readonly sql: Sql
  readonly shard: number
  readonly sizes: LedgerSizes
  readonly cached: CachedFacts
  readonly rowCache: RowCache
  readonly facts: ReturnType<typeof factStatements>
  readonly runners: ReturnType<typeof runnerStatements>
  readonly stats: MinuteStats
  readonly statsRows: ReturnType<typeof minuteStatements>
  /** What was done about wake-ups, for the stats. */
  readonly wakeUpCounts: WakeUpCounts
  readonly limits: Limits
  readonly limitRows: ReturnType<typeof limitStatements>
  readonly schedules: ScheduleIndex
  readonly scheduleRows: ReturnType<typeof scheduleStatements>
  readonly bulkRows: ReturnType<typeof bulkStatements>
  /** Bulk actions that are not done, the oldest first. */
  readonly bulks: Set<string>
  readonly serves: (task: string) => boolean
  readonly notifies: () => boolean
  readonly policy: CoreOptions['policy']
  readonly random: () => number
  readonly historyBytesMax: number
}

/** Stored facts as they stand in memory. Each follows its row once that is committed. */
export interface CachedFacts {
  /** The number of home shards that this ledger has recorded; undefined before its first job. */
  homeShards: number | undefined
  /** The kill switch is on: nothing is armed and nothing is claimed. */
  isHalted: boolean
  settings: Settings
}

/** Opens the database, brings it to this code's schema, and rebuilds memory from it. Writes nothing else. */
export function openContext(options: CoreOptions, now: number): Context {
  const { sql, shard, policy, random, historyBytesMax, retentionMs, sizes = production } = options
  const { schedules = [], serves = () => true, notifies = () => false } = options
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
  const memory = loadMemory({ jobs, facts, runners }, sizes, now)
  const unfinished = bulkRows.all().filter(({ below }) => below !== null)
  return {
    sql,
    shard,
    sizes,
    memory,
    cached,
    jobs,
    rowCache,
    facts,
    runners,
    limits: new Limits(limitRows, memory.running, (task) => limitsNow(cached.settings, task, policy(task).limits)),
    limitRows,
    schedules: new ScheduleIndex(scheduleRows.all(), schedules),
    scheduleRows,
    bulkRows,
    bulks: new Set(unfinished.map(({ id }) => id)),
    stats: new MinuteStats(() => ({ ...(sql.cost?.() ?? { rowsRead: 0, rowsWritten: 0 }), ...wakeUpCounts })),
    statsRows: minuteStatements(sql),
    wakeUpCounts,
    policy,
    serves,
    notifies,
    random,
    isNewest,
    retentionMs: (task) => policy(task).retentionMs ?? retentionMs,
    defaultRetentionMs: retentionMs,
    historyBytesMax,
  }
}

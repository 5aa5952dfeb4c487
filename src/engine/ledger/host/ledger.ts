/**
 * The Durable Object: wiring only. It opens the core over its own SQLite, plugs the platform into the dispatcher, and
 * hands every call on. It decides nothing.
 */
import { DurableObject } from 'cloudflare:workers'
import type { JobRecord } from '../../task/job.ts'
import { type PlacedSchedule, scheduleSignature } from '../commands/schedules.ts'
import type { Settings, SettingsChange } from '../domain/settings.ts'
import type {
  AmendRequest,
  BulkReply,
  BulkRequest,
  ChartsReply,
  ChartsRequest,
  Enqueued,
  EnqueueReply,
  EnqueueRequest,
  LedgerRpc,
  ListReply,
  ListRequest,
  RedriveRequest,
  Refusal,
  ScheduleAction,
  ScheduleRecord,
  ShardMetrics,
  ShardOverview,
  SyncReply,
  SyncRequest,
  TriggerRequest,
} from '../protocol/protocol.ts'
import { shardOfName } from '../protocol/shard-name.ts'
import { factStatements } from '../storage/small-tables.ts'
import type { Meter } from '../storage/sql.ts'
import type { TaskPolicy } from '../transaction/context.ts'
import { LedgerCore } from './core.ts'
import { Dispatcher } from './dispatcher.ts'
import { durableSql } from './durable-sql.ts'
import { Watchdog } from './watchdog.ts'

/** What a ledger takes from the deployment. */
export interface LedgerConfig {
  readonly policy: (task: string) => TaskPolicy
  readonly retentionMs: number
  readonly historyBytesMax: number
  readonly random: () => number
  /** The schedules whose jobs live on a shard. */
  readonly schedules: (shard: number) => readonly PlacedSchedule[]
  readonly serves: (task: string) => boolean
  readonly announces: () => boolean
  readonly sendWakeUps: (shard: number, count: number) => Promise<void>
  /** How to start a runner in an invocation of its own; undefined when that is switched off or not exported. */
  readonly startRunner: (shard: number, ctx: DurableObjectState) => (() => Promise<void>) | undefined
}

/** The Durable Object class of a deployment. */
export function ledgerClass(config: LedgerConfig) {
  return class Ledger extends DurableObject implements LedgerRpc {
    /** What this activation's statements have cost. Tests hold the budgets against it. */
    readonly meter: Meter = { rowsRead: 0, rowsWritten: 0 }
    #opened: Promise<Dispatcher> | undefined

    async enqueue(request: EnqueueRequest): Promise<EnqueueReply> {
      return (await this.#open()).enqueue(request)
    }

    async sync(request: SyncRequest): Promise<SyncReply> {
      return (await this.#open()).sync(request)
    }

    async get(id: string): Promise<JobRecord | Refusal> {
      return (await this.#open()).get(id)
    }

    async list(request: ListRequest): Promise<ListReply> {
      return (await this.#open()).list(request)
    }

    async cancel(id: string): Promise<JobRecord | Refusal> {
      return (await this.#open()).cancel(id)
    }

    async redrive(request: RedriveRequest | string): Promise<JobRecord | Refusal> {
      return (await this.#open()).redrive(request)
    }

    async amend(request: AmendRequest): Promise<JobRecord | Refusal> {
      return (await this.#open()).amend(request)
    }

    async bulk(request: BulkRequest): Promise<BulkReply | Refusal> {
      return (await this.#open()).bulk(request)
    }

    async bulkProgress(id: string): Promise<BulkReply | Refusal> {
      return (await this.#open()).bulkProgress(id)
    }

    async change(change: SettingsChange): Promise<Settings> {
      return (await this.#open()).change(change)
    }

    async settings(): Promise<Settings> {
      return (await this.#open()).settings()
    }

    async adopt(settings: Settings): Promise<void> {
      return (await this.#open()).adopt(settings)
    }

    async schedules(): Promise<ScheduleRecord[]> {
      return (await this.#open()).schedules()
    }

    async steerSchedule(name: string, action: ScheduleAction): Promise<ScheduleRecord | Refusal> {
      return (await this.#open()).steerSchedule(name, action)
    }

    async triggerSchedule(request: TriggerRequest): Promise<Enqueued> {
      return (await this.#open()).triggerSchedule(request)
    }

    async overview(): Promise<ShardOverview> {
      return (await this.#open()).overview()
    }

    async charts(request: ChartsRequest): Promise<ChartsReply> {
      return (await this.#open()).charts(request)
    }

    async metrics(): Promise<ShardMetrics> {
      return (await this.#open()).metrics()
    }

    async halt(on: boolean): Promise<void> {
      return (await this.#open()).halt(on)
    }

    /** Looks before it opens: a ledger that is armed in time and knows the newest settings and schedules need not. */
    async wake(settings?: Settings): Promise<boolean> {
      const alarmAt = await this.ctx.storage.getAlarm()
      if (alarmAt !== null && alarmAt > Date.now() - 60_000 && this.#isCurrent(settings)) return false
      return (await this.#open()).wake(settings)
    }

    override async alarm(): Promise<void> {
      try {
        ;(await this.#open()).alarm()
      } catch (error) {
        // Opening failed. Throwing would use up the platform's few retries, after which the alarm is gone.
        console.error(JSON.stringify({ event: 'ledger-not-opened', ledger: this.ctx.id.name, error: String(error) }))
        await this.ctx.storage.setAlarm(Date.now() + 30_000)
      }
    }

    /** True when neither the settings nor the code's schedules have anything new for this ledger, and it knows the watchdog. */
    #isCurrent(settings: Settings | undefined): boolean {
      const signature = scheduleSignature(config.schedules(shardOfName(this.ctx.id.name)), config.serves)
      const facts = factStatements(durableSql(this.ctx.storage, this.meter))
      try {
        if (!new Watchdog(facts).isKnown(Date.now())) return false
        const version = facts.read<Settings>('settings')?.version ?? 0
        return (facts.read<string>('schedules') ?? '') === signature && version >= (settings?.version ?? 0)
      } catch {
        // Nothing was ever stored here.
        return signature === '' && settings === undefined
      }
    }

    /** Reads what is armed, never arms: in an object that an alarm has woken, arming would cancel that alarm. */
    #open(): Promise<Dispatcher> {
      this.#opened ??= this.ctx.storage.getAlarm().then((alarmAt) => this.#dispatcher(alarmAt ?? undefined))
      this.#opened.catch(() => {
        this.#opened = undefined
      })
      return this.#opened
    }

    #dispatcher(alarmAt: number | undefined): Dispatcher {
      const { ctx } = this
      const shard = shardOfName(ctx.id.name)
      const options = {
        ...config,
        shard,
        schedules: config.schedules(shard),
        sql: durableSql(ctx.storage, this.meter),
        setAlarm: (at: number) => {
          // Not awaited, so that it belongs to the transaction around it; the output gate waits for it all the same.
          ctx.storage.setAlarm(at).catch((error: unknown) => {
            console.error(JSON.stringify({ event: 'alarm-not-set', shard, error: String(error) }))
          })
        },
      }
      const startsRunners = config.startRunner(shard, ctx)
      return new Dispatcher(new LedgerCore(options, Date.now(), alarmAt), shard, {
        now: () => Date.now(),
        sendWakeUps: (count) => config.sendWakeUps(shard, count),
        ...(startsRunners && { startRunner: startsRunners }),
        setTimer: (ms, callback) => {
          const timer = setTimeout(callback, ms)
          return () => clearTimeout(timer)
        },
        waitUntil: (promise) => ctx.waitUntil(promise),
        warn: (event, details) => console.warn(JSON.stringify({ event, ...details })),
      })
    }
  }
}

/**
 * The object of a ledger without its class: it opens the core over its own SQLite, connects the platform to the
 * dispatcher, and passes every call on. It decides nothing. The Durable Object class is in `durable-object.ts`; a virtual
 * platform uses this one directly.
 */
import type { Platform } from '../../task/platform.ts'
import type { LedgerSizes } from '../domain/sizes.ts'
import { type ShardSchedule, scheduleSignature } from '../memory/schedule-index.ts'
import type { Settings } from '../protocol/settings.ts'
import { shardOfName } from '../protocol/shard-name.ts'
import type { Verb } from '../protocol/verbs.ts'
import { factStatements } from '../storage/small-tables.ts'
import type { Meter } from '../storage/sql.ts'
import type { TaskPolicy } from '../transaction/context.ts'
import { LedgerCore } from './core.ts'
import { Dispatcher } from './dispatcher.ts'
import { durableSql, type LedgerState } from './durable-sql.ts'
import { callVerb } from './verbs.ts'
import { Watchdog } from './watchdog.ts'

/** What a ledger takes from the deployment. */
export interface LedgerConfig {
  readonly policy: (task: string) => TaskPolicy
  readonly retentionMs: number
  readonly historyBytesMax: number
  /** Default: the sizes of production. */
  readonly sizes?: LedgerSizes
  readonly platform: Pick<Platform, 'now' | 'random' | 'timer' | 'warn'>
  /** The schedules whose jobs live on a shard. */
  readonly schedules: (shard: number) => readonly ShardSchedule[]
  readonly serves: (task: string) => boolean
  readonly notifies: () => boolean
  readonly sendWakeUps: (shard: number, count: number) => Promise<void>
  /** How to start a runner in an invocation of its own; undefined when that is switched off or not exported. */
  readonly startRunner: (shard: number) => (() => Promise<void>) | undefined
}

export class LedgerHost {
  /** What the statements of this activation have cost. Tests hold the budgets against it. */
  readonly meter: Meter = { rowsRead: 0, rowsWritten: 0 }
  readonly #state: LedgerState
  readonly #config: LedgerConfig
  #opened: Promise<Dispatcher> | undefined

  constructor(state: LedgerState, config: LedgerConfig) {
    this.#state = state
    this.#config = config
  }

  /** Answers one call. */
  async call(verb: Verb, request: readonly unknown[]): Promise<unknown> {
    if (verb === 'wake' && (await this.#isSound(request[0] as Settings | undefined))) return false
    return callVerb(await this.#open(), verb, request)
  }

  async alarm(): Promise<void> {
    try {
      ;(await this.#open()).alarm()
    } catch (error) {
      // Opening failed. Throwing would use up the platform's few retries, after which the alarm is gone.
      this.#config.platform.warn('ledger-not-opened', { ledger: this.#state.id.name, error: String(error) })
      await this.#state.storage.setAlarm(this.#config.platform.now() + 30_000)
    }
  }

  /** True when the watchdog has nothing to do here. It is asked before the ledger opens, which costs more. */
  async #isSound(settings: Settings | undefined): Promise<boolean> {
    const alarmAt = await this.#state.storage.getAlarm()
    return alarmAt !== null && alarmAt > this.#config.platform.now() - 60_000 && this.#isCurrent(settings)
  }

  /** True when neither the settings nor the code's schedules have anything new for this ledger, and it knows the watchdog. */
  #isCurrent(settings: Settings | undefined): boolean {
    const signature = scheduleSignature(this.#config.schedules(shardOfName(this.#state.id.name)), this.#config.serves)
    const facts = factStatements(durableSql(this.#state.storage, this.meter))
    try {
      if (!new Watchdog(facts).isKnown(this.#config.platform.now())) return false
      const version = facts.read<Settings>('settings')?.version ?? 0
      return (facts.read<string>('schedules') ?? '') === signature && version >= (settings?.version ?? 0)
    } catch {
      // Nothing was ever stored here.
      return signature === '' && settings === undefined
    }
  }

  /** Reads what is armed, never arms: in an object that an alarm has woken, arming would cancel that alarm. */
  #open(): Promise<Dispatcher> {
    this.#opened ??= this.#state.storage.getAlarm().then((alarmAt) => this.#dispatcher(alarmAt ?? undefined))
    this.#opened.catch(() => {
      this.#opened = undefined
    })
    return this.#opened
  }

  #dispatcher(alarmAt: number | undefined): Dispatcher {
    const { platform } = this.#config
    const state = this.#state
    const shard = shardOfName(state.id.name)
    const options = {
      ...this.#config,
      random: () => platform.random(),
      shard,
      schedules: this.#config.schedules(shard),
      sql: durableSql(state.storage, this.meter),
      setAlarm: (at: number) => {
        // Not awaited, so that it belongs to the transaction around it; the output gate waits for it all the same.
        state.storage.setAlarm(at).catch((error: unknown) => {
          platform.warn('alarm-not-set', { shard, error: String(error) })
        })
      },
    }
    const startsRunners = this.#config.startRunner(shard)
    return new Dispatcher(new LedgerCore(options, this.#config.platform.now(), alarmAt), shard, {
      now: () => platform.now(),
      sendWakeUps: (count) => this.#config.sendWakeUps(shard, count),
      ...(startsRunners && { startRunner: startsRunners }),
      setTimer: (ms, callback) => platform.timer(ms, callback),
      waitUntil: (promise) => state.waitUntil(promise),
      warn: (event, details) => platform.warn(event, details),
    })
  }
}

/**
 * The server that is killed: kills it and starts it again, fires its watchdog, looks for its alarms, and keeps its log, which each
 * start forgets.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevServer } from '../e2e/dev-server.ts'
import { glance, unfinished } from './ledger-rows.ts'
import type { Glance } from './shapes.ts'

const worker = join(import.meta.dirname, 'worker')
/** While an alarm rings it is not set for a short time. */
const secondLookMs = 1_000
/** Expected events: the report of a runner, and failed attempts, which some of the tasks make. */
const usualEvents = ['runner', 'attempt']
/** Events that must never happen. */
const alarmingEvents = ['alarm-failed', 'alarm-not-set', 'ledger-not-opened']

export class Victim {
  readonly restartsMs: number[] = []
  readonly unarmed: string[] = []
  readonly alarming: string[] = []
  readonly events = new Map<string, number>()
  readyAt = Date.now()
  kills = 0

  private readonly dev: DevServer

  private constructor(dev: DevServer) {
    this.dev = dev
  }

  static async start(persistTo: string): Promise<Victim> {
    return new Victim(await DevServer.start('wrangler dev', persistTo, ['--config', join(worker, 'wrangler.toml')]))
  }

  get server(): DevServer {
    return this.dev
  }

  async kill(): Promise<void> {
    await this.dev.kill()
    this.kills++
    this.#keepLog()
  }

  /** Starts it again. Looks for its alarms before it gets any request, then fires the watchdog. */
  async restart(): Promise<Glance> {
    const began = Date.now()
    await this.dev.restart()
    this.readyAt = Date.now()
    this.restartsMs.push(this.readyAt - began)
    const first = await glance(this.dev)
    await this.#lookForAlarms(first)
    await this.dev.cron()
    return first
  }

  /** Ends it, and removes the bundles that a killed server leaves behind. */
  async end(): Promise<void> {
    this.#keepLog()
    await this.dev.stop()
    await rm(join(worker, '.wrangler'), { recursive: true, force: true })
  }

  /** I8: a ledger with unfinished work has an alarm, before the watchdog could have set one. */
  async #lookForAlarms(first: Glance): Promise<void> {
    if (without(first).length === 0) return
    await sleep(secondLookMs)
    const second = without(await glance(this.dev))
    for (const shard of without(first)) {
      if (second.includes(shard)) this.unarmed.push(`shard ${shard}, after kill ${this.kills}`)
    }
  }

  #keepLog(): void {
    for (const line of this.dev.log.split('\n')) {
      const event = /"event":"([\w-]+)"/.exec(line)?.[1] ?? (/\buncaught\b/i.test(line) ? 'uncaught' : undefined)
      if (event === undefined || usualEvents.includes(event)) continue
      this.events.set(event, (this.events.get(event) ?? 0) + 1)
      if (alarmingEvents.includes(event)) this.alarming.push(line)
    }
  }
}

function without({ shards }: Glance): number[] {
  return shards
    .filter(({ states, alarmAt }) => unfinished(states) > 0 && alarmAt === undefined)
    .map(({ shard }) => shard)
}

/**
 * Checks each claim against limits and pauses (I7), by the ledger's own clock: starts in every window, live leases. The
 * limits are those that the ledger has at that time: those of its release, or those that an operator has set.
 */

import { noSettings } from '../../../src/engine/ledger/domain/settings.ts'
import type { Settings } from '../../../src/engine/ledger/protocol/settings.ts'
import type { LimitedTask, PlanLimits, RulesPlan, TaskPlanLimits } from '../plan-rules.ts'
import type { Version } from '../program.ts'
import type { Cause } from './cause.ts'
import type { Claim, Row, Rows } from './rows.ts'

export interface ClaimsPorts {
  readonly claim: Claim
  readonly rows: Rows
  readonly plan: RulesPlan
  readonly isClockTrue: () => boolean
  /** The time of the world. */
  readonly trueNow: () => number
}

/** When an attempt started, by the ledger's clock and by the world's. */
interface Start {
  readonly at: number
  readonly trueAt: number
}

export class Claims {
  settings: Settings = noSettings
  readonly #ports: ClaimsPorts
  /** Starts that a window may still count, by task and partition. `''` is the whole task. */
  readonly #starts = new Map<string, Start[]>()

  constructor(ports: ClaimsPorts) {
    this.#ports = ports
  }

  /** Settings were written. A ledger takes only newer ones. */
  set(text: string): void {
    const settings = JSON.parse(text) as Settings
    const before = this.settings.version
    this.#ports.claim(
      settings.version > before,
      'I7',
      () => `settings of version ${settings.version} overwrite those of ${before}`,
    )
    this.settings = settings
  }

  /** The ledger forgets the starts of a group. It may do that when they no longer count. */
  forgotten(task: string, partition: string, version: Version, now: number): void {
    const { whole, each } = this.limits(task, version)
    const per = (partition === '' ? whole : each).rateLimit?.per ?? 0
    const name = groupOf(task, partition)
    const starts = this.#starts.get(name)
    if (starts)
      this.#starts.set(
        name,
        starts.filter(({ at }) => at + per > now),
      )
  }

  /**
   * A job was recorded. Its task must not be draining, unless its caller runs the job already or a handler enqueued it as
   * part of work that was accepted before.
   */
  recorded({ id, task }: Row, cause: Cause | undefined): void {
    const { claim } = this.#ports
    if (!this.settings.draining && this.settings.tasks[task]?.draining !== true) return
    const job = cause?.verb === 'enqueue' ? cause.request.jobs.find((one) => one.id === id) : undefined
    const isRun = job?.start?.kind === 'running' || job?.start?.kind === 'ended'
    claim(
      isRun || job?.child === true || task.endsWith('/onFailed'),
      'I7',
      () => `${id} of ${task} is recorded although that is drained`,
    )
  }

  /** The starts of one commit. */
  started(started: readonly Row[], version: Version, now: number): void {
    const { claim } = this.#ports
    const groups = new Map<string, { task: string; partition: string; limits: PlanLimits; count: number }>()
    for (const { id, task, partition } of started) {
      const isPaused = this.settings.paused || this.settings.tasks[task]?.paused === true
      claim(!isPaused, 'I7', () => `${id} is started although ${task} is paused`)
      const { whole, each } = this.limits(task, version)
      for (const [part, limits] of [['', whole] as const, [partition, each] as const]) {
        if (part === '' && limits === each) continue
        const name = groupOf(task, part)
        const group = groups.get(name) ?? { task, partition: part, limits, count: 0 }
        group.count++
        groups.set(name, group)
      }
    }
    for (const [name, { limits, count }] of groups) {
      if (limits.rateLimit) this.#rate(name, limits.rateLimit, count, now)
    }
    for (const [name, { task, partition, limits }] of groups) {
      const { concurrency } = limits
      if (concurrency === undefined || !this.#ports.isClockTrue()) continue
      const live = this.running(task, partition)
      claim(live <= concurrency, 'I7', () => `${live} leases of ${name} are live, of ${concurrency}`)
    }
  }

  /** True when one more of a group may start. */
  hasRoom(task: string, partition: string, version: Version, now: number): boolean {
    const { whole, each } = this.limits(task, version)
    return [['', whole] as const, [partition, each] as const].every(([part, { rateLimit, concurrency }]) => {
      if (part === '' && partition === '') return true
      const starts = this.#starts.get(groupOf(task, part)) ?? []
      const isOpen = !rateLimit || starts.filter(({ at }) => at + rateLimit.per > now).length < rateLimit.limit
      return isOpen && (concurrency === undefined || this.running(task, part) < concurrency)
    })
  }

  /** The limits that apply. Kinds that the code does not declare are not limited. */
  limits(task: string, version: Version): { whole: PlanLimits; each: PlanLimits } {
    const { plan } = this.#ports
    const declared: TaskPlanLimits = (version === 'new' ? plan.limits : plan.limitsOld)[task as LimitedTask] ?? {}
    const set = this.settings.tasks[task]?.limits as TaskPlanLimits | undefined
    return { whole: overlaid(declared, set), each: overlaid(declared.perPartition, set?.perPartition) }
  }

  running(task: string, partition: string): number {
    let count = 0
    for (const row of this.#ports.rows.live.values())
      if (row.state === 'running' && row.task === task && (partition === '' || row.partition === partition)) count++
    return count
  }

  #rate(name: string, { limit, per }: NonNullable<PlanLimits['rateLimit']>, count: number, now: number): void {
    // A start that was noted by a clock which was ahead counts as a start of now: the ledger cannot know better.
    const starts = (this.#starts.get(name) ?? [])
      .map(({ at, trueAt }) => ({ at: Math.min(at, now), trueAt }))
      .filter(({ at }) => at + per > now)
    const trueAt = this.#ports.trueNow()
    for (let n = 0; n < count; n++) starts.push({ at: now, trueAt })
    this.#starts.set(name, starts)
    // A start counts no longer than it does by the world's time: the clock may have been set back since.
    const counted = starts.filter((one) => one.trueAt + per > trueAt)
    this.#ports.claim(
      counted.length <= limit,
      'I7',
      () =>
        `${counted.length} of ${name} have started within ${per} ms, of ${limit}: at ${counted.map(({ at }) => at)}`,
    )
  }
}

function overlaid(declared: PlanLimits = {}, set: PlanLimits = {}): PlanLimits {
  const rateLimit = declared.rateLimit && (set.rateLimit ?? declared.rateLimit)
  const concurrency = declared.concurrency && (set.concurrency ?? declared.concurrency)
  return { ...(rateLimit && { rateLimit }), ...(concurrency !== undefined && { concurrency }) }
}

function groupOf(task: string, partition: string): string {
  return `${task} ${partition}`
}

/**
 * Watches limits, turns of partitions, keys, schedules, bulk actions and settings of one ledger. Each of these checks sees
 * every commit, the rows of jobs first.
 */

import type { EnqueueReply, EnqueueRequest } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { Settings } from '../../../src/engine/ledger/protocol/settings.ts'
import { isFinal } from '../../../src/engine/task/job.ts'
import type { Activation } from '../../../src/testing/activation.ts'
import { isolateOf } from '../isolate.ts'
import type { RulesPlan } from '../plan-rules.ts'
import { Bulks } from './bulks.ts'
import type { Cause } from './cause.ts'
import { Claims } from './claims.ts'
import { Keys } from './keys.ts'
import type { Claim, Row, Rows } from './rows.ts'
import type { Seen } from './seen.ts'
import { Slots } from './slots.ts'
import { Turns } from './turns.ts'

export interface RulesPorts {
  readonly claim: Claim
  readonly rows: Rows
  readonly plan: RulesPlan
  readonly catchUpMax: number
  readonly isClockTrue: () => boolean
  readonly mayPruneEarly: boolean
  readonly trueNow: () => number
}

interface Change {
  readonly before: Row | undefined
  readonly after: Row
}

export class RulesWatch {
  readonly slots: Slots
  readonly bulks: Bulks
  readonly #claims: Claims
  readonly #turns: Turns
  readonly #keys: Keys
  #changes: Change[] = []
  #activation: Activation | undefined

  constructor(ports: RulesPorts) {
    const { claim, rows, plan, isClockTrue } = ports
    this.slots = new Slots(claim, rows, plan, ports.catchUpMax)
    this.bulks = new Bulks(claim, rows, isClockTrue)
    this.#claims = new Claims(ports)
    this.#turns = new Turns(claim, rows, this.#claims)
    this.#keys = new Keys(ports)
  }

  get settings(): Settings {
    return this.#claims.settings
  }

  isPaused(task: string): boolean {
    return this.settings.paused || this.settings.tasks[task]?.paused === true
  }

  /** The row of a job has changed. `rows` has the new one already. */
  written(before: Row | undefined, after: Row, cause: Cause | undefined): void {
    this.#changes.push({ before, after })
    this.#keys.written(before, after, cause)
    this.bulks.changed(after)
    if (before) return
    this.#claims.recorded(after, cause)
    this.slots.made(after, cause)
  }

  removed(row: Row): void {
    this.#keys.removed(row)
    this.bulks.removed(row.id)
  }

  answered(request: EnqueueRequest, reply: EnqueueReply): void {
    this.#keys.answered(request, reply)
  }

  /** All rows of a commit have been seen. */
  committed(activation: Activation, seen: readonly Seen[], cause: Cause | undefined): void {
    const changes = this.#changes
    this.#changes = []
    const now = cause?.now ?? activation.now()
    const { version } = isolateOf(activation)
    if (this.#activation !== activation) this.#turns.forgotten()
    this.#activation = activation
    for (const one of seen) {
      if (one.kind === 'settings') this.#claims.set(one.text)
      else if (one.kind === 'bulk') this.bulks.written(one.bulk, changes)
      else if (one.kind === 'limitForgotten') this.#claims.forgotten(one.task, one.partition, version, now)
      else if (one.kind === 'schedule') {
        const made = changes.filter(({ before }) => !before).map(({ after }) => after)
        this.slots.written(one.schedule, cause, made)
      }
    }
    for (const { after } of changes) if (isFinal(after.state)) this.#keys.ended(after)
    const started = changes.filter((change) => isStart(change, cause)).map(({ after }) => after)
    if (started.length === 0) return
    for (const row of started) this.slots.started(row)
    this.#claims.started(started, version, now)
    if (cause?.verb !== 'sync') return
    const changed = new Set(changes.map(({ after }) => after.id))
    this.#turns.served(started, changed, cause.request, activation)
  }
}

/** True for a claim: by a runner's sync, or by a caller that starts the job itself. A job recorded as running is no claim. */
function isStart({ before, after }: Change, cause: Cause | undefined): boolean {
  if (after.state !== 'running' || before?.state === 'running') return false
  if (cause?.verb !== 'enqueue') return true
  return cause.request.jobs.find(({ id }) => id === after.id)?.start?.kind === 'claim'
}

/** People who steer: one job, all of them, tasks, schedules. And how they let go of everything once it is calm. */
import { ChardError } from '../../src/engine/task/errors.ts'
import { watchOf } from './checks/cause.ts'
import type { SimIsolate } from './isolate.ts'
import type { SteerPlan } from './plan-flow.ts'
import type { World } from './world.ts'

/** What is refused to somebody who comes too late, or asks a release that does not know it. */
const expected: readonly string[] = [
  ...['unavailable', 'wrong-state', 'gone', 'unknown-job', 'unknown-task', 'invalid-option'],
  ...['unknown-schedule', 'draining'],
]
/** For so long schedules go on in the calm. */
const scheduledMs = 90_000
/** By then every call that was made in the storm has arrived. */
const resumedMs = 61_000
/** The watchdog tells a ledger that did not hear of new settings. It may be half an hour late when the storm ends. */
const againMs = 5_000

/** One call of somebody who steers. Resolves with whether it was heard. */
export function steer(world: World, what: string, call: (isolate: SimIsolate) => Promise<unknown>): Promise<boolean> {
  return world.request(call).then(
    () => {
      world.note(`${what} is done`)
      world.count(what)
      return true
    },
    (error: unknown) => {
      world.note(`${what} is refused: ${String(error)}`)
      const isExpected = error instanceof ChardError && expected.includes(error.code)
      world.claim(isExpected, 'error', () => `${what} threw ${(error as Error)?.stack ?? String(error)}`)
      return false
    },
  )
}

/** Does what a plan says, at its time, and takes it back. */
export function steerBy(world: World, plan: SteerPlan): void {
  const after = (ms: number, what: string, call: Parameters<typeof steer>[2]) =>
    world.later(ms, () => steer(world, what, call))
  const { atMs } = plan
  if (plan.kind === 'pause' || plan.kind === 'drain') {
    after(atMs, plan.kind, ({ program: { chard } }) =>
      plan.task === undefined ? chard[plan.kind]() : chard.tasks[plan.kind](plan.task),
    )
    after(atMs + plan.forMs, 'resume', ({ program: { chard } }) =>
      plan.task === undefined ? chard.resume() : chard.tasks.resume(plan.task),
    )
  } else if (plan.kind === 'limits') {
    after(atMs, 'limits', ({ program }) => program.chard.tasks.setLimits(plan.task, plan.limits ?? undefined))
  } else if (plan.kind === 'schedule') {
    after(atMs, 'pause of a schedule', ({ program }) => program.chard.schedules.pause(plan.name))
    // Not so late that it undoes the last pause.
    const untilMs = Math.min(atMs + plan.forMs, world.plan.stormMs + scheduledMs / 2)
    after(untilMs, 'resume of a schedule', ({ program }) => program.chard.schedules.resume(plan.name))
  } else if (plan.kind === 'trigger') {
    after(atMs, 'trigger', ({ program }) => program.chard.schedules.trigger(plan.name))
  } else {
    const { kind, filter } = plan
    after(atMs, kind, ({ program }) => program.chard.jobs[kind](filter))
  }
}

/** The end of all steering: everything is resumed, and after a while every schedule is paused for good. */
export class Closing {
  #open = 0

  constructor(private readonly world: World) {
    const { schedules, steering } = world.plan.flow
    // At once; and again when a pause that was on its way has arrived.
    for (const ms of steering.length > 0 ? [0, resumedMs] : []) {
      this.#open++
      world.later(ms, () => {
        this.#open--
        this.#until('resume', ({ program }) => program.chard.resume())
      })
    }
    for (const { name } of schedules) {
      this.#open++
      world.later(scheduledMs, () => {
        this.#open--
        this.#until('pause of a schedule', ({ program }) => program.chard.schedules.pause(name))
      })
    }
  }

  get isDone(): boolean {
    return this.#open === 0
  }

  /** What one ledger knows of settings all do. */
  check(): void {
    const versions = new Set(this.world.ledgers.map((ledger) => watchOf(ledger).flow.settings.version))
    this.world.claim(versions.size === 1, 'I10', () => `ledgers have settings of versions ${[...versions].join(', ')}`)
  }

  /** Again until it is heard. */
  #until(what: string, call: Parameters<typeof steer>[2]): void {
    this.#open++
    const { world } = this
    void steer(world, what, call).then((isHeard) => {
      this.#open--
      if (isHeard) return
      this.#open++
      world.later(againMs, () => {
        this.#open--
        this.#until(what, call)
      })
    })
  }
}

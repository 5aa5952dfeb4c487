/** Operators who control jobs, tasks, schedules or everything, and how they undo it once the storm is over. */
import { ChardError } from '../../src/engine/task/errors.ts'
import { watchOf } from './checks/cause.ts'
import type { SimIsolate } from './isolate.ts'
import type { ControlPlan } from './plan-rules.ts'
import type { World } from './world.ts'

/** Errors of calls that come too late, or that reach a release which does not know what they name. */
const expected: readonly string[] = [
  ...['unavailable', 'wrong-state', 'gone', 'unknown-job', 'unknown-task', 'invalid-option'],
  ...['unknown-schedule', 'draining'],
]
/** How long schedules go on after the storm. */
const scheduledMs = 90_000
/** After this time every call that was made in the storm has arrived. */
const resumedMs = 61_000
/** How often a call is repeated until it succeeds. The watchdog may be half an hour late when the storm ends. */
const againMs = 5_000

/** One call of an operator. Resolves with whether it succeeded. */
export function control(world: World, what: string, call: (isolate: SimIsolate) => Promise<unknown>): Promise<boolean> {
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

/** Does what a plan says at its time, and undoes it later. */
export function controlBy(world: World, plan: ControlPlan): void {
  const after = (ms: number, what: string, call: Parameters<typeof control>[2]) =>
    world.later(ms, () => control(world, what, call))
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
    // Early enough not to undo the last pause.
    const untilMs = Math.min(atMs + plan.forMs, world.plan.stormMs + scheduledMs / 2)
    after(untilMs, 'resume of a schedule', ({ program }) => program.chard.schedules.resume(plan.name))
  } else if (plan.kind === 'trigger') {
    after(atMs, 'trigger', ({ program }) => program.chard.schedules.trigger(plan.name))
  } else {
    const { kind, filter } = plan
    after(atMs, kind, ({ program }) => program.chard.jobs[kind](filter))
  }
}

/** What operators do after the storm: they resume everything, and after a while pause every schedule for good. */
export class Closing {
  #open = 0

  private readonly world: World

  constructor(world: World) {
    this.world = world
    const { schedules, controls } = world.plan.rules
    // At once, and again when a pause that was still on its way has arrived.
    for (const ms of controls.length > 0 ? [0, resumedMs] : []) {
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

  /** All ledgers have the same settings. */
  check(): void {
    const versions = new Set(this.world.ledgers.map((ledger) => watchOf(ledger).rules.settings.version))
    this.world.claim(versions.size === 1, 'I10', () => `ledgers have settings of versions ${[...versions].join(', ')}`)
  }

  /** Repeats a call until it succeeds. */
  #until(what: string, call: Parameters<typeof control>[2]): void {
    this.#open++
    const { world } = this
    void control(world, what, call).then((isHeard) => {
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

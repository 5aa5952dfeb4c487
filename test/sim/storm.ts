/** What happens to a world from outside while the storm lasts: requests, deaths, resets, clocks that are set. */

import type { EnqueueOptions } from '../../src/engine/task/enqueue-options.ts'
import { ChardError } from '../../src/engine/task/errors.ts'
import { control } from './control.ts'
import type { Faults } from './faults.ts'
import { anyReset } from './interference.ts'
import type { Input } from './moods.ts'
import type { JobPlan } from './plan.ts'
import type { World } from './world.ts'

/** How often a caller tries a request. */
const triesMax = 3

export class Storm {
  private readonly world: World

  constructor(world: World) {
    this.world = world
    const { weather } = world
    this.#every('resetEveryMs', () => {
      const ledger = weather.dice('resetEveryMs').one(world.ledgers)
      world.note(`ledger ${ledger.shard} is reset`)
      ledger.restart(anyReset(weather))
    })
    this.#every('isolateDiesEveryMs', () => world.retire(weather.dice('isolateDiesEveryMs').one(world.isolates)))
    this.#every('invocationDiesEveryMs', () => {
      const alive = world.isolates.flatMap(({ invocations }) => [...invocations])
      if (alive.length === 0) return
      const one = weather.dice('invocationDiesEveryMs').one(alive)
      world.note(`${one.name} dies`)
      one.die()
    })
    this.#every('silentEveryMs', () => {
      const dice = weather.dice('silentEveryMs')
      // An isolate that is at work, if there is one: the case that matters is a runner whose heartbeats do not arrive.
      const busy = world.isolates.filter(({ invocations }) => invocations.size > 0)
      const isolate = dice.one(busy.length > 0 ? busy : world.isolates)
      isolate.silentUntil = world.clock.now + dice.between(20_000, 120_000)
      world.note(`${isolate.name} is cut off`)
    })
    this.#every('clockStepsEveryMs', () => {
      const dice = weather.dice('clockStepsEveryMs')
      const activated = world.ledgers.flatMap(({ activation }) => activation?.isolate ?? [])
      const { skew } = dice.one([...world.isolates, ...activated])
      skew.ms += dice.one([-60_000, -2_000, -50, 50, 2_000, 60_000])
      world.note(`a clock is ${skew.ms} ms off`)
    })
  }

  /** Makes the request of a plan, repeats it when it fails, and later does with the job what the plan says. */
  ask(job: JobPlan, tried = 1): void {
    const { world } = this
    const { task, n, key } = job
    const options: EnqueueOptions = {
      ...(job.unique && { unique: job.unique }),
      ...(job.expiresInMs !== undefined && { expiresIn: job.expiresInMs }),
      ...(key !== undefined && { idempotencyKey: key }),
      ...(job.delayMs !== undefined && { delay: job.delayMs }),
      ...(job.priority !== undefined && { priority: job.priority }),
      ...(job.tags && { tags: job.tags }),
      ...(job.tier === 'startNow' && { startNow: true }),
    }
    // A key stands for one input. Now and then a caller has another one, which must be refused.
    const input = key === undefined ? inputOf(job) : inputOf({ ...job, n: n % 10 === 9 ? 1 : 0, moods: ['ok'] })
    if (key === undefined) world.requests.tried(n)
    const asked = world.request(async ({ program: { tasks } }) => {
      const found = tasks[task] ?? tasks['plain']
      if (!found) return []
      if (job.tier === 'background') {
        await found.background(input, job.tags ? { tags: job.tags } : {})
        return []
      }
      if (job.tier !== 'many') return [await found.enqueue(input, options)]
      const { startNow: _, idempotencyKey: __, ...each } = options
      return found.enqueueMany([input, { ...input, n: n + 500 }], each)
    })
    asked.then(
      (jobs) => {
        world.count('accepted', jobs.length)
        for (const { id, duplicate } of jobs) {
          world.note(`accepted ${id.slice(-6)}${duplicate ? ' again' : ''}`)
          world.accepted({ id })
          this.#control(job, id)
        }
      },
      (error: unknown) => {
        world.note(`refused ${n}: ${String(error)}`)
        const isExpected =
          error instanceof ChardError && ['unavailable', 'key-conflict', 'draining'].includes(error.code)
        world.claim(isExpected, 'error', () => `enqueue threw ${(error as Error)?.stack ?? String(error)}`)
        if (tried < triesMax) world.later(1_000 * tried, () => this.ask(job, tried + 1))
      },
    )
  }

  #control(job: JobPlan, id: string): void {
    const { world } = this
    const { delayMs, cancelAfterMs, redriveAfterMs, redrivesAnew, update } = job
    if (delayMs !== undefined) world.expects(world.clock.now + delayMs)
    if (cancelAfterMs !== undefined)
      world.later(cancelAfterMs, () => control(world, 'cancel', ({ program }) => program.chard.jobs.cancel(id)))
    if (redriveAfterMs !== undefined) {
      const anew = redrivesAnew ? { input: inputOf({ ...job, moods: ['ok'] }) } : undefined
      world.later(redriveAfterMs, () =>
        control(world, 'redrive', ({ program }) => program.chard.jobs.redrive(id, anew)),
      )
    }
    if (!update) return
    const { afterMs, priority, delayMs: delay } = update
    world.later(afterMs, () => {
      if (delay !== undefined) world.expects(world.clock.now + delay)
      const changes = { ...(priority !== undefined && { priority }), ...(delay !== undefined && { delay }) }
      control(world, 'update', ({ program }) => program.chard.jobs.update(id, changes))
    })
  }

  /** Acts at random times, on average at the interval of this fault, until the storm is over. */
  #every(fault: keyof Faults, act: () => void): void {
    const { clock, weather } = this.world
    const meanMs = weather.faults[fault]
    if (meanMs === 0) return
    const next = () => {
      clock.ring(
        clock.now + weather.upTo(fault, 2 * meanMs),
        () => {
          if (weather.isOver) return
          weather.count(fault)
          act()
          next()
        },
        'storm',
      )
    }
    next()
  }
}

function inputOf({ n, moods, partition }: JobPlan): Input {
  return { n, moods, ...(partition !== undefined && { partition }) }
}

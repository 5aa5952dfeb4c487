/** What handlers do: everything that a handler can do to the engine. */
import { NonRetryableError, RetryAfterError, snooze } from '../../src/engine/task/handler-outcomes.ts'
import type { RunContext, Task } from '../../src/engine/task/task.ts'
import type { Dice } from '../../src/testing/chance.ts'
import { machine } from '../../src/testing/machine.ts'

export const moods = [
  'quick',
  'ok',
  'long',
  'stubborn',
  'children',
  'throw',
  'throwOdd',
  'reject',
  'retryAfter',
  'snooze',
  'hang',
  'bigint',
  'huge',
  'poison',
] as const
export type Mood = (typeof moods)[number]

export interface Input {
  readonly n: number
  readonly moods: readonly Mood[]
  readonly partition?: string
}

/** What a handler uses of the world around it. */
export interface Surroundings {
  readonly dice: Dice
  /** The side effect of a handler that succeeds. */
  readonly effect: (job: string) => void
  /** Ends the handler's isolate. */
  readonly kill: () => void
  readonly child: Task<Input, unknown>
}

/** Runs a handler as the mood of this attempt says. */
export async function inMood({ n, moods: all }: Input, context: RunContext, around: Surroundings): Promise<unknown> {
  const { dice, effect } = around
  const { signal, progress } = context
  const mood = all[Math.min(context.attempt, all.length) - 1] ?? 'quick'
  const done = () => {
    if (!machine().isDead) effect(context.job.id)
    return n
  }
  switch (mood) {
    case 'quick':
      return done()
    case 'ok':
      await pass(dice.between(0, 400))
      context.log('half')
      progress(0.5, 'half')
      await pass(dice.between(0, 400))
      return done()
    case 'long':
      for (let step = 1; step <= 6; step++) {
        await pass(dice.between(1_000, 8_000))
        if (signal.aborted) throw signal.reason
        progress(step / 6)
      }
      return done()
    case 'stubborn':
      // Ignores its signal, and succeeds when another attempt may have the lease.
      await pass(dice.between(10_000, 80_000))
      return done()
    case 'children':
      for (let child = 0; child < 2; child++)
        await context.enqueue(around.child, { n: n * 1_000 + child + 1, moods: ['quick'] })
      return done()
    case 'throw':
      await pass(dice.between(0, 100))
      throw Object.assign(new Error('not now'), { code: 'E_TEST' })
    case 'throwOdd':
      throw oddThing(dice)
    case 'reject':
      throw new NonRetryableError('never')
    case 'retryAfter':
      throw new RetryAfterError(dice.one([0, 100, '2s', '5s', 'no duration' as never, new Date(Number.NaN)]))
    case 'snooze':
      // It may be tried again, and must not snooze for ever.
      return dice.happens(0.6) ? snooze(dice.one([0, 500, '3s', '20s'])) : done()
    case 'hang':
      return new Promise(() => {})
    case 'bigint':
      return { n: 1n }
    case 'huge':
      return 'x'.repeat(600_000)
    case 'poison':
      await pass(dice.between(0, 50))
      around.kill()
      return new Promise(() => {})
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    machine().timer(ms, resolve)
  })
}

function oddThing(dice: Dice): unknown {
  return dice.one<unknown>([
    undefined,
    null,
    'a string',
    Symbol('odd'),
    () => {},
    { toString: null },
    {
      get message() {
        throw new Error('a getter')
      },
    },
  ])
}

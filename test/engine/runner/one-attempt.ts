/** One attempt at a job of a task under test, in a virtual invocation. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'
import type { Claimed } from '../../../src/engine/ledger/protocol/sync.ts'
import { Attempt, type AttemptResult } from '../../../src/engine/runner/attempt.ts'
import type { Served } from '../../../src/engine/runner/tasks.ts'
import { defineTask } from '../../../src/engine/task/define-task.ts'
import type { TaskOptions } from '../../../src/engine/task/task-options.ts'
import { World } from '../world.ts'

export const claimed: Claimed = {
  id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
  task: 'draw-avatar',
  input: '{"userId":7}',
  lease: 'runner.1.secret',
  leaseMs: 30_000,
  attempt: 2,
  maxAttempts: 5,
  priority: 3,
  tags: ['eager'],
  createdAt: 1_000,
}

type Options = Partial<TaskOptions<StandardSchemaV1<{ userId: number }>, unknown>>

export class OneAttempt {
  readonly #world = new World({ bindings: { MARK: 'a binding' } })
  readonly clock = this.#world.clock
  readonly invocation = this.#world.invocation()
  readonly attempt: Attempt
  progressReports = 0

  constructor(run: NonNullable<Options['run']> | undefined, options: Options = {}, claim: Partial<Claimed> = {}) {
    const served = run && servedTask({ ...options, run })
    this.attempt = new Attempt({ ...claimed, ...claim }, served, {
      platform: this.invocation,
      enqueueChild: () => async () => {
        throw new Error('this attempt has no children')
      },
      onProgress: () => {
        this.progressReports++
      },
    })
  }

  result(): Promise<AttemptResult> {
    return this.clock.until(this.attempt.run())
  }
}

function servedTask(options: Options): Served {
  const task = defineTask(
    { name: 'draw-avatar', input: z.object({ userId: z.number() }), timeout: '10s', run: () => {}, ...options },
    { background: () => Promise.reject(), enqueue: () => Promise.reject() },
  )
  return { task: task.definition, part: 'run' }
}

import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Claimed, SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import { Runner } from '../../../src/engine/runner/runner.ts'
import { ServedTasks } from '../../../src/engine/runner/tasks.ts'
import { defaultBounds, silentWorld } from '../world.ts'
import { claimed } from './one-attempt.ts'

const job = (name: string, lease: string, ms: number): Claimed => ({
  ...claimed,
  id: name,
  task: 'sleep',
  input: `${ms}`,
  lease,
})
const reply = (fields: Partial<SyncReply>): SyncReply => ({
  claimed: [],
  lost: [],
  cancelled: [],
  leaseMs: 30_000,
  ...fields,
})

test('a late answer that a lease was lost does not stop the job under its new lease', async () => {
  const world = silentWorld()
  const reasons: unknown[] = []
  const { definition } = world.task({
    name: 'sleep',
    input: z.number(),
    run: async (ms, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      await world.clock.sleep(ms)
    },
  })
  const asked: SyncRequest[] = []
  const answers: (() => SyncReply | Promise<SyncReply>)[] = [
    () => reply({ claimed: [job('again', 'old', 10), job('other', 'other', 30)] }),
    // Overtaken: the settlement of `other` does not wait for it.
    () => world.clock.sleep(200).then(() => reply({ lost: ['again'] })),
    () => reply({ lost: ['again'], claimed: [job('again', 'new', 1_000)] }),
  ]
  const runner = new Runner(
    {
      platform: world.invocation(),
      sync: async (request) => {
        asked.push(request)
        return (answers.shift() ?? (() => reply({})))()
      },
      tasks: new ServedTasks([definition]),
      enqueueChild: () => () => Promise.reject(new Error('no children here')),
      logsAttempts: false,
    },
    defaultBounds,
  )
  await world.until(runner.run())
  expect(reasons).toEqual([])
  expect(asked.at(-1)).toMatchObject({ settle: [{ id: 'again', lease: 'new', outcome: { kind: 'completed' } }] })
})

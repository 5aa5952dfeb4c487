/** The tasks that are measured. Finished jobs are kept for an hour, so that a deployment removes them by itself. */
import { z } from 'zod'
import { createChard } from '../../src/engine/index.ts'
import { shards } from './bindings.ts'

export const chard = createChard({ shards, homeShards: shards })

const retention = '1h'
const input = z.object({ n: z.number() })

/** Does nothing, so that only the engine is measured. */
const noop = chard.task({ name: 'noop', input, retention, run: () => {} })

/** An e-mail: two seconds of waiting for another service. */
const mail = chard.task({ name: 'mail', input, retention, run: () => scheduler.wait(2_000) })

/** A profile image: five seconds of waiting, as in the example that the sign-up workload is taken from. */
const image = chard.task({ name: 'image', input, retention, run: () => scheduler.wait(5_000) })

/** Returns when its handler really began, to compare with what the ledger recorded. */
const rated = chard.task({
  name: 'rated',
  input,
  retention,
  rateLimit: { limit: 500, per: '1s' },
  run: () => ({ beganAt: Date.now() }),
})

export const tasks = { noop, mail, image, rated }

/** The tasks that are measured. Finished jobs are kept for only an hour, so that a deployment cleans up after itself. */
import { z } from 'zod'
import { createChard } from '../../src/engine/index.ts'
import { shards } from './bindings.ts'

export const chard = createChard({ shards, homeShards: shards })

const retention = '1h'
const input = z.object({ n: z.number() })

/** Does nothing, so that only the engine is measured. */
const noop = chard.task({ name: 'noop', input, retention, run: () => {} })

/** An e-mail: waits for two seconds, as for a mail server. */
const mail = chard.task({ name: 'mail', input, retention, run: () => scheduler.wait(2_000) })

/** A profile image: waits for five seconds, as in the example from which the sign-up workload is taken. */
const image = chard.task({ name: 'image', input, retention, run: () => scheduler.wait(5_000) })

/** Returns the time at which its handler began, to compare it with the start that the ledger recorded. */
const rated = chard.task({
  name: 'rated',
  input,
  retention,
  rateLimit: { limit: 500, per: '1s' },
  run: () => ({ beganAt: Date.now() }),
})

export const tasks = { noop, mail, image, rated }

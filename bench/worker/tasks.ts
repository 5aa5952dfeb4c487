/** The tasks that are measured. A finished job is kept for an hour, so that a deployment cleans up after itself. */
import { z } from 'zod'
import { createChard } from '../../src/engine/index.ts'
import { shards } from './bindings.ts'

export const chard = createChard({ shards, homeShards: shards })

const retention = '1h'
const input = z.object({ n: z.number() })

/** Does nothing, so that what is measured is the engine alone. */
const noop = chard.task({ name: 'noop', input, retention, run: () => {} })

/** An e-mail: two seconds of waiting for somebody else. */
const mail = chard.task({ name: 'mail', input, retention, run: () => scheduler.wait(2_000) })

/** A profile image: five seconds of waiting, as the example that the sign-up workload is taken from has it. */
const image = chard.task({ name: 'image', input, retention, run: () => scheduler.wait(5_000) })

/** Tells when its handler really began, apart from what the ledger recorded. */
const rated = chard.task({
  name: 'rated',
  input,
  retention,
  rateLimit: { limit: 500, per: '1s' },
  run: () => ({ beganAt: Date.now() }),
})

export const tasks = { noop, mail, image, rated }

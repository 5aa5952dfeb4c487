/**
 * Somebody else's Worker with the dashboard under a prefix of its own, and tasks that do what a test needs to see: fail,
 * log, take their time, wait for a limit.
 */
import { Hono } from 'hono'
import { z } from 'zod'
import { admin, problemOf } from '../../../src/admin/index.ts'
import { createChard } from '../../../src/engine/index.ts'

const chard = createChard()

/** Fails for a file whose name says so. */
const importOrders = chard.task({
  name: 'import-orders',
  input: z.object({ file: z.string(), rows: z.int().default(4), ms: z.int().default(0) }),
  retry: { maxAttempts: 3, backoff: 'fixed', delay: '200ms', jitter: 'none' },
  run: async ({ file, rows, ms }, { progress, log, signal }) => {
    for (let row = 1; row <= rows; row++) {
      signal.throwIfAborted()
      progress(row / rows, `row ${row} of ${rows}`)
      if (file.includes('broken') && row === 3) throw new TypeError(`row ${row}: the product “oolong” is not known`)
      log(`row ${row} imported`)
      await new Promise((done) => setTimeout(done, ms))
    }
    return { file, imported: rows }
  },
})

const callPartner = chard.task({
  name: 'call-partner',
  input: z.object({ tenant: z.string() }),
  partition: ({ tenant }) => tenant,
  rateLimit: { limit: 50, per: '1s' },
  perPartition: { concurrency: 2 },
  visible: () => ({ tenant: '…' }),
  run: async () => ({ ok: true }),
})

const sendReport = chard.task({
  name: 'send-report',
  input: z.object({ kind: z.string() }),
  run: async ({ kind }) => ({ sent: kind }),
})

chard.schedule({
  name: 'nightly-report',
  task: sendReport,
  input: { kind: 'daily' },
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
})
chard.schedule({ name: 'pulse', task: sendReport, input: { kind: 'pulse' }, every: '15m', catchUp: 'skip' })

const worker = chard.serve([importOrders, callPartner, sendReport])

export const Ledger = worker.Ledger
export const Runner = worker.Runner

/** A thousand at once, which the API makes one by one. */
const many = z.object({
  count: z.int(),
  input: z.object({ file: z.string() }),
  tags: z.array(z.string()),
  delay: z.string(),
})

const app = new Hono()
  .onError(problemOf)
  .get('/healthz', (c) => c.text('up'))
  .post('/many', async (c) => {
    const { count, input, tags, delay } = many.parse(await c.req.json())
    const inputs = Array.from({ length: count }, () => input)
    const jobs = await importOrders.enqueueMany(inputs, () => ({ tags, delay: delay as '1d' }))
    return c.json(jobs.map(({ id }) => id))
  })
  .route('/deep/inside/control', admin(chard, { auth: { token: () => undefined, open: () => CHARD_LOCAL === true } }))

export default { fetch: app.fetch, queue: worker.queue, scheduled: worker.scheduled }

import { Hono } from 'hono'
import { z } from 'zod'
import { createChard } from '../../../src/engine/index.ts'

const chard = createChard()

const greet = chard.task({
  name: 'greet',
  input: z.object({ name: z.string() }),
  retry: { maxAttempts: 5 },
  run: ({ name }, { attempt, progress }) => {
    progress(0.5, 'writing')
    return { text: `Hello, ${name}!`, attempt }
  },
})

const app = new Hono()
  .post('/background/:name', async (c) => {
    await greet.background(c.req.param()) // runs after the response; stored only if it fails
    return c.text('accepted', 202)
  })
  .post('/enqueue/:name', async (c) => {
    const job = await greet.enqueue(c.req.param()) // on disk before this returns; a consumer runs it
    return c.json({ url: `/jobs/${job.id}` }, 202)
  })
  .post('/start-now/:name', async (c) => {
    const job = await greet.enqueue(c.req.param(), { startNow: true }) // on disk, then run here
    const { output } = await job.wait('10s')
    return c.json(output)
  })
  .get('/jobs/:id', async (c) => c.json(await chard.jobs.get(c.req.param('id'))))

const worker = chard.serve([greet])
export const Ledger = worker.Ledger
export const Runner = worker.Runner
export default { fetch: app.fetch, queue: worker.queue, scheduled: worker.scheduled }

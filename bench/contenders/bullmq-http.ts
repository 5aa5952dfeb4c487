/**
 * BullMQ behind an HTTP server: `node bullmq-http.ts <port of Redis> <port>`. `/one` responds when the job has been added,
 * `/run` when it has finished. The server is Node's own because it has the least overhead.
 */
import { createServer } from 'node:http'
import { connectionTo, loadBullMQ, type QueueEvents, queueName } from './bullmq-library.ts'

const waitMs = 20_000

const [redisPort, port] = process.argv.slice(2).map(Number)
const library = await loadBullMQ()
const connection = connectionTo(redisPort ?? 0)
const queue = new library.Queue(queueName, connection)
/** Opened by the first `/run`, so that a server that only adds jobs does not receive the events of all jobs. */
let listening: Promise<QueueEvents> | undefined
async function listen(): Promise<QueueEvents> {
  const events = new library.QueueEvents(queueName, connection)
  await events.waitUntilReady()
  return events
}

async function serve(url: string | undefined): Promise<void> {
  const job = await queue.add('noop', { n: 0 })
  if (url !== '/run') return
  listening ??= listen()
  await job.waitUntilFinished(await listening, waitMs)
}

createServer(async ({ url }, response) => {
  try {
    await serve(url)
    response.writeHead(202, { 'content-type': 'application/json' }).end('{}')
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}).listen(port, '127.0.0.1', () => console.log('READY'))

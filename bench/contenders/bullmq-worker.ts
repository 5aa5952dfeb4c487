/** One worker process of BullMQ: `node bullmq-worker.ts <port of Redis> <concurrency>`. */
import { connectionTo, loadBullMQ, queueName } from './bullmq-library.ts'

const [port, concurrency] = process.argv.slice(2).map(Number)
const { Worker } = await loadBullMQ()
const worker = new Worker(queueName, async () => {}, { ...connectionTo(port ?? 0), concurrency: concurrency ?? 1 })
await worker.waitUntilReady()
console.log('READY')

/** BullMQ behind a route: `node bullmq-http.ts <port of Redis> <port>`. Node's own server, which costs least. */
import { createServer } from 'node:http'
import { connectionTo, loadBullMQ, queueName } from './bullmq-library.ts'

const [redisPort, port] = process.argv.slice(2).map(Number)
const { Queue } = await loadBullMQ()
const queue = new Queue(queueName, connectionTo(redisPort ?? 0))
createServer(async (_, response) => {
  await queue.add('noop', { n: 0 })
  response.writeHead(202, { 'content-type': 'application/json' }).end('{}')
}).listen(port, '127.0.0.1', () => console.log('READY'))

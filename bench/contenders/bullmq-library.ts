/**
 * As much of BullMQ as the bench uses. Its package is installed by the bench alone, so that nobody who works on Chard
 * needs it; therefore it is loaded by name, and its types are written here.
 */
export interface Queue {
  addBulk(jobs: readonly { readonly name: string; readonly data: unknown }[]): Promise<readonly QueuedJob[]>
  add(name: string, data: unknown): Promise<QueuedJob>
  getJobCounts(...states: string[]): Promise<Record<string, number>>
  close(): Promise<void>
}

export interface QueuedJob {
  waitUntilFinished(events: QueueEvents, timeoutMs: number): Promise<unknown>
}

export interface QueueEvents {
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

interface Connection {
  readonly connection: { readonly host: string; readonly port: number; readonly maxRetriesPerRequest: null }
}

interface BullMQ {
  readonly Queue: new (name: string, options: Connection) => Queue
  readonly QueueEvents: new (name: string, options: Connection) => QueueEvents
  readonly Worker: new (
    name: string,
    run: () => Promise<unknown>,
    options: Connection & { readonly concurrency: number },
  ) => { waitUntilReady(): Promise<unknown> }
}

export const queueName = 'noop'

export async function loadBullMQ(): Promise<BullMQ> {
  const library: string = 'bullmq'
  return import(library)
}

/** `maxRetriesPerRequest: null` is what the guide asks for: https://docs.bullmq.io/guide/connections */
export const connectionTo = (port: number): Connection => ({
  connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null },
})

/**
 * The types of the part of BullMQ that the bench uses. Only `npm run bench` installs the package, so it may be missing when
 * the project is compiled: it is loaded by a name that the compiler does not see, and its types are declared here.
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

/** The guide requires `maxRetriesPerRequest: null`: https://docs.bullmq.io/guide/connections */
export const connectionTo = (port: number): Connection => ({
  connection: { host: '127.0.0.1', port, maxRetriesPerRequest: null },
})

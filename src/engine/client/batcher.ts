/**
 * Puts the enqueues of one request that are made together into one call to their ledger: one request, one transaction, one
 * write to disk. Never the enqueues of several requests: the microtask window keeps those apart.
 */
import type { EnqueueReply, NewJob } from '../ledger/protocol/enqueue.ts'
import { isRefusal } from '../ledger/protocol/refusal.ts'
import { microtaskWindow } from './microtask-window.ts'

/** Calls that begin together reach `record` a few promises apart, because their inputs are validated first. */
const windowPromises = 10
/** A larger batch is sent by itself. */
const jobsMax = 100
const charsMax = 1024 * 1024

interface Batch {
  readonly jobs: NewJob[]
  chars: number
  readonly reply: Promise<EnqueueReply>
}

export class Batcher {
  readonly #send: (shard: number, jobs: readonly NewJob[]) => Promise<EnqueueReply>
  readonly #open = new Map<number, Batch>()

  constructor(send: (shard: number, jobs: readonly NewJob[]) => Promise<EnqueueReply>) {
    this.#send = send
  }

  /** Records jobs of one shard, together with what else is recorded there now. Answers for these jobs, in their order. */
  async record(shard: number, jobs: readonly NewJob[]): Promise<EnqueueReply> {
    const chars = jobs.reduce((sum, { input }) => sum + input.length, 0)
    if (jobs.length > jobsMax || chars > charsMax) return this.#send(shard, jobs)
    const open = this.#open.get(shard)
    const isFull = !open || open.jobs.length + jobs.length > jobsMax || open.chars + chars > charsMax
    const batch = isFull ? this.#begin(shard) : open
    const from = batch.jobs.push(...jobs) - jobs.length
    batch.chars += chars
    const reply = await batch.reply
    return isRefusal(reply) ? reply : { jobs: reply.jobs.slice(from, from + jobs.length) }
  }

  #begin(shard: number): Batch {
    const jobs: NewJob[] = []
    const batch: Batch = { jobs, chars: 0, reply: this.#sendLater(shard, jobs) }
    this.#open.set(shard, batch)
    return batch
  }

  async #sendLater(shard: number, jobs: readonly NewJob[]): Promise<EnqueueReply> {
    await microtaskWindow(windowPromises)
    if (this.#open.get(shard)?.jobs === jobs) this.#open.delete(shard)
    return this.#send(shard, jobs)
  }
}

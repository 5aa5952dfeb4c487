/**
 * Enqueues that are made at the same moment go to their ledger in one call: one request, one transaction, one write to
 * disk. Never those of several requests, which a moment holds apart.
 */
import { type EnqueueReply, isRefusal, type NewJob } from '../ledger/protocol/protocol.ts'
import { momentOf } from './microtask-window.ts'

/** Calls that begin together reach this point a few promises apart, as their inputs are validated. */
const promises = 10
/** What is larger goes by itself. */
const jobsMax = 100
const charsMax = 1024 * 1024

interface Gathered {
  readonly jobs: NewJob[]
  chars: number
  readonly answered: Promise<EnqueueReply>
}

export class Gathering {
  readonly #send: (shard: number, jobs: readonly NewJob[]) => Promise<EnqueueReply>
  readonly #open = new Map<number, Gathered>()

  constructor(send: (shard: number, jobs: readonly NewJob[]) => Promise<EnqueueReply>) {
    this.#send = send
  }

  /** Records jobs of one shard, with what is recorded there at this moment. Answers for these jobs, in their order. */
  async record(shard: number, jobs: readonly NewJob[]): Promise<EnqueueReply> {
    const chars = jobs.reduce((sum, { input }) => sum + input.length, 0)
    if (jobs.length > jobsMax || chars > charsMax) return this.#send(shard, jobs)
    const known = this.#open.get(shard)
    const isFull = !known || known.jobs.length + jobs.length > jobsMax || known.chars + chars > charsMax
    const gathered = isFull ? this.#begin(shard) : known
    const from = gathered.jobs.push(...jobs) - jobs.length
    gathered.chars += chars
    const reply = await gathered.answered
    return isRefusal(reply) ? reply : { jobs: reply.jobs.slice(from, from + jobs.length) }
  }

  #begin(shard: number): Gathered {
    const jobs: NewJob[] = []
    const gathered: Gathered = { jobs, chars: 0, answered: this.#sent(shard, jobs) }
    this.#open.set(shard, gathered)
    return gathered
  }

  async #sent(shard: number, jobs: readonly NewJob[]): Promise<EnqueueReply> {
    await momentOf(promises)
    if (this.#open.get(shard)?.jobs === jobs) this.#open.delete(shard)
    return this.#send(shard, jobs)
  }
}

/**
 * Compares requests with recorded jobs (I5): a request is one job however often its call is repeated, a child is one job
 * however often its parent is tried, and a key stands for one input.
 */
import type { EnqueueReply, EnqueueRequest, NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import { isRefusal } from '../../../src/engine/ledger/protocol/refusal.ts'
import type { Input } from '../moods.ts'
import type { Claim } from './rows.ts'

/** The number of the second job of an `enqueueMany` is the first one's number plus this. */
export const secondOfMany = 500
/** The number of a child is its parent's number times this, plus its own. */
export const childrenOfOne = 1_000

export class Requests {
  /** How often each number was requested: a caller that tries again without a key requests another job. */
  readonly #tries = new Map<number, number>()
  readonly #inputs = new Map<string, string>()
  /** Ids by number: all ids of requests, and of children the ids that are not pruned. */
  readonly #ids = new Map<string, Set<string>>()

  private readonly claim: Claim

  constructor(claim: Claim) {
    this.claim = claim
  }

  /** A caller makes a request. */
  tried(n: number): void {
    this.#tries.set(n, (this.#tries.get(n) ?? 0) + 1)
  }

  /** A job was recorded because of a call. */
  recorded({ id, task, input, key, keyWins }: NewJob): void {
    this.#inputs.set(id, input)
    if (key !== undefined && !keyWins) return
    const { n } = JSON.parse(input) as Input
    const name = nameOf(task, n)
    const ids = this.#ids.get(name) ?? new Set()
    this.#ids.set(name, ids.add(id))
    const asked = this.#tries.get(numberAsked(task, n)) ?? 0
    this.claim(
      ids.size <= asked,
      'I5',
      () => `${name} was asked for ${asked} times and is there as ${[...ids].join(', ')}`,
    )
  }

  /** A job has another input now. */
  renewed(id: string, input: string): void {
    if (this.#inputs.has(id)) this.#inputs.set(id, input)
  }

  /** A finished job was pruned. */
  forgotten(id: string, task: string): void {
    const input = this.#inputs.get(id)
    if (input === undefined || !isChild(task)) return
    this.#ids.get(nameOf(task, (JSON.parse(input) as Input).n))?.delete(id)
  }

  /** A call was answered: a known key means the same input. */
  answered({ jobs }: EnqueueRequest, reply: EnqueueReply): void {
    if (isRefusal(reply)) return
    for (const [index, { key, keyWins, input, unique }] of jobs.entries()) {
      const enqueued = reply.jobs[index]
      if (!enqueued || isRefusal(enqueued) || !enqueued.duplicate || keyWins) continue
      // Other rules join with any input, or take the newest one.
      if (unique && unique.kind !== 'kept') continue
      const known = this.#inputs.get(enqueued.id)
      this.claim(known === input, 'I5', () => `key ${key} stands for ${known}, and ${input} is told it is the same`)
    }
  }
}

function isChild(task: string): boolean {
  return task === 'child'
}

function nameOf(task: string, n: number): string {
  return `${isChild(task) ? 'child' : 'request'} ${n}`
}

/** The number of the request that a job comes from. */
function numberAsked(task: string, n: number): number {
  const root = isChild(task) ? Math.floor(n / childrenOfOne) : n
  return root >= secondOfMany ? root - secondOfMany : root
}

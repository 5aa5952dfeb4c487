/**
 * What callers asked for, held against what was recorded (I5): a request is one job however often its call is repeated,
 * a child one job however often its parent is tried, and a key one input.
 */
import type { EnqueueReply, EnqueueRequest, NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import { isRefusal } from '../../../src/engine/ledger/protocol/refusal.ts'
import type { Input } from '../moods.ts'
import type { Claim } from './rows.ts'

/** What the second job of a call for many has on top of the first one's number. */
export const secondOfMany = 500
/** A child's number is its parent's times this, and its own. */
export const childrenOfOne = 1_000

export class Requests {
  /** Times each number was asked for: a caller that asks anew, without a key, asks for another job. */
  readonly #tries = new Map<number, number>()
  readonly #inputs = new Map<string, string>()
  /** Ids by number: of requests all there ever were, of children those that are not forgotten. */
  readonly #ids = new Map<string, Set<string>>()

  constructor(private readonly claim: Claim) {}

  /** Somebody asks. */
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
      // Other rules join whatever the input is, or hand theirs over.
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

/** The number under which the caller asked, at the root of it all. */
function numberAsked(task: string, n: number): number {
  const root = isChild(task) ? Math.floor(n / childrenOfOne) : n
  return root >= secondOfMany ? root - secondOfMany : root
}

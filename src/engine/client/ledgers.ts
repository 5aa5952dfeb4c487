/**
 * The ledgers of a deployment: calls to one shard, to all shards, and to the shard of a job. Each try has a new stub, because
 * some exceptions break a stub, and a call that the platform fails is repeated within bounds.
 */
import { parseJobId } from '../ledger/domain/job-id.ts'
import { isRefusal, type Refusal } from '../ledger/protocol/refusal.ts'
import type { LedgerRpc } from '../ledger/protocol/verbs.ts'
import { ChardError } from '../task/errors.ts'
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { classifyFault, repetitions } from './faults.ts'

/** Makes a new stub of the ledger of a shard. */
export type LedgerStubs = (shard: number) => LedgerRpc

export interface LedgersPorts {
  /** Shards in use. */
  readonly shards: number
  readonly stubs: LedgerStubs
  readonly platform: Pick<Platform, 'random' | 'sleep'>
}

export class Ledgers {
  readonly #ports: LedgersPorts

  constructor(ports: LedgersPorts) {
    this.#ports = ports
  }

  /**
   * Calls the ledger of a shard.
   * @throws ChardError `unavailable` when it did not answer. The call may have taken effect all the same.
   */
  async call<T>(shard: number, call: (ledger: LedgerRpc) => Promise<T>): Promise<T> {
    const { stubs, platform } = this.#ports
    for (let repeated = 0; ; repeated++) {
      try {
        return await call(stubs(shard))
      } catch (error) {
        if (error instanceof ChardError) throw error
        const fault = classifyFault(error)
        const { times, waitMs } = repetitions[fault]
        if (repeated >= times) throw unavailable(shard, fault, error)
        // Jitter over the upper half of the wait, so that callers that failed together do not come back together.
        await platform.sleep(waitMs * 2 ** repeated * (0.5 + platform.random() / 2))
      }
    }
  }

  /** Calls every ledger. `missing` are the shards that did not answer. Never rejects. */
  async all<T>(call: (ledger: LedgerRpc) => Promise<T>): Promise<{ answers: T[]; missing: number[] }> {
    const shards = Array.from({ length: this.#ports.shards }, (_, shard) => shard)
    const settled = await Promise.allSettled(shards.map((shard) => this.call(shard, call)))
    return {
      answers: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      missing: shards.filter((shard) => settled[shard]?.status === 'rejected'),
    }
  }

  /**
   * Calls the ledger of a job.
   * @throws ChardError `invalid-id`, `unknown-job`, `unavailable`, and what the ledger refuses with
   */
  async ofJob(id: string, call: (ledger: LedgerRpc) => Promise<JobRecord | Refusal>): Promise<JobRecord> {
    const parts = parseJobId(id)
    if (!parts) throw new ChardError('invalid-id', 'this is not the id of a job')
    // The id of a shard that is not in use is a guess, and a call would create its Durable Object.
    if (parts.shard >= this.#ports.shards) throw new ChardError('unknown-job', `there is no job ${id}`)
    return unrefused(await this.call(parts.shard, call))
  }
}

/** What a ledger answered. @throws ChardError what the ledger refused with */
export function unrefused<T extends object>(reply: T | Refusal): T {
  if (isRefusal(reply)) throw new ChardError(reply.refused, reply.message)
  return reply
}

function unavailable(shard: number, fault: string, cause: unknown): ChardError {
  return new ChardError('unavailable', `the ledger of shard ${shard} did not answer (${fault}): ${String(cause)}`, {
    cause,
  })
}

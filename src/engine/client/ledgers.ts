/** The ledgers of a deployment: calls to one shard, to all shards, and to the shard of a job. */
import { parseJobId } from '../ledger/domain/job-id.ts'
import { isRefusal, type Refusal } from '../ledger/protocol/refusal.ts'
import type { LedgerRpc } from '../ledger/protocol/verbs.ts'
import { ChardError } from '../task/errors.ts'
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { callLedger, type LedgerStubs } from './remote.ts'

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

  /** Calls the ledger of a shard. @throws ChardError `unavailable` */
  call<T>(shard: number, call: (ledger: LedgerRpc) => Promise<T>): Promise<T> {
    return callLedger(this.#ports, shard, call)
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

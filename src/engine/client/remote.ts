/**
 * Calls a ledger over RPC. Each try has a new stub, because some exceptions break a stub, and a call that the platform fails
 * is repeated within bounds.
 */

import type { LedgerRpc } from '../ledger/protocol/verbs.ts'
import { ChardError } from '../task/errors.ts'
import type { Platform } from '../task/platform.ts'
import { classifyFault, repetitions } from './faults.ts'

/** Makes a new stub of the ledger of a shard. */
export type LedgerStubs = (shard: number) => LedgerRpc

/**
 * Calls a ledger.
 * @throws ChardError `unavailable` when it did not answer. The call may have taken effect all the same.
 */
export async function callLedger<T>(
  { stubs, platform }: { stubs: LedgerStubs; platform: Pick<Platform, 'random' | 'sleep'> },
  shard: number,
  call: (ledger: LedgerRpc) => Promise<T>,
): Promise<T> {
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

function unavailable(shard: number, fault: string, cause: unknown): ChardError {
  return new ChardError('unavailable', `the ledger of shard ${shard} did not answer (${fault}): ${String(cause)}`, {
    cause,
  })
}

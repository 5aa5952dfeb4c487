/**
 * What happens on the virtual platform, for somebody who looks on: a simulator that checks promises, a test that counts.
 * Every method is optional. A method may end machines or restart ledgers; it must not throw, except `committed`.
 */
import type { Invocation, InvocationObserver } from './invocation.ts'
import type { LedgerObserver } from './ledger.ts'
import type { MachineObserver } from './machine.ts'
import type { QueueObserver } from './queue.ts'

export interface Observer extends MachineObserver, InvocationObserver, QueueObserver, LedgerObserver {
  /** A queue consumer has thrown. The engine's never does. */
  consumerThrew?(invocation: Invocation, error: unknown): void
}

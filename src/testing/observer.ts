/**
 * What happens on the virtual platform, for somebody who looks on: a simulator that checks promises, a test that counts.
 * Every method is optional. A method may end machines or restart ledgers; it must not throw, except `committed`.
 */
import type { Activation } from './activation.ts'
import type { Invocation } from './invocation.ts'
import type { CallKind, VirtualLedger } from './ledger.ts'
import type { Machine } from './machine.ts'

export interface Observer {
  /** A machine has written a line to its log. */
  logged?(machine: Machine, event: string, details: Record<string, unknown>): void
  opened?(invocation: Invocation): void
  /** An invocation is about to end, whether its work is done or not. */
  ended?(invocation: Invocation): void
  /** A queue consumer has thrown. The engine's never does. */
  consumerThrew?(invocation: Invocation, error: unknown): void
  /** A machine hands messages to the queue. */
  sent?(sender: Machine, count: number): void
  /** A ledger is about to be activated. */
  activating?(ledger: VirtualLedger): void
  /** A ledger was idle, and its memory is about to be forgotten. */
  hibernating?(ledger: VirtualLedger): void
  /** An alarm has reached a ledger. */
  rang?(ledger: VirtualLedger): void
  alarmAnswered?(ledger: VirtualLedger): void
  /** The alarm's handler has failed. `error` is undefined when the activation died under it. */
  alarmFailed?(ledger: VirtualLedger, error?: { readonly thrown: unknown }): void
  /** A ledger has answered a call, or failed it, after holding it for `ms`. */
  answered?(ledger: VirtualLedger, kind: CallKind, ms: number): void
  /** A call or an alarm has been dealt with. */
  settled?(ledger: VirtualLedger): void
  /** Something is on disk. A throw reaches the code that has committed, as a reset of the object does. */
  committed?(ledger: VirtualLedger, activation: Activation): void
}

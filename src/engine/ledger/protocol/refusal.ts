/** Answers are data and not exceptions: a thrown error loses its class on its way over RPC. */
import type { ChardErrorCode } from '../../task/errors.ts'

/** A refusal with its reason, in place of the answer. */
export interface Refusal {
  readonly refused: ChardErrorCode
  readonly message: string
}

export function isRefusal(reply: object): reply is Refusal {
  return 'refused' in reply
}

/** A sync that is held for a moment, and the answers that it may get. */
import type { SyncReply, SyncRequest } from '../protocol/protocol.ts'

export interface Poll {
  readonly request: SyncRequest
  readonly answer: (reply: SyncReply) => void
  readonly fail: (error: unknown) => void
  readonly callOff: () => void
}

/** The answer to a sync that was overtaken by the runner's next one. It promises nothing about leases. */
export const nothing: SyncReply = { claimed: [], lost: [], cancelled: [], leaseMs: 0 }

/** What is left of a sync once it has been answered but for its claim: nothing is settled or reported twice. */
export function rest(request: SyncRequest): SyncRequest {
  return { ...request, settle: [], heartbeats: request.heartbeats.map(({ id, lease }) => ({ id, lease })) }
}

export function isEmpty({ claimed, lost, cancelled }: SyncReply): boolean {
  return claimed.length === 0 && lost.length === 0 && cancelled.length === 0
}

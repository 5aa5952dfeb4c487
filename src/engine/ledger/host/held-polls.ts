/**
 * Syncs that are held for a moment because there is nothing to claim. A held sync is answered when work comes, when its runner
 * speaks again, or when its time is up. A caller that went away is answered all the same; what it was given lapses.
 */
import type { SyncReply, SyncRequest } from '../protocol/sync.ts'

interface Poll {
  readonly request: SyncRequest
  readonly answer: (reply: SyncReply) => void
  readonly fail: (error: unknown) => void
  readonly callOff: () => void
}

/** Syncs that are held at once: more runners that wait are of no use. */
const heldMax = 4

/** The answer to a sync that its runner has overtaken with the next one. It promises nothing about leases. */
const overtaken: SyncReply = { claimed: [], lost: [], cancelled: [], leaseMs: 0 }

export class HeldPolls {
  readonly #setTimer: (ms: number, callback: () => void) => () => void
  readonly #sync: (request: SyncRequest) => SyncReply
  readonly #polls = new Map<string, Poll>()

  /** @param sync answers a poll whose time is up */
  constructor(setTimer: (ms: number, callback: () => void) => () => void, sync: (request: SyncRequest) => SyncReply) {
    this.#setTimer = setTimer
    this.#sync = sync
  }

  get isFull(): boolean {
    return this.#polls.size >= heldMax
  }

  has(runner: string): boolean {
    return this.#polls.has(runner)
  }

  /** Holds a sync for up to `ms`. What it settled and reported is taken already, and is not taken again. */
  hold(request: SyncRequest, ms: number): Promise<SyncReply> {
    const { runner, heartbeats } = request
    const rest = { ...request, settle: [], heartbeats: heartbeats.map(({ id, lease }) => ({ id, lease })) }
    return new Promise((answer, fail) => {
      const callOff = this.#setTimer(ms, () => this.#expire(runner))
      this.#polls.set(runner, { request: rest, answer, fail, callOff })
    })
  }

  /** The runner has spoken again: its held sync is answered empty. */
  release(runner: string): void {
    this.#take(runner)?.answer(overtaken)
  }

  /** Answers each held sync for which there is a reply, the oldest first, while there is something to give out. */
  answer(countWork: () => number, replyTo: (request: SyncRequest) => SyncReply | undefined): void {
    for (const [runner, { request }] of this.#polls) {
      if (countWork() === 0) return
      const reply = replyTo(request)
      if (reply) this.#take(runner)?.answer(reply)
    }
  }

  #expire(runner: string): void {
    const poll = this.#take(runner)
    if (!poll) return
    try {
      poll.answer(this.#sync(poll.request))
    } catch (error) {
      // Thrown from a timer it would reach nobody, and the runner would wait for ever.
      poll.fail(error)
    }
  }

  #take(runner: string): Poll | undefined {
    const poll = this.#polls.get(runner)
    this.#polls.delete(runner)
    poll?.callOff()
    return poll
  }
}

/** True for a reply that gives and asks nothing, so that its sync may be held. */
export function isEmpty({ claimed, lost, cancelled }: SyncReply): boolean {
  return claimed.length === 0 && lost.length === 0 && cancelled.length === 0
}

/**
 * A runner: one invocation at work for one shard. It claims, runs and settles until the shard is dry or its own bounds
 * are near, and speaks one RPC, `sync`.
 *
 * - A finished job settles at once, never behind a poll or a slow neighbour: a sync that the ledger may be holding is
 *   overtaken by the next `seq`, which the ledger answers by ending the held one empty.
 * - It beats every third of a lease. Cancellations and lost leases come with the answer.
 * - It never throws: what it could not settle lapses in the ledger and is tried again.
 */

import { leaseMs } from '../ledger/domain/lease.ts'
import type { Claimed, Heartbeat, Settlement, SyncReply, SyncRequest } from '../ledger/protocol/protocol.ts'
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { Signal } from '../task/signal.ts'
import type { RunContext } from '../task/task.ts'
import { Attempt, attemptLine } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import type { ServedTasks } from './tasks.ts'

/** What a runner works with. */
export interface RunnerPorts {
  readonly platform: Platform
  /** One sync, repeated through platform faults within bounds. Rejects when the ledger did not answer. */
  readonly sync: (request: SyncRequest) => Promise<SyncReply>
  readonly tasks: ServedTasks
  readonly enqueueChild: (parent: string) => RunContext['enqueue']
  /** Told which attempts the ledger has taken as ended, and how the jobs are now that are awaited. */
  readonly onSettled?: (ids: readonly string[], records: readonly JobRecord[]) => void
  /** True for a job whose record is worth its way here. */
  readonly isAwaited?: (id: string) => boolean
  /** False: only attempts that did not complete leave a line in the log. */
  readonly logsAttempts: boolean
}

/** Who waits where a runner is. */
export type RunnerListeners = Pick<RunnerPorts, 'onSettled' | 'isAwaited'>

/** The bounds of one invocation. */
export interface RunnerBounds {
  /** Jobs run side by side at first; more when they prove short. */
  readonly concurrency: number
  /** Jobs and syncs in one invocation: handlers share its budget of subrequests. */
  readonly jobsMax: number
  readonly syncsMax: number
  /** How long the invocation may last, from its start. */
  readonly wallMs: number
}

/** What one runner did. */
export interface RunReport {
  readonly runner: string
  readonly jobs: number
  readonly syncs: number
}

/** Jobs run side by side when they are short: enough to hide the round trip. */
const concurrencyMax = 100
/** An attempt shorter than this counts as short. */
const shortMs = 50
const heartbeatMs = leaseMs / 3
/** A sync that is not answered by then may be held by the ledger; a finished job does not wait for it. */
const overtakeMs = 5
/** So much before a limit opens it may come, for all that it knows of how long a sync takes. */
const earlyMsMax = 20
/** Progress is reported at most this often at first, and ever more seldom: a long job must not become a bill. */
const progressMsMin = 250
const progressShare = 0.1
/** Waits after a ledger that did not answer. */
const unansweredMsMin = 1_000
const unansweredMsMax = 10_000

interface Held {
  readonly attempt: Attempt
  /** The lease is good until then, counted from when the request was sent. */
  goodUntil: number
}

export class Runner {
  readonly id: string
  readonly #ports: RunnerPorts
  readonly #bounds: RunnerBounds
  readonly #openedAt: number
  readonly #held = new Map<string, Held>()
  #finished: Settlement[] = []
  #seq = 0
  /** Syncs whose answer has neither come nor been given up on, and what they settle. */
  readonly #open = new Map<number, readonly Settlement[]>()
  #jobs = 0
  #syncs = 0
  #capacity: number
  #failures = 0
  #lastSentAt = 0
  #lastReportAt = 0
  /** A limit opens then: worth a sync while there is room for more. */
  #againAt: number | undefined
  readonly #signal: Signal
  readonly #deadlines: Deadlines

  constructor(ports: RunnerPorts, bounds: RunnerBounds, id = newRunnerId(ports.platform)) {
    this.#ports = ports
    this.#bounds = bounds
    this.id = id
    this.#openedAt = ports.platform.now()
    this.#capacity = bounds.concurrency
    this.#signal = new Signal(ports.platform)
    this.#deadlines = new Deadlines(ports.platform)
  }

  /** Starts what was claimed by other means than a sync: the jobs of startNow, whose claim was seq 1. */
  adopt(claimed: Claimed, sentAt: number): void {
    this.#seq = Math.max(this.#seq, 1)
    this.#lastSentAt = sentAt
    this.#start(claimed, sentAt)
  }

  async run(): Promise<RunReport> {
    while (!(await this.#turn())) {
      // A turn is one sync and the wait for a reason for the next.
    }
    return { runner: this.id, jobs: this.#jobs, syncs: this.#syncs }
  }

  /** One sync, then a wait until there is a reason for the next. True when the runner is done. */
  async #turn(): Promise<boolean> {
    if (this.#seq === 1 && this.#syncs === 0) await this.#untilNews()
    const request = this.#request()
    const sentAt = this.#ports.platform.now()
    const answered = this.#send(request, sentAt)
    const isOvertaken = await this.#answeredOrOvertaken(answered)
    if (isOvertaken) return false
    const reply = await answered
    if (!reply) return this.#unanswered()
    if (this.#isDry(request, reply)) return true
    await this.#untilNews()
    return false
  }

  #request(): SyncRequest {
    const now = this.#ports.platform.now()
    const remainingMs = this.#openedAt + this.#bounds.wallMs - now
    const want = this.#want(remainingMs)
    const isReporting = now - this.#lastReportAt >= progressMsMin || this.#finished.length > 0
    if (isReporting) this.#lastReportAt = now
    this.#lastSentAt = now
    const heartbeats = [...this.#held.values()].map(({ attempt }): Heartbeat => {
      const progress = isReporting ? attempt.takeProgress() : undefined
      return { id: attempt.claimed.id, lease: attempt.claimed.lease, ...(progress && { progress }) }
    })
    // Said again while its answer is out: calls may overtake one another, and settling twice changes nothing.
    const settle = [...[...this.#open.values()].flat(), ...this.#finished]
    const awaited = settle.flatMap(({ id }) => (this.#ports.isAwaited?.(id) ? [id] : []))
    return {
      runner: this.id,
      seq: ++this.#seq,
      ack: this.#open.size === 0 ? this.#seq - 1 : Math.min(...this.#open.keys()) - 1,
      tasks: this.#ports.tasks.timeouts,
      settle,
      heartbeats,
      want,
      remainingMs,
      ...(want === 0 && heartbeats.length === 0 && { done: true }),
      ...(awaited.length > 0 && { awaited }),
    }
  }

  #want(remainingMs: number): number {
    const isSpent = this.#jobs >= this.#bounds.jobsMax || this.#syncs >= this.#bounds.syncsMax || remainingMs <= 0
    const runsSolo = [...this.#held.values()].some(({ attempt }) => attempt.claimed.solo)
    if (isSpent || runsSolo) return 0
    return Math.max(0, Math.min(this.#capacity - this.#held.size, this.#bounds.jobsMax - this.#jobs))
  }

  /** Sends a sync and takes its answer in, whenever that comes. Undefined when the ledger did not answer. */
  async #send(request: SyncRequest, sentAt: number): Promise<SyncReply | undefined> {
    this.#syncs++
    this.#open.set(request.seq, this.#finished)
    this.#finished = []
    try {
      const reply = await this.#ports.sync(request)
      this.#failures = 0
      this.#take(request, reply, sentAt)
      return reply
    } catch (error) {
      this.#failures++
      // Nobody knows whether it took effect. Settling is fenced by the lease, so the same may be said again.
      this.#finished = [...(this.#open.get(request.seq) ?? []), ...this.#finished]
      this.#signal.notify()
      this.#ports.platform.log('sync-unanswered', { runner: this.id, seq: request.seq, error: String(error) })
      return undefined
    } finally {
      this.#open.delete(request.seq)
      // Overtaken: nobody awaits this answer, but the loop may be waiting for what it brings.
      if (request.seq < this.#seq) this.#signal.notify()
    }
  }

  #take({ heartbeats, settle }: SyncRequest, reply: SyncReply, sentAt: number): void {
    const { claimed, lost, cancelled, leaseMs: goodMs, againInMs, records = [] } = reply
    if (settle.length > 0)
      this.#ports.onSettled?.(
        settle.map(({ id }) => id),
        records,
      )
    const now = this.#ports.platform.now()
    // Counted from when it was asked: the way there is part of the wait. A ledger keeps who is early for a moment.
    this.#againAt = againInMs === undefined ? undefined : Math.max(sentAt, now - earlyMsMax) + againInMs
    const extended = new Map(heartbeats.map(({ id, lease }) => [id, lease]))
    for (const id of extended.keys()) {
      const held = this.#held.get(id)
      if (held) held.goodUntil = Math.max(held.goodUntil, sentAt + goodMs)
    }
    for (const id of lost) {
      const attempt = this.#held.get(id)?.attempt
      // What was lost may be an older lease of a job that this runner has claimed anew.
      if (attempt?.claimed.lease !== extended.get(id)) continue
      attempt?.stop('lost')
      this.#held.delete(id)
    }
    for (const id of cancelled) this.#held.get(id)?.attempt.stop('cancelled')
    for (const job of claimed) this.#start(job, sentAt)
  }

  #start(claimed: Claimed, sentAt: number): void {
    if (this.#held.has(claimed.id)) return
    const { platform, tasks, enqueueChild, logsAttempts } = this.#ports
    const goodUntil = sentAt + claimed.leaseMs
    // The answer came so late that the job may be somebody else's by now. Never begun, it is given back by the ledger.
    if (goodUntil <= platform.now()) return
    const attempt = new Attempt(claimed, tasks.get(claimed.task), {
      platform,
      enqueueChild,
      timer: (ms, act) => this.#deadlines.timer(ms, act),
      onProgress: () => this.#signal.notify(),
    })
    this.#jobs++
    this.#held.set(claimed.id, { attempt, goodUntil })
    void attempt.run().then(({ outcome, ranMs, log }) => {
      this.#capacity = ranMs < shortMs ? Math.min(concurrencyMax, this.#capacity + 1) : this.#bounds.concurrency
      if (logsAttempts || outcome.kind !== 'completed')
        platform.log('attempt', attemptLine(claimed, { outcome, ranMs }))
      const newest = this.#held.get(claimed.id)?.attempt
      if (newest === attempt) this.#held.delete(claimed.id)
      // A lost attempt may still have ended well, and its lease may not be replaced yet: the ledger decides.
      else if (newest || outcome.kind !== 'completed') return
      const progress = attempt.takeProgress()
      this.#finished.push({
        id: claimed.id,
        lease: claimed.lease,
        outcome,
        ranMs,
        ...(log.length > 0 && { log }),
        ...(progress && { progress }),
      })
      this.#signal.notify()
    })
  }

  /** Until something is worth a look, or `ms` have passed. */
  async #wait(ms: number): Promise<void> {
    await this.#signal.wait(Math.max(1, ms))
  }

  /** True when `answered` comes before there is something worth a look and before `ms` have passed. */
  async #answeredFirst(answered: Promise<unknown>, ms: number): Promise<boolean> {
    const isAnswered = await Promise.race([answered.then(() => true), this.#wait(ms).then(() => false)])
    this.#signal.interrupt()
    return isAnswered
  }

  /** Waits for the answer; or, once it may be held, for a reason to speak again. True when that comes first. */
  async #answeredOrOvertaken(answered: Promise<unknown>): Promise<boolean> {
    const { platform } = this.#ports
    for (;;) {
      const isAnswered = await this.#answeredFirst(answered, Math.min(this.#beatInMs(), this.#staleInMs()))
      if (isAnswered || (await answeredWithin(answered, overtakeMs, platform))) return false
      this.#stopStale()
      if (this.#finished.length > 0 || this.#isBeatDue()) return true
    }
  }

  /** Nothing held, nothing finished, nothing claimed: the ledger has taken this runner off its books. */
  #isDry(request: SyncRequest, { claimed }: SyncReply): boolean {
    // An overtaken sync may still bring claims; but not once this runner has said that it is done.
    const isExpecting = this.#open.size > 0 && !request.done
    const isIdle = this.#held.size === 0 && this.#finished.length === 0 && !isExpecting && this.#againAt === undefined
    return isIdle && claimed.length === 0 && request.heartbeats.length === 0
  }

  /** The ledger did not answer: again after a wait, while there is something to say and time to say it. */
  async #unanswered(): Promise<boolean> {
    const { platform } = this.#ports
    const hasNothing = this.#held.size === 0 && this.#finished.length === 0
    const isOver = platform.now() - this.#openedAt >= this.#bounds.wallMs
    if (hasNothing || isOver) return true
    const waitMs = Math.min(unansweredMsMin * 2 ** (this.#failures - 1), unansweredMsMax)
    const until = platform.now() + waitMs
    // An overtaken sync may still be answered meanwhile, and what it brings may be stale sooner than the wait is over.
    while (platform.now() < until) {
      await this.#wait(Math.min(until - platform.now(), this.#staleInMs()))
      this.#stopStale()
    }
    return false
  }

  /** Until a job finishes, there is progress worth reporting, an overtaken sync is answered, or a beat is due. */
  async #untilNews(): Promise<void> {
    const isExpecting = () => this.#held.size > 0 || this.#open.size > 0 || this.#againAt !== undefined
    while (isExpecting() && this.#finished.length === 0 && this.#nextReasonInMs() > 0) {
      await this.#wait(Math.min(this.#nextReasonInMs(), this.#staleInMs()))
      this.#stopStale()
    }
    this.#stopStale()
  }

  /** How long until a beat is due. With nothing held none is; then it says when to look again. */
  #beatInMs(): number {
    return this.#held.size === 0 ? heartbeatMs : this.#lastSentAt + heartbeatMs - this.#ports.platform.now()
  }

  /** How long until a lease is over that nobody has extended. */
  #staleInMs(): number {
    const ends = [...this.#held.values()].filter(({ attempt }) => !attempt.stopped).map(({ goodUntil }) => goodUntil)
    return Math.min(...ends) - this.#ports.platform.now()
  }

  /** How long until a beat or a report is due, or a limit opens. */
  #nextReasonInMs(): number {
    const now = this.#ports.platform.now()
    let at = Math.min(this.#lastSentAt + heartbeatMs, this.#againAt ?? Number.POSITIVE_INFINITY)
    for (const { attempt } of this.#held.values()) {
      if (!attempt.hasProgress) continue
      const gapMs = Math.max(progressMsMin, (now - attempt.startedAt) * progressShare)
      at = Math.min(at, this.#lastReportAt + gapMs)
    }
    return at - now
  }

  #isBeatDue(): boolean {
    return this.#held.size > 0 && this.#ports.platform.now() - this.#lastSentAt >= heartbeatMs
  }

  /** A lease that could not be extended in time may be somebody else's by now. */
  #stopStale(): void {
    const now = this.#ports.platform.now()
    for (const { attempt, goodUntil } of this.#held.values()) if (goodUntil <= now) attempt.stop('lost')
  }
}

/** True when `answered`, which never rejects, comes within `ms`. Leaves no timer behind. */
function answeredWithin(answered: Promise<unknown>, ms: number, platform: Pick<Platform, 'timer'>): Promise<boolean> {
  return new Promise((resolve) => {
    const callOff = platform.timer(ms, () => resolve(false))
    void answered.then(() => {
      callOff()
      resolve(true)
    })
  })
}

export function newRunnerId(platform: Pick<Platform, 'random'>): string {
  const part = () => Math.floor(platform.random() * 2 ** 50).toString(36)
  return `${part()}${part()}`
}

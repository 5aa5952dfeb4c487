/**
 * A runner: one invocation that works for one shard. It claims jobs, runs them and settles them, until the shard has no more
 * or its own bounds are near. It speaks one RPC, `sync`.
 *
 * - A finished job settles at once. When the ledger may be holding the runner's sync, the runner sends another one with the
 *   next `seq`, and the ledger answers the held one empty.
 * - It sends a heartbeat every third of a lease. Cancellations and lost leases come with the answer.
 * - It never throws. What it could not settle lapses in the ledger and is tried again.
 */
import { leaseMs } from '../ledger/domain/lease.ts'
import type { Claimed, Heartbeat, SyncReply, SyncRequest } from '../ledger/protocol/sync.ts'
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { Signal } from '../task/signal.ts'
import type { RunContext } from '../task/task.ts'
import { Attempt, type AttemptResult, attemptLine } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import { HeldAttempts } from './held-attempts.ts'
import { Outbox } from './outbox.ts'
import type { ServedTasks } from './tasks.ts'

/** What a runner works with. */
export interface RunnerPorts {
  readonly platform: Platform
  /** One sync, repeated within bounds when the platform fails it. Rejects when the ledger did not answer. */
  readonly sync: (request: SyncRequest) => Promise<SyncReply>
  readonly tasks: ServedTasks
  readonly enqueueChild: (parent: string) => RunContext['enqueue']
  /** Called with the jobs whose ended attempts the ledger has recorded, and with the records of those that are awaited. */
  readonly onSettled?: (ids: readonly string[], records: readonly JobRecord[]) => void
  /** True for a job whose record the ledger should send along when it is settled. */
  readonly isAwaited?: (id: string) => boolean
  /** False: only attempts that did not complete leave a line in the log. */
  readonly logsAttempts: boolean
}

/** Who waits in the runner's isolate for the jobs that it runs. */
export type RunnerListeners = Pick<RunnerPorts, 'onSettled' | 'isAwaited'>

/** The bounds of one invocation. */
export interface RunnerBounds {
  /** Jobs run side by side at first; more while they prove short. */
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

/** Short jobs are run side by side up to this number, which hides the time of a sync. */
const concurrencyMax = 100
/** An attempt shorter than this is short. */
const shortMs = 50
const heartbeatMs = leaseMs / 3
/** After this time without an answer the ledger may be holding a sync, and a finished job does not wait for it. */
const overtakeMs = 5
/** A runner comes back up to this long before a limit resets, because it does not know how long a sync takes. */
const earlyMsMax = 20
/** Progress is reported at most this often at first, and more seldom the longer an attempt runs, which bounds the cost. */
const progressMsMin = 250
const progressShare = 0.1
/** The wait after a ledger that did not answer, from the first time on; it doubles. */
const unansweredMsMin = 1_000
const unansweredMsMax = 10_000

export class Runner {
  readonly id: string
  readonly #ports: RunnerPorts
  readonly #bounds: RunnerBounds
  readonly #openedAt: number
  readonly #held = new HeldAttempts()
  readonly #outbox = new Outbox()
  readonly #signal: Signal
  readonly #deadlines: Deadlines
  #jobs = 0
  #syncs = 0
  #capacity: number
  #failures = 0
  #lastSentAt = 0
  #lastReportAt = 0
  /** When a limit resets: a reason for a sync while there is room for more jobs. */
  #againAt: number | undefined

  constructor(ports: RunnerPorts, bounds: RunnerBounds, id = newRunnerId(ports.platform)) {
    this.#ports = ports
    this.#bounds = bounds
    this.id = id
    this.#openedAt = ports.platform.now()
    this.#capacity = bounds.concurrency
    this.#signal = new Signal(ports.platform)
    this.#deadlines = new Deadlines(ports.platform)
  }

  /** Starts a job that was claimed by other means than a sync: by startNow, whose claim was sync 1. */
  adopt(claimed: Claimed, sentAt: number): void {
    this.#outbox.skipFirst()
    this.#lastSentAt = sentAt
    this.#start(claimed, sentAt)
  }

  async run(): Promise<RunReport> {
    let isDone = false
    while (!isDone) isDone = await this.#round()
    return { runner: this.id, jobs: this.#jobs, syncs: this.#syncs }
  }

  /** One sync, then a wait until there is a reason for the next. True when the runner is done. */
  async #round(): Promise<boolean> {
    if (this.#outbox.seq === 1 && this.#syncs === 0) await this.#untilNews()
    const request = this.#prepareRequest()
    const sentAt = this.#ports.platform.now()
    const answered = this.#send(request, sentAt)
    const isOvertaken = await this.#answeredOrOvertaken(answered)
    if (isOvertaken) return false
    const reply = await answered
    if (!reply) return this.#pauseUnanswered()
    if (this.#isDry(request, reply)) return true
    await this.#untilNews()
    return false
  }

  #prepareRequest(): SyncRequest {
    const now = this.#ports.platform.now()
    const remainingMs = this.#openedAt + this.#bounds.wallMs - now
    const want = this.#wanted(remainingMs)
    const isReporting = now - this.#lastReportAt >= progressMsMin || this.#outbox.hasUnsent
    if (isReporting) this.#lastReportAt = now
    this.#lastSentAt = now
    const heartbeats = this.#held.attempts().map((attempt): Heartbeat => {
      const progress = isReporting ? attempt.takeProgress() : undefined
      return { id: attempt.claimed.id, lease: attempt.claimed.lease, ...(progress && { progress }) }
    })
    const { seq, ack, settle } = this.#outbox.prepare()
    const awaited = settle.flatMap(({ id }) => (this.#ports.isAwaited?.(id) ? [id] : []))
    return {
      runner: this.id,
      seq,
      ack,
      tasks: this.#ports.tasks.timeouts,
      settle,
      heartbeats,
      want,
      remainingMs,
      ...(want === 0 && heartbeats.length === 0 && { done: true }),
      ...(awaited.length > 0 && { awaited }),
    }
  }

  /** How many more jobs there is room for. */
  #wanted(remainingMs: number): number {
    const { jobsMax, syncsMax } = this.#bounds
    const isSpent = this.#jobs >= jobsMax || this.#syncs >= syncsMax || remainingMs <= 0
    if (isSpent || this.#held.hasSolo) return 0
    return Math.max(0, Math.min(this.#capacity - this.#held.size, jobsMax - this.#jobs))
  }

  /** Sends a sync and takes its answer in, whenever that comes. Undefined when the ledger did not answer. */
  async #send(request: SyncRequest, sentAt: number): Promise<SyncReply | undefined> {
    const { seq } = request
    this.#syncs++
    this.#outbox.markSent(seq)
    try {
      const reply = await this.#ports.sync(request)
      this.#failures = 0
      this.#apply(request, reply, sentAt)
      this.#outbox.markAnswered(seq)
      return reply
    } catch (error) {
      this.#failures++
      this.#outbox.takeBack(seq)
      this.#signal.notify()
      this.#ports.platform.log('sync-unanswered', { runner: this.id, seq, error: String(error) })
      return undefined
    } finally {
      // Overtaken: nobody awaits this answer, but the loop may be waiting for what it brings.
      if (seq < this.#outbox.seq) this.#signal.notify()
    }
  }

  #apply({ heartbeats, settle }: SyncRequest, reply: SyncReply, sentAt: number): void {
    const { claimed, lost, cancelled, leaseMs: goodMs, againInMs, records = [] } = reply
    if (settle.length > 0)
      this.#ports.onSettled?.(
        settle.map(({ id }) => id),
        records,
      )
    const now = this.#ports.platform.now()
    // Counted from the request, because its way is part of the wait. The ledger holds a sync that comes a little early.
    this.#againAt = againInMs === undefined ? undefined : Math.max(sentAt, now - earlyMsMax) + againInMs
    const extended = new Map(heartbeats.map(({ id, lease }) => [id, lease]))
    for (const id of extended.keys()) this.#held.extend(id, sentAt + goodMs)
    for (const id of lost) {
      const attempt = this.#held.get(id)
      // What was lost may be an older lease of a job that this runner has claimed again.
      if (attempt?.claimed.lease !== extended.get(id)) continue
      attempt?.stop('lost')
      this.#held.remove(id)
    }
    for (const id of cancelled) this.#held.get(id)?.stop('cancelled')
    for (const job of claimed) this.#start(job, sentAt)
  }

  #start(claimed: Claimed, sentAt: number): void {
    if (this.#held.get(claimed.id)) return
    const { platform, tasks, enqueueChild } = this.#ports
    const goodUntil = sentAt + claimed.leaseMs
    // The answer came so late that the job may be somebody else's by now. It never began, so the ledger gives it out again.
    if (goodUntil <= platform.now()) return
    const attempt = new Attempt(claimed, tasks.get(claimed.task), {
      platform,
      enqueueChild,
      timer: (ms, act) => this.#deadlines.timer(ms, act),
      onProgress: () => this.#signal.notify(),
    })
    this.#jobs++
    this.#held.add(attempt, goodUntil)
    void attempt.run().then((result) => this.#end(attempt, result))
  }

  #end(attempt: Attempt, { outcome, ranMs, log }: AttemptResult): void {
    const { claimed } = attempt
    const { platform, logsAttempts } = this.#ports
    this.#capacity = ranMs < shortMs ? Math.min(concurrencyMax, this.#capacity + 1) : this.#bounds.concurrency
    if (logsAttempts || outcome.kind !== 'completed') platform.log('attempt', attemptLine(claimed, { outcome, ranMs }))
    const newest = this.#held.get(claimed.id)
    if (newest === attempt) this.#held.remove(claimed.id)
    // A lost attempt may still have completed before its lease was given to another: the ledger decides.
    else if (newest || outcome.kind !== 'completed') return
    const progress = attempt.takeProgress()
    this.#outbox.add({
      id: claimed.id,
      lease: claimed.lease,
      outcome,
      ranMs,
      ...(log.length > 0 && { log }),
      ...(progress && { progress }),
    })
    this.#signal.notify()
  }

  /** Waits for the answer; or, once it may be held, for a reason for another sync. True when that comes first. */
  async #answeredOrOvertaken(answered: Promise<unknown>): Promise<boolean> {
    const { platform } = this.#ports
    for (;;) {
      const isAnswered = await this.#answeredFirst(answered, Math.min(this.#heartbeatInMs(), this.#staleInMs()))
      if (isAnswered || (await answeredWithin(answered, overtakeMs, platform))) return false
      this.#stopStale()
      if (this.#outbox.hasUnsent || this.#isHeartbeatDue()) return true
    }
  }

  /** True when `answered` comes before a notification and before `ms` have passed. */
  async #answeredFirst(answered: Promise<unknown>, ms: number): Promise<boolean> {
    const isAnswered = await Promise.race([answered.then(() => true), this.#wait(ms).then(() => false)])
    this.#signal.interrupt()
    return isAnswered
  }

  /** True when nothing runs, is left to settle or was claimed: the ledger has forgotten this runner. */
  #isDry(request: SyncRequest, { claimed }: SyncReply): boolean {
    // An overtaken sync may still bring claims, unless this runner has said that it is done.
    const isExpecting = this.#outbox.hasOpen && !request.done
    const isIdle = this.#held.isEmpty && !this.#outbox.hasUnsent && !isExpecting && this.#againAt === undefined
    return isIdle && claimed.length === 0 && request.heartbeats.length === 0
  }

  /** The ledger did not answer: pauses, and returns true when there is nothing to say or no time to say it. */
  async #pauseUnanswered(): Promise<boolean> {
    const { platform } = this.#ports
    const hasNothing = this.#held.isEmpty && !this.#outbox.hasUnsent
    const isOver = platform.now() - this.#openedAt >= this.#bounds.wallMs
    if (hasNothing || isOver) return true
    const waitMs = Math.min(unansweredMsMin * 2 ** (this.#failures - 1), unansweredMsMax)
    const until = platform.now() + waitMs
    // An overtaken sync may be answered meanwhile, and the lease of what it brings may end before the pause does.
    while (platform.now() < until) {
      await this.#wait(Math.min(until - platform.now(), this.#staleInMs()))
      this.#stopStale()
    }
    return false
  }

  /** Until a job finishes, progress is worth a report, an overtaken sync is answered, a heartbeat is due or a limit resets. */
  async #untilNews(): Promise<void> {
    const isExpecting = () => !this.#held.isEmpty || this.#outbox.hasOpen || this.#againAt !== undefined
    while (isExpecting() && !this.#outbox.hasUnsent && this.#nextReasonInMs() > 0) {
      await this.#wait(Math.min(this.#nextReasonInMs(), this.#staleInMs()))
      this.#stopStale()
    }
    this.#stopStale()
  }

  /** Until there is a notification, or `ms` have passed. */
  async #wait(ms: number): Promise<void> {
    await this.#signal.wait(Math.max(1, ms))
  }

  /** How long until a heartbeat is due. While nothing runs none is, and this is when to look again. */
  #heartbeatInMs(): number {
    return this.#held.isEmpty ? heartbeatMs : this.#lastSentAt + heartbeatMs - this.#ports.platform.now()
  }

  #isHeartbeatDue(): boolean {
    return !this.#held.isEmpty && this.#ports.platform.now() - this.#lastSentAt >= heartbeatMs
  }

  /** How long until a heartbeat or a report is due, or a limit resets. */
  #nextReasonInMs(): number {
    const now = this.#ports.platform.now()
    let at = Math.min(this.#lastSentAt + heartbeatMs, this.#againAt ?? Number.POSITIVE_INFINITY)
    for (const { hasProgress, startedAt } of this.#held.attempts()) {
      if (hasProgress)
        at = Math.min(at, this.#lastReportAt + Math.max(progressMsMin, (now - startedAt) * progressShare))
    }
    return at - now
  }

  #staleInMs(): number {
    return this.#held.staleInMs(this.#ports.platform.now())
  }

  #stopStale(): void {
    this.#held.stopStale(this.#ports.platform.now())
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

/**
 * One attempt at a job: load and validate the input, run the handler under its timeout, and find the outcome. It knows no
 * ledger and no lease. It always ends and never throws, whatever the handler does.
 */
import type { Claimed, Outcome } from '../ledger/protocol/sync.ts'
import { logCharsMax, logLinesMax, progressCharsMax } from '../task/bounds.ts'
import type { LogLine, Progress } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { validated } from '../task/schema.ts'
import type { FailedContext, RunContext } from '../task/task.ts'
import { jobErrorOf } from './job-error.ts'
import { failure, returned, thrown } from './outcome.ts'
import type { Served } from './tasks.ts'

/** What an attempt needs from outside. */
export interface AttemptPorts {
  readonly platform: Platform
  readonly enqueueChild: (parent: string) => RunContext['enqueue']
  /** A timer that the attempts of one runner share. Default: each attempt uses the platform's. */
  readonly timer?: Platform['timer']
  /** Called when there is progress to report. */
  readonly onProgress?: () => void
}

/** Why an attempt is stopped. */
export type StopReason = 'timeout' | 'cancelled' | 'lost' | 'cut'

/** How long a handler has after a cancellation to end by itself. */
const graceMs = 5_000

const stopMessages: Record<StopReason, (timeoutMs: number) => string> = {
  timeout: (timeoutMs) => `the attempt ran past its timeout of ${timeoutMs / 1000} s`,
  cancelled: () => 'the job was cancelled',
  lost: () => 'the lease of this attempt was lost',
  cut: () => 'the platform is about to end this invocation',
}

export interface AttemptResult {
  readonly outcome: Outcome
  readonly ranMs: number
  readonly log: readonly LogLine[]
}

export class Attempt {
  readonly claimed: Claimed
  readonly startedAt: number
  readonly #served: Served | undefined
  readonly #ports: AttemptPorts
  /** Made when the handler reads its signal or the attempt is stopped: most handlers never read it. */
  #abort: AbortController | undefined
  readonly #timers: (() => void)[] = []
  #isEnded = false
  readonly #log: LogLine[] = []
  #progress: Progress | undefined
  #stopped: StopReason | undefined
  #giveUp: ((outcome: Outcome) => void) | undefined

  constructor(claimed: Claimed, served: Served | undefined, ports: AttemptPorts) {
    this.claimed = claimed
    this.#served = served
    this.#ports = ports
    this.startedAt = ports.platform.now()
  }

  /** Removes and returns the progress that has not been reported yet. */
  takeProgress(): Progress | undefined {
    const progress = this.#progress
    this.#progress = undefined
    return progress
  }

  get hasProgress(): boolean {
    return this.#progress !== undefined
  }

  get stopped(): StopReason | undefined {
    return this.#stopped
  }

  /**
   * Aborts the handler's signal, once. An attempt does not wait for a handler that ignores its signal: it ends at its
   * timeout in any case, and some seconds after a cancellation.
   */
  stop(reason: StopReason): void {
    const message = stopMessages[reason](this.#served?.task.timeoutMs ?? 0)
    if (reason === 'timeout') {
      this.#giveUp?.(this.#stopped === 'cancelled' ? { kind: 'cancelled' } : failure('TimeoutError', message))
    }
    if (this.#stopped) return
    this.#stopped = reason
    this.#controller().abort(new DOMException(message, reason === 'timeout' ? 'TimeoutError' : 'AbortError'))
    if (reason === 'cancelled') this.#unlessEnded(graceMs, () => this.#giveUp?.({ kind: 'cancelled' }))
  }

  async run(): Promise<AttemptResult> {
    const outcome = await this.#ports.platform.withTrace(this.claimed.trace, () => this.#outcome())
    return { outcome, ranMs: Math.max(0, this.#ports.platform.now() - this.startedAt), log: this.#log }
  }

  async #outcome(): Promise<Outcome> {
    const served = this.#served
    if (!served) return failure('UnknownTask', `no task ${this.claimed.task} is served here`)
    const givenUp = new Promise<Outcome>((resolve) => {
      this.#giveUp = resolve
    })
    this.#unlessEnded(served.task.timeoutMs, () => this.stop('timeout'))
    const outcome = await Promise.race([this.#attempted(served), givenUp])
    this.#isEnded = true
    for (const callOff of this.#timers) callOff()
    return outcome
  }

  #controller(): AbortController {
    this.#abort ??= new AbortController()
    return this.#abort
  }

  /** Calls back after `ms`, if the attempt has not ended by then. */
  #unlessEnded(ms: number, act: () => void): void {
    const { platform, timer = platform.timer.bind(platform) } = this.#ports
    if (!this.#isEnded) this.#timers.push(timer(ms, act))
  }

  async #attempted(served: Served): Promise<Outcome> {
    const input = await this.#input(served).catch((error: unknown) => ({ rejected: jobErrorOf(error) }))
    if ('rejected' in input) return { kind: 'rejected', error: input.rejected }
    // The schema took longer than the timeout: the attempt has ended, and the handler must not begin.
    if (this.#isEnded) return { kind: 'cancelled' }
    return this.#handled(served, input.value)
  }

  /** The input as the handler takes it: validated again, because the schema may have changed since it was recorded. */
  async #input({ task, part }: Served): Promise<{ value: unknown }> {
    const stored: unknown = JSON.parse(this.claimed.input)
    if (part === 'run') return { value: await validated(task.schema, stored, task.name) }
    const failed = stored as { input: unknown }
    return { value: { ...failed, input: await validated(task.schema, failed.input, task.name) } }
  }

  async #handled({ task, part }: Served, input: unknown): Promise<Outcome> {
    try {
      const context = this.#context()
      // An async wrapper, so that a handler that throws before its first await is a rejection like any other.
      const result = await (async () => {
        if (part === 'run') return task.run(input as never, context)
        const { input: ofJob, job, error } = input as { input: never } & Pick<FailedContext, 'job' | 'error'>
        return task.onFailed?.(ofJob, { ...context, job, error })
      })()
      return returned(result)
    } catch (error) {
      return this.#stopped === 'cancelled' ? { kind: 'cancelled' } : thrown(error, this.#ports.platform.now())
    }
  }

  #context(): RunContext {
    const { id, task, maxAttempts, priority, tags, createdAt, attempt, partition, schedule, trace } = this.claimed
    const controller = () => this.#controller()
    return {
      env: this.#ports.platform.env(),
      job: {
        id,
        task,
        maxAttempts,
        priority,
        tags,
        createdAt,
        ...(partition !== undefined && { partition }),
        ...(schedule && { schedule }),
        ...(trace !== undefined && { trace }),
      },
      attempt,
      get signal() {
        return controller().signal
      },
      progress: (value, message) => {
        this.#progress = progressOf(value, message)
        this.#ports.onProgress?.()
      },
      log: (message) => this.#addLog(message),
      enqueue: this.#ports.enqueueChild(id),
    }
  }

  #addLog(message: string): void {
    if (this.#log.length > logLinesMax) return
    const isFull = this.#log.length === logLinesMax
    const text = isFull
      ? `further lines were dropped: an attempt may log ${logLinesMax}`
      : String(message).slice(0, logCharsMax)
    this.#log.push({ at: this.#ports.platform.now(), message: text })
  }
}

/** One attempt as a line of the Worker's log, which can be found by the job's id and by the trace. */
export function attemptLine(
  { id, task, attempt, queuedMs, trace }: Claimed,
  { outcome, ranMs }: Pick<AttemptResult, 'outcome' | 'ranMs'>,
): Record<string, unknown> {
  return {
    job: id,
    task,
    attempt,
    outcome: outcome.kind,
    ...('error' in outcome && { error: outcome.error.name }),
    ...(queuedMs !== undefined && { queuedMs }),
    ranMs,
    ...(trace !== undefined && { trace }),
  }
}

/** A value outside 0 to 1 becomes the nearer of the two; one that is no number becomes 0. */
function progressOf(value: number, message: string | undefined): Progress {
  const bounded = Math.min(1, Math.max(0, Number(value) || 0))
  return { value: bounded, ...(message !== undefined && { message: String(message).slice(0, progressCharsMax) }) }
}

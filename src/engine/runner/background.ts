/**
 * The background tier: work after the response, in this isolate, with nothing written when it succeeds.
 *
 * Failures are recorded. When a task throws, the work becomes a job that has used one attempt. When it is not done shortly
 * before the platform cuts it, it becomes a job that this isolate runs under a lease of its own, which ends a little after
 * the cut: if the work still succeeds, it settles the job; if the isolate dies, the lease lapses. Only the death of the
 * isolate before that loses the work.
 */
import type { Client } from '../client/client.ts'
import type { Recording } from '../client/enqueuer.ts'
import { shardOf } from '../ledger/domain/job-id.ts'
import type { NewJob } from '../ledger/protocol/enqueue.ts'
import type { Claimed } from '../ledger/protocol/sync.ts'
import type { TaskDefinition, TaskRequest } from '../task/task.ts'
import { Attempt, type AttemptPorts, type AttemptResult, attemptLine } from './attempt.ts'
import { newRunnerId } from './runner.ts'

/** How long after the response the platform cuts work. https://developers.cloudflare.com/workers/platform/limits/ */
export const cutAfterMs = 30_000
/** Work is handed over this long before the cut, and leased until this long after it. */
const handOverMs = 3_000
const leaseAfterCutMs = 3_000
/** How often recording a failure is tried. Each try already repeats calls that the platform fails. */
const recordTries = 3

export interface BackgroundPorts extends AttemptPorts {
  readonly client: Client
  readonly logsAttempts: boolean
}

/**
 * Accepts work for this isolate: resolves once the input is validated. The work starts in the next turn of the event loop,
 * in the order of the calls.
 */
export async function runInBackground(
  ports: BackgroundPorts,
  task: TaskDefinition,
  request: TaskRequest,
): Promise<void> {
  const { platform, client } = ports
  // The cut is that of the request: work that background work starts does not get thirty seconds of its own.
  const cutAt = platform.cutAt() ?? platform.now() + cutAfterMs
  const [job] = await client.newJobs(task, [request])
  if (job) platform.waitUntil(platform.withCutAt(cutAt, () => background(ports, task, job, cutAt)))
}

async function background(ports: BackgroundPorts, task: TaskDefinition, job: NewJob, cutAt: number): Promise<void> {
  const { platform } = ports
  await platform.sleep(0)
  const attempt = new Attempt(claimedHere(job, platform.now()), { task, part: 'run' }, ports)
  const running = attempt.run()
  const ended = new AbortController()
  const handOver = platform.sleep(cutAt - handOverMs - platform.now(), ended.signal)
  const result = await Promise.race([running, handOver])
  ended.abort()
  if (result) await recordEnded(ports, job, attempt, result)
  else await handedOver(ports, job, attempt, running, cutAt)
}

/** A success is not recorded. Anything else is, with this attempt counted. */
async function recordEnded(
  ports: BackgroundPorts,
  job: NewJob,
  attempt: Attempt,
  { outcome, ranMs, log }: AttemptResult,
): Promise<void> {
  if (!ports.logsAttempts && outcome.kind === 'completed') return
  ports.platform.log('attempt', { ...attemptLine(attempt.claimed, { outcome, ranMs }), tier: 'background' })
  if (outcome.kind !== 'completed') await record(ports, job, { start: { kind: 'ended', outcome, ranMs, log } })
}

async function handedOver(
  ports: BackgroundPorts,
  job: NewJob,
  attempt: Attempt,
  running: Promise<AttemptResult>,
  cutAt: number,
): Promise<void> {
  const { platform, client } = ports
  const runner = newRunnerId(platform)
  const now = platform.now()
  const leaseMs = Math.max(1, cutAt - now) + leaseAfterCutMs
  const recorded = record(ports, job, { start: { kind: 'running', runner, leaseMs, ranMs: now - attempt.startedAt } })
  attempt.stop('cut')
  const lease = await recorded
  if (lease === undefined) return
  const { outcome, ranMs, log } = await running
  const settlement = { id: job.id, lease, outcome, ranMs, log }
  const settled = client.call(shardOf(job.id), (ledger) =>
    ledger.sync({
      runner,
      seq: 2,
      ack: 1,
      tasks: {},
      settle: [settlement],
      heartbeats: [],
      want: 0,
      remainingMs: 0,
      done: true,
    }),
  )
  // When it is not settled, it lapses and is tried again.
  await settled.catch((error: unknown) => platform.log('background-not-settled', { job: job.id, error: String(error) }))
}

/** Records the job under the id that it has had from the start, so that it is safe to try again. Answers its lease, if any. */
async function record(
  { client, platform }: BackgroundPorts,
  job: NewJob,
  { start }: Recording,
): Promise<string | undefined> {
  for (let tried = 1; ; tried++) {
    try {
      const [recorded] = await client.record(shardOf(job.id), [{ ...job, ...(start && { start }) }])
      return recorded && 'claimed' in recorded.enqueued ? recorded.enqueued.claimed?.lease : undefined
    } catch (error) {
      platform.log('background-not-recorded', { job: job.id, task: job.task, tried, error: String(error) })
      if (tried >= recordTries) return undefined
    }
  }
}

/** The attempt that runs before anything is recorded, as the first one of the job that the work may become. */
function claimedHere(job: NewJob, now: number): Claimed {
  const { id, task, input, maxAttempts, tags = [], partition, trace } = job
  return {
    id,
    task,
    input,
    lease: '',
    leaseMs: 0,
    attempt: 1,
    maxAttempts,
    priority: 0,
    tags,
    createdAt: now,
    ...(partition !== undefined && { partition }),
    ...(trace !== undefined && { trace }),
  }
}

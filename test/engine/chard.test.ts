/** The engine as a Worker uses it: typed tasks, the real queue, real ledgers and the three ways to run a task. */
import { createMessageBatch, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { ChardError, createChard, JobFailedError } from '../../src/engine/index.ts'
import { ledgerOf, newJob, rowsOf, syncOf } from './ledger/real-ledger.ts'
import engine, {
  chard,
  double,
  failing,
  gated,
  Ledger,
  long,
  opened,
  parent,
  patient,
  rejecting,
  seen,
} from './worker/worker.ts'

let names = 0
const fresh = (what: string) => `${what}-${names++}`
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 5_000, interval: 10 })
const shardOf = (id: string) => Number(id.split('-')[0])

describe('enqueue', () => {
  test('records a job that a consumer of the queue completes, with a typed output', async () => {
    const job = await double.enqueue({ n: 21 })
    expect(job).toMatchObject({ task: 'double', state: 'queued', duplicate: false })
    const { output } = await job.wait('5s')
    expectTypeOf(output).toEqualTypeOf<{ n: number }>()
    expect(output).toEqual({ n: 42 })
  })

  test('records a job that is tried again after a failure and keeps its history', async () => {
    const job = await failing.enqueue({ times: 1, name: fresh('retry') })
    const record = await job.wait('5s')
    expect(record).toMatchObject({ state: 'completed', attempt: 2, output: 2 })
    expect(record.history.map(({ outcome }) => outcome)).toEqual(['failed', 'completed'])
    expect(record.history[0]?.error).toMatchObject({ message: 'attempt 1 failed' })
  })

  test('records a job that runs onFailed when it fails for good, and wait throws how it failed', async () => {
    const name = fresh('doomed')
    const job = await failing.enqueue({ times: 9, name })
    const failure = await job.wait('5s').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(JobFailedError)
    expect((failure as JobFailedError).record).toMatchObject({
      state: 'failed',
      reason: 'exhausted',
      attempt: 3,
      maxAttempts: 3,
    })
    await eventually(() => expect(seen).toContain(`${name} onFailed exhausted: attempt 3 failed`))
  })

  test('records a job that uses one attempt when its handler rejects its input', async () => {
    const job = await rejecting.enqueue({})
    await expect(job.wait('5s')).rejects.toThrow('never')
    expect(await job.get()).toMatchObject({ state: 'failed', reason: 'rejected', attempt: 1 })
  })

  test('records a job that uses no attempt when it snoozes, however often', async () => {
    const job = await patient.enqueue({ name: fresh('patient') })
    expect(await job.wait('5s')).toMatchObject({ output: 'there', attempt: 1, maxAttempts: 1 })
  })

  test('records a job that starts after its delay and not before', async () => {
    const job = await double.enqueue({ n: 1 }, { delay: '60ms' })
    expect(job.state).toBe('scheduled')
    const { createdAt, startedAt = 0 } = await job.wait('5s')
    expect(startedAt - createdAt).toBeGreaterThanOrEqual(60)
  })

  test('answers with the first job of a known key, and refuses another input', async () => {
    const idempotencyKey = fresh('key')
    const first = await double.enqueue({ n: 1 }, { idempotencyKey })
    const second = await double.enqueue({ n: 1 }, { idempotencyKey })
    expect([second.id, second.duplicate]).toEqual([first.id, true])
    await expect(double.enqueue({ n: 2 }, { idempotencyKey })).rejects.toMatchObject({ code: 'key-conflict' })
  })

  test('refuses a bad input before it writes anything', async () => {
    await expect(double.enqueue({ n: 'x' } as never)).rejects.toMatchObject({
      code: 'invalid-input',
      issues: [{ path: 'n' }],
    })
    await expect(double.enqueueMany([{ n: 1 }, { n: null }] as never)).rejects.toMatchObject({ code: 'invalid-input' })
    expect((await chard.stats.overview()).states).toEqual(
      Object.fromEntries(Object.keys((await chard.stats.overview()).states).map((s) => [s, 0])),
    )
  })

  test('answers in the order of the inputs when there are many', async () => {
    const inputs = Array.from({ length: 250 }, (_, n) => ({ n }))
    const jobs = await double.enqueueMany(inputs, ({ n }) => ({ tags: [`n${n}`] }))
    const outputs = await Promise.all(jobs.map((job) => job.wait('10s')))
    expect(outputs.map(({ output }) => output.n)).toEqual(inputs.map(({ n }) => n * 2))
  })

  test('records each child once inside a handler, however often the parent is tried', async () => {
    const name = fresh('parent')
    const job = await parent.enqueue({ name })
    await job.wait('5s')
    const children = seen.filter((line) => line.startsWith(`${name} `))
    expect(children).toHaveLength(2)
    expect(new Set(children).size).toBe(1)
  })
})

describe('startNow', () => {
  test('records the job first and runs it in the same isolate, without the queue', async () => {
    const send = vi.spyOn((env as unknown as { JOBS: Queue }).JOBS, 'sendBatch')
    const job = await double.enqueue({ n: 4 }, { startNow: true })
    expect(job.state).toBe('running')
    expect((await job.wait('5s')).output).toEqual({ n: 8 })
    expect(send).not.toHaveBeenCalled()
    send.mockRestore()
  })

  test('leases the job to this isolate, so that no consumer takes it', async () => {
    const gate = fresh('gate')
    const job = await gated.enqueue({ gate }, { startNow: true })
    await eventually(() => expect(seen.some((line) => line.startsWith(`${gate} began`))).toBe(true))
    const other = await ledgerOf(shardOf(job.id)).sync(syncOf(1, { runner: 'other', tasks: { gated: 25_000 } }))
    expect(other.claimed).toEqual([])
    opened.add(gate)
    expect(await job.wait('5s')).toMatchObject({ output: gate, attempt: 1 })
  })

  test('leaves a job that fails to a consumer, which retries it', async () => {
    const job = await failing.enqueue({ times: 1, name: fresh('now') }, { startNow: true })
    expect(await job.wait('5s')).toMatchObject({ state: 'completed', attempt: 2 })
  })

  test('is refused for a task that the platform would cut off', async () => {
    await expect(long.enqueue({}, { startNow: true })).rejects.toMatchObject({ code: 'too-long' })
    await expect(long.background({})).rejects.toMatchObject({ code: 'too-long' })
  })
})

describe('background', () => {
  test('writes nothing when it succeeds', async () => {
    const name = fresh('background')
    await failing.background({ times: 0, name })
    await eventually(() => expect(seen).toContain(`${name} 1`))
    expect(await chard.jobs.list()).toMatchObject({ jobs: [] })
  })

  test('records a failure and its attempt, and a consumer tries again', async () => {
    const name = fresh('background')
    await failing.background({ times: 1, name })
    const [record] = await vi.waitFor(async () => {
      const { jobs } = await chard.jobs.list()
      expect(jobs).toMatchObject([{ state: 'completed' }])
      return jobs
    })
    expect(record).toMatchObject({ task: 'failing', attempt: 2, output: 2 })
    expect(record?.history.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'failed'],
      [2, 'completed'],
    ])
  })
})

describe('a job', () => {
  test('shows its progress while it runs', async () => {
    const gate = fresh('gate')
    const job = await gated.enqueue({ gate })
    await eventually(async () =>
      expect(await job.get()).toMatchObject({ state: 'running', progress: { value: 0.5, message: 'half way' } }),
    )
    opened.add(gate)
    await job.wait('5s')
  })

  test('that waits is cancelled at once, and only once', async () => {
    const job = await double.enqueue({ n: 1 }, { delay: '1h' })
    expect(await job.cancel()).toMatchObject({ state: 'cancelled' })
    await expect(job.cancel()).rejects.toMatchObject({ code: 'wrong-state' })
  })

  test('that has failed is redriven with attempts of its own', async () => {
    const job = await failing.enqueue({ times: 3, name: fresh('redriven') })
    await expect(job.wait('5s')).rejects.toBeInstanceOf(JobFailedError)
    expect(await chard.jobs.redrive(job.id)).toMatchObject({ state: 'queued', attempt: 3, maxAttempts: 6 })
    expect(await job.wait('5s')).toMatchObject({ state: 'completed', attempt: 4 })
  })

  test('that is unknown or has no valid id is an error that says so', async () => {
    await expect(chard.jobs.get('nonsense')).rejects.toMatchObject({ code: 'invalid-id' })
    await expect(chard.jobs.get(newJob(1).id)).rejects.toMatchObject({ code: 'unknown-job' })
    await expect(chard.jobs.get(newJob(77).id)).rejects.toMatchObject({ code: 'unknown-job' })
    await expect(chard.jobs.get('1-01ARZ3NDEKTSV4RRFFQ69G5FAV')).rejects.toMatchObject({ code: 'gone' })
  })
})

describe('the engine', () => {
  test('finishes a running job of an evicted ledger when its runner comes back', async () => {
    const gate = fresh('gate')
    const job = await gated.enqueue({ gate })
    await eventually(() => expect(seen.some((line) => line.startsWith(`${gate} began`))).toBe(true))
    await evictDurableObject(ledgerOf(shardOf(job.id)))
    opened.add(gate)
    expect(await job.wait('5s')).toMatchObject({ state: 'completed', attempt: 1 })
  })

  test('holds no call to a ledger for longer than the second of a poll while a handler runs', async () => {
    const calls = watchedCalls()
    const gate = fresh('gate')
    const job = await gated.enqueue({ gate })
    await eventually(() => expect(seen.some((line) => line.startsWith(`${gate} began`))).toBe(true))
    await scheduler.wait(1_500)
    expect(calls.open).toBe(0)
    expect(calls.longestMs).toBeLessThan(1_200)
    opened.add(gate)
    await job.wait('5s')
    vi.restoreAllMocks()
  })

  test('ignores a wake-up that no ledger sent, one for an unknown shard and a dead one', async () => {
    const batch = createMessageBatch('jobs', [
      { id: 'a', timestamp: new Date(), attempts: 1, body: { shard: 1 } },
      { id: 'b', timestamp: new Date(), attempts: 1, body: { shard: 99 } },
      { id: 'c', timestamp: new Date(), attempts: 1, body: 'what is this' },
    ])
    await expect(engine.queue(batch)).resolves.toBeUndefined()
    const dead = createMessageBatch('jobs-dead', [{ id: 'd', timestamp: new Date(), attempts: 1, body: { shard: 1 } }])
    await expect(engine.queue(dead)).resolves.toBeUndefined()
    expect(await rowsOf(ledgerOf(1), 'SELECT id FROM jobs')).toEqual([])
  })

  test('runs a job whose wake-up the queue refuses, because the ledger starts a runner itself', async () => {
    const send = vi
      .spyOn((env as unknown as { JOBS: Queue }).JOBS, 'sendBatch')
      .mockRejectedValue(new Error('queue is down'))
    const job = await double.enqueue({ n: 1 })
    expect((await job.wait('10s')).output).toEqual({ n: 2 })
    send.mockRestore()
  })

  test('refuses jobs with another number of home shards before it writes anything', async () => {
    await double.enqueue({ n: 1 }, { idempotencyKey: fresh('home'), delay: '1h' })
    await double.enqueue({ n: 1 }, { idempotencyKey: fresh('home'), delay: '1h' })
    const { shards } = await chard.stats.overview()
    const used = shards.find(({ states }) => states.scheduled > 0)?.shard ?? 0
    const reply = await ledgerOf(used).enqueue({ homeShards: 3, jobs: [newJob(used)] })
    expect(reply).toMatchObject({ refused: 'home-shards-mismatch', message: expect.stringContaining('began with 2') })
  })

  test('records and answers while it is halted, but gives out no job and sends no wake-up until the halt ends', async () => {
    const before = await double.enqueue({ n: 1 })
    await before.wait('5s')
    expect(await chard.halt(true)).toEqual({ missing: [] })
    const send = vi.spyOn((env as unknown as { JOBS: Queue }).JOBS, 'sendBatch')
    const jobs = await double.enqueueMany([{ n: 1 }, { n: 2 }])
    for (const shard of [0, 1]) await evictDurableObject(ledgerOf(shard))
    await engine.scheduled()
    await scheduler.wait(700)
    expect(send).not.toHaveBeenCalled()
    expect((await chard.stats.overview()).shards.map(({ halted }) => halted)).toEqual([true, true])
    for (const job of jobs) expect(await job.get()).toMatchObject({ state: 'queued', attempt: 0 })
    for (const { shard } of (await chard.stats.overview()).shards) {
      const reply = await ledgerOf(shard).sync(syncOf(1, { runner: 'halted' }))
      expect(reply.claimed).toEqual([])
    }
    send.mockRestore()
    await chard.halt(false)
    expect((await Promise.all(jobs.map((job) => job.wait('5s')))).map(({ output }) => output.n)).toEqual([2, 4])
  })

  test('throws the lines to paste when a binding is missing', async () => {
    const elsewhere = createChard({ ledger: 'NOWHERE' })
    const error = await elsewhere.jobs.get(newJob(0).id).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ChardError)
    expect(error).toMatchObject({
      code: 'missing-binding',
      message: expect.stringContaining('[[durable_objects.bindings]]\nname = "NOWHERE"'),
    })
  })
})

/** Watches the calls to ledgers from now on: how many are open, and how long the longest took. */
function watchedCalls(): { open: number; longestMs: number } {
  const calls = { open: 0, longestMs: 0 }
  const verbs = Ledger.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  for (const verb of ['sync', 'enqueue', 'get', 'alarm']) {
    const original = verbs[verb] as (...args: unknown[]) => Promise<unknown>
    vi.spyOn(verbs, verb).mockImplementation(async function (this: unknown, ...args) {
      const beganAt = Date.now()
      calls.open++
      return original.apply(this, args).finally(() => {
        calls.open--
        calls.longestMs = Math.max(calls.longestMs, Date.now() - beganAt)
      })
    })
  }
  return calls
}

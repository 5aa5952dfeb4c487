import { Hono } from 'hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { jobStatus } from '../../src/admin/index.ts'
import { ChardError, type JobRecord } from '../../src/engine/index.ts'
import { completedJob, fakeChard, jobRecord, type Script } from './fake-chard.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const { id } = jobRecord()
const half = jobRecord({ progress: { value: 0.5, message: 'drawing' } })

function open(script: Script, init?: RequestInit) {
  const chard = fakeChard(script)
  const app = new Hono().route('/jobs', jobStatus(chard, { eventsSeconds: 30, heartbeatSeconds: 10 }))
  return { chard, response: app.request(`/jobs/${id}/events`, init) }
}

/** The frames of a whole stream, each as its lines. */
async function frames(response: Response | Promise<Response>): Promise<string[][]> {
  const text = await (await response).text()
  expect(text.endsWith('\n\n')).toBe(true)
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((frame) => frame.split('\n'))
}

function fields(frame: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(frame.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
}

describe('GET /:id/events', () => {
  test('sends the job now and after every change, and ends with the final one', async () => {
    const { response, chard } = open({ jobs: [jobRecord()], watched: [[jobRecord(), half, completedJob()]] })
    expect((await response).headers.get('Content-Type')).toBe('text/event-stream')
    expect((await response).headers.get('Cache-Control')).toBe('no-store, no-transform')

    const [retry, ...sent] = (await frames(response)).map(fields)
    expect(retry).toEqual({ retry: '1000' })
    expect(sent.map(({ event }) => event)).toEqual(['job', 'job', 'job', 'end'])
    expect(sent.slice(0, 3).map(({ data }) => JSON.parse(data ?? '').state)).toEqual([
      'running',
      'running',
      'completed',
    ])
    expect(sent[3]).toEqual({ event: 'end', id: sent[2]?.['id'], data: 'completed' })
    expect(chard.calls).toEqual([`watch ${id} 10000`])
  })

  test('sends the same bytes and tag as GET /:id', async () => {
    const app = new Hono().route('/jobs', jobStatus(fakeChard({ jobs: [completedJob()] })))
    const plain = await app.request(`/jobs/${id}`)
    const [, job] = (await frames(app.request(`/jobs/${id}/events`))).map(fields)
    expect(`"${job?.['id']}"`).toBe(plain.headers.get('ETag'))
    expect(job?.['data']).toBe(await plain.text())
  })

  test('lasts its time, sends a comment with every heartbeat, and never the same job twice', async () => {
    const { response, chard } = open({ jobs: [jobRecord()], watched: [[jobRecord()], [jobRecord(), half], [half]] })
    expect((await frames(response)).map(([line]) => line)).toEqual([
      'retry: 1000',
      'event: job',
      ': still here',
      'event: job',
      ': still here',
      ': still here',
    ])
    expect(chard.calls).toEqual([10_000, 10_000, 10_000].map((ms) => `watch ${id} ${ms}`))
  })

  test('text with line breaks stays in one frame', async () => {
    const job = completedJob({ output: 'one\n\ndata: two\r\nevent: end' })
    const [, frame] = await frames(open({ jobs: [job] }).response)
    expect(frame).toHaveLength(3)
    expect(JSON.parse(fields(frame)['data'] ?? '').output).toBe(job.output)
  })

  test('a client that comes back after the final job gets 204, which ends its reconnecting', async () => {
    const jobs = [completedJob()]
    const [, job] = (await frames(open({ jobs }).response)).map(fields)
    const again = await open({ jobs }, { headers: { 'Last-Event-ID': job?.['id'] ?? '' } }).response
    expect(again.status).toBe(204)
    expect(again.body).toBeNull()
  })

  test.each(['', 'nonsense', '"*"', 'x'.repeat(5_000)])('an unknown Last-Event-ID %# starts from now', async (last) => {
    const { response } = open({ jobs: [completedJob()] }, { headers: { 'Last-Event-ID': last } })
    expect(await frames(response)).toHaveLength(3)
  })

  test('a job that changed since Last-Event-ID is sent', async () => {
    const [, before] = (await frames(open({ jobs: [jobRecord()], watched: [[jobRecord()], [], []] }).response)).map(
      fields,
    )
    const { response } = open({ jobs: [completedJob()] }, { headers: { 'Last-Event-ID': before?.['id'] ?? '' } })
    expect((await response).status).toBe(200)
    expect((await frames(response)).map(fields).map(({ event }) => event)).toEqual([undefined, 'job', 'end'])
  })

  test('an engine that fails during the stream ends it, so that the client connects again', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const lost = new ChardError('unavailable', 'SECRET')
    const sent = await frames(open({ jobs: [jobRecord()], watched: [[jobRecord(), lost]] }).response)
    expect(sent.map(([line]) => line)).toEqual(['retry: 1000', 'event: job'])
    expect(log).toHaveBeenCalledExactlyOnceWith(lost)
  })

  test('HEAD answers with headers and stops watching', async () => {
    const { response, chard } = open({ jobs: [jobRecord()] }, { method: 'HEAD' })
    expect((await response).headers.get('Content-Type')).toBe('text/event-stream')
    expect(await (await response).text()).toBe('')
    expect(chard.calls).toHaveLength(1)
  })

  test('a client that goes away ends the watching with the next event', async () => {
    const over = Promise.withResolvers<string>()
    const next = Promise.withResolvers<JobRecord>()
    async function* watch() {
      try {
        yield jobRecord()
        yield await next.promise
        over.resolve('asked for more')
      } finally {
        over.resolve('stopped')
      }
    }
    const app = new Hono().route('/jobs', jobStatus({ jobs: { ...fakeChard().jobs, watch } }))
    const reader = (await app.request(`/jobs/${id}/events`)).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    next.resolve(half)
    expect(await over.promise).toBe('stopped')
  })
})

/**
 * One job's snapshots as server-sent events. The engine is asked from this isolate; no ledger is held awake.
 *
 * The stream lasts a while, then ends, and the browser's EventSource connects again by itself. After a final snapshot
 * comes `end`, on which a client should close. One that does not know it connects again, names the final snapshot in
 * `Last-Event-ID`, and gets `204`, which ends every EventSource by its standard:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { isFinal, type JobRecord, type Jobs } from '../engine/index.ts'
import { snapshot } from './snapshot.ts'

/** What watching needs of the engine. */
type WatchedJobs = Pick<Jobs, 'watch'>

export interface EventsOptions {
  /** The job's own URL, for its view. */
  readonly url: string
  readonly lastsMs: number
  readonly heartbeatMs: number
}

/** How long an EventSource waits before it connects again. */
const reconnectMs = 1_000

export async function streamEvents(
  c: Context,
  jobs: WatchedJobs,
  id: string,
  options: EventsOptions,
): Promise<Response> {
  const { url, lastsMs, heartbeatMs } = options
  const changes = changesOf(jobs, id, lastsMs, heartbeatMs)
  // The first record is read before the answer begins, so that an unknown job is a 404 and not a broken stream.
  const first = await changes.next()
  const record = first.value
  if (record && isFinal(record.state) && c.req.header('Last-Event-ID') === (await snapshot(record, url)).tag) {
    return c.body(null, 204, { 'Cache-Control': 'no-store' })
  }
  // HEAD is routed as GET, but nobody would read its stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, eventHeaders)

  // Should the engine fail later on, the stream just ends: the client connects again and is told then.
  const response = streamSSE(c, async (stream) => {
    let sent = ''
    const send = async (record: JobRecord) => {
      const { body, tag } = await snapshot(record, url)
      if (tag === sent) return
      sent = tag
      await stream.writeSSE({ event: 'job', id: tag, data: body })
      if (isFinal(record.state)) await stream.writeSSE({ event: 'end', id: tag, data: record.state })
    }
    await stream.write(`retry: ${reconnectMs}\n\n`)
    if (record) await send(record)
    for await (const change of changes) {
      // The client is gone: leaving the loop ends the watching too.
      if (stream.aborted) break
      await (change ? send(change) : stream.write(': still here\n\n'))
    }
  })
  for (const [name, value] of Object.entries(eventHeaders)) response.headers.set(name, value)
  return response
}

const eventHeaders = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform' }

/**
 * The record now and after every change, until it is final or the time is up; undefined for every beat without news.
 * Watching goes by beats, not in one go, because a generator that waits cannot be stopped: a client that went away
 * costs one beat at most.
 */
async function* changesOf(jobs: WatchedJobs, id: string, lastsMs: number, beatMs: number) {
  for (let leftMs = lastsMs; leftMs > 0; leftMs -= beatMs) {
    for await (const record of jobs.watch(id, Math.min(beatMs, leftMs))) {
      yield record
      if (isFinal(record.state)) return
    }
    yield undefined
  }
}

/**
 * The snapshots of one job as server-sent events. This isolate looks at the job again and again, so no ledger is kept awake.
 *
 * A stream ends after a while, and the browser's EventSource connects again by itself. After a final snapshot comes `end`, on
 * which a client should close. A client that does not close connects again, names the final snapshot in `Last-Event-ID`, and
 * gets `204`, which ends every EventSource by its standard:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { isFinal, type JobRecord, type Jobs } from '../engine/index.ts'
import { snapshot } from './snapshot.ts'

/** The part of the engine that watching needs. */
type WatchedJobs = Pick<Jobs, 'watch'>

export interface EventsOptions {
  /** The job's URL, which its view shows. */
  readonly url: string
  readonly lastsMs: number
  readonly heartbeatMs: number
}

/** How long an EventSource waits before it connects again, in milliseconds. */
const reconnectMs = 1_000

export async function streamEvents(
  c: Context,
  jobs: WatchedJobs,
  id: string,
  options: EventsOptions,
): Promise<Response> {
  const { url, lastsMs, heartbeatMs } = options
  const changes = changesOf(jobs, id, lastsMs, heartbeatMs)
  // The first record is read before the answer begins, so that an unknown job is answered with 404 and not with a broken stream.
  const first = await changes.next()
  const record = first.value
  if (record && isFinal(record.state) && c.req.header('Last-Event-ID') === (await snapshot(record, url)).tag) {
    return c.body(null, 204, { 'Cache-Control': 'no-store' })
  }
  // HEAD is routed as GET, and nobody would read its stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, eventHeaders)

  // When the engine fails later on, the stream ends, and the client connects again and gets the error.
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
      // The client is gone. Leaving the loop ends the watching too.
      if (stream.aborted) break
      await (change ? send(change) : stream.write(': still here\n\n'))
    }
  })
  for (const [name, value] of Object.entries(eventHeaders)) response.headers.set(name, value)
  return response
}

const eventHeaders = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store, no-transform' }

/**
 * The record now and after every change, until it is final or the time is up; undefined when a heartbeat is due. It watches
 * from heartbeat to heartbeat, because a generator that waits cannot be stopped: after a client has gone, it waits for one
 * heartbeat at most.
 */
async function* changesOf(jobs: WatchedJobs, id: string, lastsMs: number, heartbeatMs: number) {
  for (let leftMs = lastsMs; leftMs > 0; leftMs -= heartbeatMs) {
    for await (const record of jobs.watch(id, Math.min(heartbeatMs, leftMs))) {
      yield record
      if (isFinal(record.state)) return
    }
    yield undefined
  }
}

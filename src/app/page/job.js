// @ts-check
/**
 * A job's states as they change: by server-sent events, and by polling where those do not get through, as with old proxies. It
 * knows no element of any page.
 */
import { factsOf } from './states.js'

/** @typedef {import('./states.js').JobView} JobView */

/** Requests in a row without an answer, after which a page stops polling. */
const failuresMax = 10

/**
 * Every state of the job until it is final; `unknown` when the service stopped answering.
 *
 * @param {string} url
 * @returns {AsyncGenerator<JobView, void>}
 */
export async function* follow(url) {
  for await (const job of events(url)) {
    yield job
    if (isFinal(job)) return
  }
  for await (const job of answers(url)) {
    yield job
    if (isFinal(job)) return
  }
  yield { state: 'unknown' }
}

/** @param {JobView} job */
function isFinal({ state }) {
  return factsOf(state).isFinal === true
}

/**
 * Ends when the stream is refused or broken for good. When the server just ends it, EventSource connects again by itself.
 *
 * @param {string} url
 * @returns {AsyncGenerator<JobView, void>}
 */
async function* events(url) {
  const source = new EventSource(`${url}/events`)
  /** @type {JobView[]} */
  const arrived = []
  let closed = false
  let wake = () => {}
  source.addEventListener('job', ({ data }) => {
    arrived.push(JSON.parse(data))
    wake()
  })
  source.addEventListener('error', () => {
    closed = source.readyState === EventSource.CLOSED
    if (closed) wake()
  })
  try {
    while (true) {
      const job = arrived.shift()
      if (job) yield job
      else if (closed) return
      else await new Promise((resolve) => (wake = () => resolve(undefined)))
    }
  } finally {
    source.close()
  }
}

/**
 * @param {string} url
 * @returns {AsyncGenerator<JobView, void>}
 */
async function* answers(url) {
  for (let failures = 0; failures < failuresMax; ) {
    try {
      // The server answers when the job is final, or after ten seconds.
      const response = await fetch(url, { headers: { Prefer: 'wait=10' } })
      if (!response.ok) throw new Error(`${response.status}`)
      yield await response.json()
      failures = 0
    } catch {
      failures++
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000 * (1 + failures)))
  }
}

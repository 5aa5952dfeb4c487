import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

interface View {
  readonly state: string
  readonly attempt?: number
}
// The page's scripts are plain JavaScript, which this program does not type.
const { follow }: { follow(url: string): AsyncGenerator<View, void> } = await import(
  resolve(import.meta.dirname, '../../../src/app/page/job.js')
)

/** The browser's EventSource, as far as the page uses it. */
class FakeEventSource extends EventTarget {
  static readonly CLOSED = 2
  static newest: FakeEventSource
  readyState = 1
  constructor(readonly url: string) {
    super()
    FakeEventSource.newest = this
  }
  close() {
    this.readyState = FakeEventSource.CLOSED
  }
  say(view: View) {
    this.dispatchEvent(Object.assign(new Event('job'), { data: JSON.stringify(view) }))
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}

const ask = vi.fn<(url: string, init: RequestInit) => Promise<Response>>()

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('fetch', ask.mockReset())
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function statesOf(views: AsyncGenerator<View, void>): Promise<string[]> {
  const states: string[] = []
  for await (const { state } of views) states.push(state)
  return states
}

describe('follow', () => {
  test.each(['completed', 'failed', 'cancelled'])(
    'tells every state of the stream up to %s, and ends it',
    async (last) => {
      const states = statesOf(follow('/jobs/1'))
      expect(FakeEventSource.newest.url).toBe('/jobs/1/events')
      for (const state of ['queued', 'running', 'retrying', 'running', last]) FakeEventSource.newest.say({ state })
      expect(await states).toEqual(['queued', 'running', 'retrying', 'running', last])
      expect(FakeEventSource.newest.readyState).toBe(FakeEventSource.CLOSED)
      expect(ask).not.toHaveBeenCalled()
    },
  )

  test('a stream that connects again goes on', async () => {
    const states = statesOf(follow('/jobs/1'))
    FakeEventSource.newest.say({ state: 'queued' })
    FakeEventSource.newest.fail(0)
    FakeEventSource.newest.say({ state: 'completed' })
    expect(await states).toEqual(['queued', 'completed'])
    expect(ask).not.toHaveBeenCalled()
  })

  test('polls when the stream does not get through', async () => {
    ask.mockImplementationOnce(async () => Response.json({ state: 'running' }))
    ask.mockImplementationOnce(async () => Response.json({ state: 'completed' }))
    const states = statesOf(follow('/jobs/1'))
    FakeEventSource.newest.fail(FakeEventSource.CLOSED)
    await vi.runAllTimersAsync()
    expect(await states).toEqual(['running', 'completed'])
    expect(ask.mock.calls).toEqual(Array(2).fill(['/jobs/1', { headers: { Prefer: 'wait=10' } }]))
  })

  test('a request that fails or is refused is repeated', async () => {
    ask.mockRejectedValueOnce(new TypeError('no network'))
    ask.mockResolvedValueOnce(new Response(null, { status: 429 }))
    ask.mockImplementationOnce(async () => Response.json({ state: 'completed' }))
    const states = statesOf(follow('/jobs/1'))
    FakeEventSource.newest.fail(FakeEventSource.CLOSED)
    await vi.runAllTimersAsync()
    expect(await states).toEqual(['completed'])
  })

  test('after ten requests without an answer it says so and stops', async () => {
    ask.mockRejectedValue(new TypeError('no network'))
    const states = statesOf(follow('/jobs/1'))
    FakeEventSource.newest.fail(FakeEventSource.CLOSED)
    await vi.runAllTimersAsync()
    expect(await states).toEqual(['unknown'])
    expect(ask).toHaveBeenCalledTimes(10)
  })
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, Refusal } from '../../../src/admin/page/api/client.ts'
import { Live } from '../../../src/admin/page/api/live.ts'

const pace = { everyMs: 1_000, restMs: 4_000, calls: 1 } as const

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function setUp(answers: (() => Answer<unknown> | Refusal)[] = []) {
  const asked: (string | undefined)[] = []
  const world = { isHidden: false, signedOut: 0 }
  const live = new Live({
    async ask(_path, etag) {
      asked.push(etag)
      const answer = answers.shift()?.() ?? { data: asked.length, etag: `e${asked.length}` }
      if (answer instanceof Refusal) throw answer
      return answer
    },
    now: Date.now,
    isHidden: () => world.isHidden,
    signedOut: () => world.signedOut++,
  })
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  return { live, asked, world, pass }
}

describe('a watched path', () => {
  test('is requested at once and then at its pace, with the ETag of the previous answer', async () => {
    const { live, asked, pass } = setUp()
    live.watch('a', pace, () => {})
    await pass(0)
    expect(live.read('a')).toMatchObject({ data: 1 })
    await pass(2_000)
    expect(asked).toEqual([undefined, 'e1', 'e2'])
  })

  test('keeps its answer when nothing has changed, and is requested less often', async () => {
    const same = () => ({ etag: 'e1' })
    const { live, asked, pass } = setUp([() => ({ data: 'x', etag: 'e1' }), ...new Array(20).fill(same)])
    live.watch('a', pace, () => {})
    await pass(20_000)
    expect(live.read('a').data).toBe('x')
    expect(asked.length).toBeLessThan(10)
  })

  test('is requested once for all watchers, at the fastest pace', async () => {
    const { live, asked, pass } = setUp()
    live.watch('a', { ...pace, everyMs: 10_000 }, () => {})
    live.watch('a', pace, () => {})
    await pass(0)
    expect(asked).toHaveLength(1)
    await pass(1_000)
    expect(asked).toHaveLength(2)
  })

  test('is requested sooner when somebody watches it at a faster pace', async () => {
    const { live, asked, pass } = setUp()
    const leave = live.watch('a', { everyMs: 30_000, restMs: 60_000, calls: 1 }, () => {})
    await pass(0)
    live.watch('a', pace, () => {})
    leave()
    await pass(1_000)
    expect(asked.length).toBe(2)
  })

  test('is not requested when nobody watches it', async () => {
    const { live, asked, pass } = setUp()
    const leave = live.watch('a', pace, () => {})
    await pass(0)
    leave()
    await pass(60_000)
    expect(asked).toHaveLength(1)
  })
})

test('a hidden tab requests nothing, and requests at once when it is shown again', async () => {
  const { live, asked, world, pass } = setUp()
  live.watch('a', pace, () => {})
  await pass(0)
  world.isHidden = true
  live.visibility()
  await pass(3_600_000)
  expect(asked).toHaveLength(1)
  world.isHidden = false
  live.visibility()
  await pass(0)
  expect(asked).toHaveLength(2)
})

test('an action of a person makes every path be requested at once, also while a request is open', async () => {
  const { live, asked, pass } = setUp()
  live.watch('a', { ...pace, everyMs: 60_000 }, () => {})
  await pass(0)
  live.refresh()
  live.refresh()
  await pass(0)
  expect(asked).toHaveLength(2)
})

test('a failure keeps the previous answer, and says when it is tried again', async () => {
  const { live, pass } = setUp([() => ({ data: 'x' }), () => new Refusal(0, 'unreachable', 'no')])
  live.watch('a', pace, () => {})
  await pass(1_000)
  expect(live.read('a')).toMatchObject({ data: 'x', error: { status: 0 } })
  expect(live.retryAt).toBe(Date.now() + 4_000)
  await pass(4_000)
  expect(live.retryAt).toBeUndefined()
})

test('without a credential nothing is requested any more, and that is said once', async () => {
  const { live, asked, world, pass } = setUp([() => new Refusal(401, 'unauthorized', 'no')])
  live.watch('a', pace, () => {})
  live.watch('b', pace, () => {})
  await pass(60_000)
  expect(world.signedOut).toBe(1)
  expect(asked).toHaveLength(2)
})

import { describe, expect, test } from 'vitest'
import { Signal } from '../../../src/engine/task/signal.ts'
import { silentWorld } from '../world.ts'

function scene() {
  const world = silentWorld()
  const invocation = world.invocation()
  const signal = new Signal(invocation)
  /** How long a wait lasts, and whether it was notified. */
  const waits = async (ms: number, abort?: AbortSignal) => {
    const from = world.clock.now
    const wasNotified = await world.until(signal.wait(ms, abort))
    return { wasNotified, afterMs: world.clock.now - from, timers: invocation.timers }
  }
  const later = (ms: number, act: () => void) => void world.clock.ring(world.clock.now + ms, act, 'test')
  return { signal, waits, later }
}

describe('a wait', () => {
  test('ends at once when it is notified, and leaves no timer behind', async () => {
    const { signal, waits, later } = scene()
    later(30, () => signal.notify())
    expect(await waits(1_000)).toEqual({ wasNotified: true, afterMs: 30, timers: 0 })
  })

  test('ends when its time is up', async () => {
    expect(await scene().waits(50)).toEqual({ wasNotified: false, afterMs: 50, timers: 0 })
  })

  test('takes one notification from before, however many there were', async () => {
    const { signal, waits } = scene()
    signal.notify()
    signal.notify()
    expect(await waits(50)).toMatchObject({ wasNotified: true, afterMs: 0 })
    expect(await waits(50)).toMatchObject({ wasNotified: false, afterMs: 50 })
  })

  test('of no time only takes the notification that is there', async () => {
    const { signal, waits } = scene()
    expect(await waits(0)).toEqual({ wasNotified: false, afterMs: 0, timers: 0 })
    signal.notify()
    expect(await waits(-1)).toMatchObject({ wasNotified: true, afterMs: 0 })
    expect(await waits(0)).toMatchObject({ wasNotified: false })
  })

  test('is not woken by a note, and notices it when its time is up', async () => {
    const { signal, waits, later } = scene()
    later(10, () => signal.leaveNote())
    expect(await waits(50)).toEqual({ wasNotified: true, afterMs: 50, timers: 0 })
  })

  test('that is interrupted ends unnotified, and the next one waits its time', async () => {
    const { signal, waits, later } = scene()
    later(10, () => signal.interrupt())
    expect(await waits(50)).toEqual({ wasNotified: false, afterMs: 10, timers: 0 })
    signal.interrupt()
    expect(await waits(50)).toEqual({ wasNotified: false, afterMs: 50, timers: 0 })
  })

  test('ends when it is aborted, and does not begin afterwards', async () => {
    const { waits, later } = scene()
    const abort = new AbortController()
    later(20, () => abort.abort())
    expect(await waits(1_000, abort.signal)).toEqual({ wasNotified: false, afterMs: 20, timers: 0 })
    expect(await waits(1_000, abort.signal)).toMatchObject({ afterMs: 0 })
  })
})

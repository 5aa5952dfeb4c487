import { expect, test } from 'vitest'
import { CompletionListeners } from '../../../src/engine/client/completion-listeners.ts'
import { silentWorld } from '../world.ts'

function listening() {
  const world = silentWorld()
  const invocation = world.invocation()
  const listeners = new CompletionListeners()
  const listener = listeners.listen('0-A', invocation)
  const waits = async (ms: number, signal?: AbortSignal) => {
    const from = world.clock.now
    await listener.wait(ms, signal)
    return world.clock.now - from
  }
  return { world, invocation, listeners, listener, waits }
}

test('a wait for a job ends soon after that job has ended, and at the end of no other', async () => {
  const { world, invocation, listeners, waits } = listening()
  const waited = waits(1_000)
  world.clock.ring(world.clock.now + 10, () => listeners.notify(['0-B']), 'test')
  world.clock.ring(world.clock.now + 30, () => listeners.notify(['0-C', '0-A']), 'test')
  const heardAfter = await world.until(waited)
  expect(heardAfter).toBeGreaterThanOrEqual(30)
  expect(heardAfter).toBeLessThanOrEqual(36)
  expect(invocation.timers).toBe(0)
})

test('a completion between two waits ends the next one, once', async () => {
  const { world, listeners, waits } = listening()
  listeners.notify(['0-A'])
  expect(await world.until(waits(1_000))).toBe(0)
  expect(await world.until(waits(1_000))).toBe(1_000)
})

test('a wait ends with its time, and with its signal', async () => {
  const { world, invocation, waits } = listening()
  const abort = new AbortController()
  expect(await world.until(waits(50, abort.signal))).toBe(50)
  const waited = waits(1_000, abort.signal)
  world.clock.ring(world.clock.now + 20, () => abort.abort(), 'test')
  expect(await world.until(waited)).toBe(20)
  expect(await world.until(waits(1_000, abort.signal))).toBe(0)
  expect(invocation.timers).toBe(0)
})

test('a listener that was disposed of is not notified, and the others are', async () => {
  const { world, invocation, listeners, listener, waits } = listening()
  const other = listeners.listen('0-A', invocation)
  listener[Symbol.dispose]()
  listeners.notify(['0-A'])
  const from = world.clock.now
  await world.until(other.wait(1_000))
  expect(world.clock.now).toBe(from)
  expect(await world.until(waits(40))).toBe(40)
})

/** How long a wait that begins now lasts when the request that runs the job says at 777 ms that it has ended. */
async function waitOfOwn({ world, invocation, listeners }: ReturnType<typeof listening>) {
  const listener = listeners.listen('0-B', invocation)
  const from = world.clock.now
  world.clock.ring(from + 777, () => listeners.notifyOwn(['0-B']), 'test')
  await world.until(listener.wait(2_000))
  expect(invocation.timers).toBe(0)
  return { isOwn: listener.isOwn, after: world.clock.now - from }
}

test('a listener that began within the microtask window of the request that runs the job wakes at once', async () => {
  const scene = listening()
  void scene.listeners.begin('0-B')
  await Promise.resolve()
  expect(await waitOfOwn(scene)).toEqual({ isOwn: true, after: 777 })
})

test('a listener that began later may belong to another request and is never woken', async () => {
  const scene = listening()
  await scene.listeners.begin('0-B')
  const { isOwn, after } = await waitOfOwn(scene)
  expect(isOwn).toBe(false)
  // It has found the note at its next look.
  expect(after).toBeGreaterThan(777)
  expect(after).toBeLessThan(777 * 1.25)
})

import { expect, test } from 'vitest'
import { Endings } from '../../../src/engine/client/completion-listeners.ts'
import { silentWorld } from '../world.ts'

function listening() {
  const world = silentWorld()
  const invocation = world.invocation()
  const endings = new Endings()
  const ear = endings.listen('0-A', invocation)
  const waits = async (ms: number, signal?: AbortSignal) => {
    const from = world.clock.now
    await ear.wait(ms, signal)
    return world.clock.now - from
  }
  return { world, invocation, endings, ear, waits }
}

test('who waits for a job hears of its end soon, and of no other', async () => {
  const { world, invocation, endings, waits } = listening()
  const waited = waits(1_000)
  world.clock.ring(world.clock.now + 10, () => endings.tell(['0-B']), 'test')
  world.clock.ring(world.clock.now + 30, () => endings.tell(['0-C', '0-A']), 'test')
  const heardAfter = await world.until(waited)
  expect(heardAfter).toBeGreaterThanOrEqual(30)
  expect(heardAfter).toBeLessThanOrEqual(36)
  expect(invocation.timers).toBe(0)
})

test('an end between two waits is heard by the next one, once', async () => {
  const { world, endings, waits } = listening()
  endings.tell(['0-A'])
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

test('whoever has gone is not told, and the others are', async () => {
  const { world, invocation, endings, ear, waits } = listening()
  const other = endings.listen('0-A', invocation)
  ear[Symbol.dispose]()
  endings.tell(['0-A'])
  const from = world.clock.now
  await world.until(other.wait(1_000))
  expect(world.clock.now).toBe(from)
  expect(await world.until(waits(40))).toBe(40)
})

/** How long a wait lasts of somebody who listens now, when the request that began the job tells of its end at 777 ms. */
async function hearsOwn({ world, invocation, endings }: ReturnType<typeof listening>) {
  const ear = endings.listen('0-B', invocation)
  const from = world.clock.now
  world.clock.ring(from + 777, () => endings.tellOwn(['0-B']), 'test')
  await world.until(ear.wait(2_000))
  expect(invocation.timers).toBe(0)
  return { isOwn: ear.isOwn, after: world.clock.now - from }
}

test('who listens before the microtasks of the beginning request have run out wakes at once', async () => {
  const scene = listening()
  void scene.endings.begin('0-B')
  await Promise.resolve()
  expect(await hearsOwn(scene)).toEqual({ isOwn: true, after: 777 })
})

test('who listens later may belong to another request, which is never woken', async () => {
  const scene = listening()
  await scene.endings.begin('0-B')
  const { isOwn, after } = await hearsOwn(scene)
  expect(isOwn).toBe(false)
  // It has found the note when it looked up.
  expect(after).toBeGreaterThan(777)
  expect(after).toBeLessThan(777 * 1.25)
})

import { describe, expect, test } from 'vitest'
import { classifyFault, type Fault } from '../../../src/engine/client/faults.ts'
import { Ledgers } from '../../../src/engine/client/ledgers.ts'
import type { LedgerRpc } from '../../../src/engine/ledger/protocol/verbs.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { connectionLost, memoryExceeded, overloaded, superseded } from '../../../src/testing/faults.ts'
import { World } from '../world.ts'

describe('a fault', () => {
  test.each<[fault: Fault, error: unknown]>([
    ['superseded', superseded()],
    ['superseded', new Error('This script has been upgraded. Please send a new request.')],
    ['disconnected', connectionLost()],
    ['disconnected', new Error('Network connection lost.')],
    ['disconnected', Object.assign(new Error('Internal error.'), { retryable: true })],
    ['disconnected', new Error('Internal error in Durable Object storage caused object to be reset.')],
    ['memory', memoryExceeded()],
    ['overloaded', overloaded()],
    ['overloaded', Object.assign(new Error('Durable Object is overloaded.'), { overloaded: true, retryable: true })],
    ['broken', new TypeError('x is not a function')],
    ['broken', 'a string'],
    ['broken', undefined],
    ['broken', null],
  ])('is %s when it says: %s', (fault, error) => {
    expect(classifyFault(error)).toBe(fault)
  })
})

/** Calls a ledger that fails with these errors, one after the other, and then answers. */
function failing(errors: readonly unknown[]) {
  const world = new World()
  const { clock } = world
  const platform = world.invocation()
  const left = [...errors]
  const stubs: LedgerRpc[] = []
  const begun = clock.now
  const newStub = () => {
    const stub = {} as LedgerRpc
    stubs.push(stub)
    return stub
  }
  const answer = new Ledgers({ shards: 4, stubs: newStub, platform }).call(3, async () => {
    if (left.length > 0) throw left.shift()
    return 'answer'
  })
  return { answer: clock.until(answer), stubs, tookMs: () => clock.now - begun, platform }
}

describe('a call to a ledger', () => {
  test.each([
    { name: 'superseded', error: superseded, times: 5 },
    { name: 'disconnected', error: connectionLost, times: 5 },
    { name: 'out of memory', error: memoryExceeded, times: 2 },
    { name: 'overloaded', error: overloaded, times: 3 },
    { name: 'broken', error: () => new Error('strange'), times: 0 },
  ])('that finds it $name is repeated $times times, each with a new stub', async ({ error, times }) => {
    const enough = failing(Array.from({ length: times }, error))
    expect(await enough.answer).toBe('answer')
    expect(new Set(enough.stubs).size).toBe(times + 1)
    await expect(failing(Array.from({ length: times + 1 }, error)).answer).rejects.toMatchObject({
      name: 'ChardError',
      code: 'unavailable',
      message: expect.stringContaining('shard 3'),
    })
  })

  test('backs off for seconds from an overloaded ledger', async () => {
    const { answer, tookMs } = failing(Array.from({ length: 3 }, overloaded))
    await answer
    expect(tookMs()).toBeGreaterThanOrEqual(3_500)
    expect(tookMs()).toBeLessThanOrEqual(7_000)
  })

  test('is repeated quickly when a deploy has replaced the object', async () => {
    const { answer, tookMs } = failing([superseded()])
    await answer
    expect(tookMs()).toBeLessThanOrEqual(50)
  })

  test('passes on an error of the engine unchanged', async () => {
    const missing = new ChardError('missing-binding', 'no binding')
    await expect(failing([missing]).answer).rejects.toBe(missing)
  })

  test('keeps the error of the ledger as the cause', async () => {
    const cause = new Error('strange')
    await expect(failing([cause]).answer).rejects.toMatchObject({ cause })
  })
})

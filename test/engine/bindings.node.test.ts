import { describe, expect, test } from 'vitest'
import { type BindingOptions, Bindings } from '../../src/engine/bindings.ts'

/** Bindings as a Worker has them, which record how they are used. */
function worker(options: BindingOptions = {}, names = { ledger: 'LEDGER', queue: 'JOBS' }) {
  const used: unknown[][] = []
  const namespace = (jurisdiction: string | undefined) => ({
    idFromName: (name: string) => name,
    jurisdiction: (other: string) => namespace(other),
    get: (id: string, hint: object) => {
      used.push(['get', id, hint, jurisdiction])
      return { id }
    },
  })
  const env = {
    [names.ledger]: namespace(undefined),
    [names.queue]: { sendBatch: async (messages: unknown[]) => used.push(['sendBatch', messages]) },
  }
  return { bindings: new Bindings(options, () => env), used }
}

describe('bindings', () => {
  test('reach a shard by its name, with a new stub at each call', () => {
    const { bindings, used } = worker()
    expect(bindings.ledger(3)).not.toBe(bindings.ledger(3))
    expect(used).toEqual(Array(2).fill(['get', 'shard-3', {}, undefined]))
  })

  test('use the location hint and the jurisdiction of the options', () => {
    const { bindings, used } = worker({ locationHint: 'weur', jurisdiction: 'eu' })
    bindings.ledger(0)
    expect(used).toEqual([['get', 'shard-0', { locationHint: 'weur' }, 'eu']])
  })

  test('are found under the names in the options', async () => {
    const names = { ledger: 'BOOKS', queue: 'BELLS' }
    const { bindings, used } = worker(names, names)
    bindings.ledger(0)
    await bindings.sendWakeUps(0, 1)
    expect(used.map(([verb]) => verb)).toEqual(['get', 'sendBatch'])
  })

  test('send wake-ups that contain the shard and nothing else', async () => {
    const { bindings, used } = worker()
    await bindings.sendWakeUps(5, 2)
    expect(used).toEqual([['sendBatch', [{ body: { shard: 5 } }, { body: { shard: 5 } }]]])
  })

  test('send a hundred wake-ups at most, because the queue takes no more in one batch', async () => {
    const { bindings, used } = worker()
    await bindings.sendWakeUps(5, 1_000)
    expect(used[0]?.[1]).toHaveLength(100)
  })
})

describe('a missing binding', () => {
  const none = new Bindings({}, () => ({}))

  test('of the ledgers throws the TOML to paste', () => {
    const toml =
      /LEDGER[\s\S]*\[\[durable_objects\.bindings\]\]\nname = "LEDGER"[\s\S]*new_sqlite_classes = \["Ledger"\]/
    expect(() => none.ledger(0)).toThrow(toml)
    expect(() => none.ledger(0)).toThrow(expect.objectContaining({ code: 'missing-binding' }))
  })

  test('of the queue throws the TOML of producer and consumer', async () => {
    const toml = /\[\[queues\.producers\]\]\nbinding = "JOBS"[\s\S]*max_batch_size = 1\n/
    await expect(none.sendWakeUps(0, 1)).rejects.toThrow(toml)
  })

  test('may also be a value of another kind under its name', () => {
    const env = { LEDGER: 'a variable', JOBS: { get: () => {} } }
    expect(() => new Bindings({}, () => env).ledger(0)).toThrow('LEDGER')
  })

  test('is named in the error as in the options', () => {
    expect(() => new Bindings({ ledger: 'BOOKS' }, () => ({})).ledger(0)).toThrow('name = "BOOKS"')
  })
})

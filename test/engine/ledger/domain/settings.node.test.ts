import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, isDraining, isPaused, limitsNow, noSettings } from '../../../../src/engine/ledger/domain/settings.ts'
import type { Settings, SettingsChange } from '../../../../src/engine/ledger/protocol/settings.ts'
import { checkedLimits, noLimits, type TaskLimits } from '../../../../src/engine/task/limits.ts'

const now = 1_900_000_000_000
const limits: TaskLimits = { concurrency: 3 }
const set = (more: Partial<Settings>): Settings => ({ ...noSettings, version: 5, ...more })

describe('a change', () => {
  test.each<[before: Partial<Settings>, change: SettingsChange, after: Partial<Settings>, because: string]>([
    [{}, { kind: 'pause' }, { paused: true }, 'without a task it is about everything'],
    [{}, { kind: 'drain' }, { draining: true }, 'so is a drain'],
    [{}, { kind: 'resume' }, {}, 'nothing was held'],
    [{ paused: true, draining: true }, { kind: 'resume' }, {}, 'a resume lets go of both'],
    [{}, { kind: 'pause', task: 'send' }, { tasks: { send: { paused: true } } }, 'with a task it is about that task'],
    [{}, { kind: 'drain', task: 'send' }, { tasks: { send: { draining: true } } }, 'so is a drain of it'],
    [
      { tasks: { send: { paused: true } } },
      { kind: 'drain', task: 'send' },
      { tasks: { send: { paused: true, draining: true } } },
      'one does not end the other',
    ],
    [
      { tasks: { send: { paused: true, draining: true, limits } } },
      { kind: 'resume', task: 'send' },
      { tasks: { send: { limits } } },
      'a resume says nothing of limits',
    ],
    [
      { tasks: { send: { paused: true }, draw: { paused: true } } },
      { kind: 'resume', task: 'send' },
      { tasks: { draw: { paused: true } } },
      'nor of other tasks, and one without settings is not kept',
    ],
    [
      { paused: true, tasks: { send: { paused: true } } },
      { kind: 'resume', task: 'send' },
      { paused: true },
      'everything is paused still',
    ],
    [
      { paused: true, tasks: { send: { paused: true, limits }, draw: { draining: true } } },
      { kind: 'resume' },
      { tasks: { send: { limits } } },
      'a resume of everything lets go of every task too',
    ],
    [
      { tasks: { send: { paused: true } } },
      { kind: 'limits', task: 'send', limits },
      { tasks: { send: { paused: true, limits } } },
      'limits say nothing of a pause',
    ],
    [
      { tasks: { send: { limits } } },
      { kind: 'limits', task: 'send', limits: { concurrency: 9 } },
      { tasks: { send: { limits: { concurrency: 9 } } } },
      'the newest limits hold alone',
    ],
    [
      { tasks: { send: { limits } } },
      { kind: 'limits', task: 'send', limits: undefined },
      {},
      "without limits the code's hold again",
    ],
    [
      {},
      { kind: 'pause', task: 'constructor' },
      { tasks: { constructor: { paused: true } } } as unknown as Partial<Settings>,
      'a task may be named as what every object has',
    ],
  ])('of %j by %j makes %j, because %s', (before, change, after) => {
    expect(changed(set(before), change, now)).toEqual({ ...noSettings, ...after, version: now })
  })

  test.each<[before: number, at: number, version: number, because: string]>([
    [0, now, now, 'it is of its moment'],
    [now, now, now + 1, 'two in a millisecond are two'],
    [now + 500, now, now + 501, 'a clock that steps back makes no older version'],
  ])('of version %i at %i is version %i, because %s', (version, at, expected) => {
    expect(changed(set({ version }), { kind: 'pause' }, at).version).toBe(expected)
  })

  test('leaves the settings it was made from as they are', () => {
    const before = set({ tasks: { send: { paused: true, limits } } })
    const text = JSON.stringify(before)
    const task = 'send'
    for (const change of [
      { kind: 'resume' },
      { kind: 'resume', task },
      { kind: 'limits', task, limits: undefined },
    ] as const)
      changed(before, change, now)
    expect(JSON.stringify(before)).toBe(text)
  })

  test('after any changes, what is held is what the newest of them about it say', () => {
    const anyTask = fc.constantFrom('send', 'draw')
    const anyChange: fc.Arbitrary<SettingsChange> = fc.record(
      { kind: fc.constantFrom('pause' as const, 'drain' as const, 'resume' as const), task: anyTask },
      { requiredKeys: ['kind'] },
    )
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 20 }), (changes) => {
        const after = changes.reduce<Settings>((settings, change) => changed(settings, change, now), noSettings)
        const holds = (kind: 'pause' | 'drain', about: string | undefined) => {
          const ends = (change: SettingsChange) =>
            change.kind === 'resume' && (change.task === undefined || change.task === about)
          const last = changes.findLastIndex(
            (change) => (change.kind === kind && change.task === about) || ends(change),
          )
          return last >= 0 && changes[last]?.kind === kind
        }
        for (const task of ['send', 'draw']) {
          expect(isPaused(after, task)).toBe(holds('pause', undefined) || holds('pause', task))
          expect(isDraining(after, task)).toBe(holds('drain', undefined) || holds('drain', task))
        }
        expect(after.version).toBe(changes.length === 0 ? 0 : now + changes.length - 1)
      }),
    )
  })
})

describe('the limits that hold now', () => {
  const declared: TaskLimits = {
    rateLimit: { limit: 5, per: '1s' },
    perPartition: { concurrency: 2 },
  }
  test.each<[setTo: TaskLimits | undefined, now: TaskLimits, because: string]>([
    [undefined, declared, 'nobody has set others'],
    [{}, declared, 'a kind that is not set is as the code says'],
    [
      { rateLimit: { limit: 1, per: '1m' } },
      { ...declared, rateLimit: { limit: 1, per: '1m' } },
      'a kind that is set is as it was set',
    ],
    [{ perPartition: { concurrency: 9 } }, { ...declared, perPartition: { concurrency: 9 } }, 'of partitions too'],
    [{ concurrency: 1 }, declared, 'a kind that is not declared is not held: its jobs are on many shards'],
    [{ perPartition: { rateLimit: { limit: 1, per: 1 } } }, declared, 'of partitions neither'],
  ])('set to %j are %j, because %s', (limitsSet, expected) => {
    const settings = set({ tasks: { send: limitsSet ? { limits: limitsSet } : {} } })
    expect(limitsNow(settings, 'send', checkedLimits(declared, 'send'))).toEqual(checkedLimits(expected, 'send'))
  })

  test.each(['draw', 'constructor'])('of a task that nobody has set anything for are those it declares: %s', (task) => {
    const flow = checkedLimits(declared, task)
    expect(limitsNow(set({ tasks: { send: { limits } } }), task, flow)).toBe(flow)
  })

  test('of a task without any are none, whatever was set', () => {
    expect(limitsNow(set({ tasks: { send: { limits } } }), 'send', undefined)).toBe(noLimits)
    expect(limitsNow(set({ tasks: { send: { limits } } }), 'send', noLimits)).toEqual(noLimits)
  })
})

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
    [{}, { kind: 'pause' }, { paused: true }, 'a change without a task concerns the whole deployment'],
    [{}, { kind: 'drain' }, { draining: true }, 'a drain without a task concerns the whole deployment too'],
    [{}, { kind: 'resume' }, {}, 'nothing was paused'],
    [{ paused: true, draining: true }, { kind: 'resume' }, {}, 'a resume ends a pause and a drain'],
    [
      {},
      { kind: 'pause', task: 'send' },
      { tasks: { send: { paused: true } } },
      'a change with a task concerns that task',
    ],
    [
      {},
      { kind: 'drain', task: 'send' },
      { tasks: { send: { draining: true } } },
      'a drain with a task concerns that task too',
    ],
    [
      { tasks: { send: { paused: true } } },
      { kind: 'drain', task: 'send' },
      { tasks: { send: { paused: true, draining: true } } },
      'a drain does not end a pause',
    ],
    [
      { tasks: { send: { paused: true, draining: true, limits } } },
      { kind: 'resume', task: 'send' },
      { tasks: { send: { limits } } },
      'a resume does not change limits',
    ],
    [
      { tasks: { send: { paused: true }, draw: { paused: true } } },
      { kind: 'resume', task: 'send' },
      { tasks: { draw: { paused: true } } },
      'a resume of one task does not change others, and a task without settings is dropped',
    ],
    [
      { paused: true, tasks: { send: { paused: true } } },
      { kind: 'resume', task: 'send' },
      { paused: true },
      'the whole deployment stays paused',
    ],
    [
      { paused: true, tasks: { send: { paused: true, limits }, draw: { draining: true } } },
      { kind: 'resume' },
      { tasks: { send: { limits } } },
      'a resume without a task resumes every task too',
    ],
    [
      { tasks: { send: { paused: true } } },
      { kind: 'limits', task: 'send', limits },
      { tasks: { send: { paused: true, limits } } },
      'a change of limits does not end a pause',
    ],
    [
      { tasks: { send: { limits } } },
      { kind: 'limits', task: 'send', limits: { concurrency: 9 } },
      { tasks: { send: { limits: { concurrency: 9 } } } },
      'the newest limits replace those before',
    ],
    [
      { tasks: { send: { limits } } },
      { kind: 'limits', task: 'send', limits: undefined },
      {},
      'a change without limits restores those of the code',
    ],
    [
      {},
      { kind: 'pause', task: 'constructor' },
      { tasks: { constructor: { paused: true } } } as unknown as Partial<Settings>,
      'a task may have the name of a property that every object has',
    ],
  ])('of %j by %j makes %j, because %s', (before, change, after) => {
    expect(changed(set(before), change, now)).toEqual({ ...noSettings, ...after, version: now })
  })

  test.each<[before: number, at: number, version: number, because: string]>([
    [0, now, now, 'a version is the time of its change'],
    [now, now, now + 1, 'two changes in one millisecond have different versions'],
    [now + 500, now, now + 501, 'a version grows even when the clock has stepped back'],
  ])('of version %i at %i makes version %i, because %s', (version, at, expected) => {
    expect(changed(set({ version }), { kind: 'pause' }, at).version).toBe(expected)
  })

  test('does not modify the settings that it is applied to', () => {
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

  test('that is the newest one about a task decides whether the task is paused or draining', () => {
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
    [undefined, declared, 'no other limits are set'],
    [{}, declared, 'a kind of limit that is not set is as the code declares it'],
    [
      { rateLimit: { limit: 1, per: '1m' } },
      { ...declared, rateLimit: { limit: 1, per: '1m' } },
      'a kind of limit that is set replaces the declared one',
    ],
    [
      { perPartition: { concurrency: 9 } },
      { ...declared, perPartition: { concurrency: 9 } },
      'a limit of partitions that is set replaces the declared one too',
    ],
    [
      { concurrency: 1 },
      declared,
      'a kind of limit that is not declared does not hold, for the jobs may be on many shards',
    ],
    [
      { perPartition: { rateLimit: { limit: 1, per: 1 } } },
      declared,
      'a limit of partitions that is not declared does not hold either',
    ],
  ])('set to %j are %j, because %s', (limitsSet, expected) => {
    const settings = set({ tasks: { send: limitsSet ? { limits: limitsSet } : {} } })
    expect(limitsNow(settings, 'send', checkedLimits(declared, 'send'))).toEqual(checkedLimits(expected, 'send'))
  })

  test.each(['draw', 'constructor'])('are the declared ones for the task %s, for which nothing is set', (task) => {
    const checked = checkedLimits(declared, task)
    expect(limitsNow(set({ tasks: { send: { limits } } }), task, checked)).toBe(checked)
  })

  test('are none for a task that declares none, whatever is set', () => {
    expect(limitsNow(set({ tasks: { send: { limits } } }), 'send', undefined)).toBe(noLimits)
    expect(limitsNow(set({ tasks: { send: { limits } } }), 'send', noLimits)).toEqual(noLimits)
  })
})
